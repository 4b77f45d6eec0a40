# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of `scripts/`: the development commands, packages and releases."""
