# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of files on disk: downloads, and what a file says about itself."""
