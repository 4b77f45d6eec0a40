# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the pages in `docs/`: what they say is true."""
