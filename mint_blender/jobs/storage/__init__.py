# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep jobs on disk: the SQLite journal, its locks, and who owns what. Knows no network."""
