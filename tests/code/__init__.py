# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the source itself: imports, drawing, texts, and what the pages say about the code."""
