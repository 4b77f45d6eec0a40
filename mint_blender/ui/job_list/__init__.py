# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of jobs: rows, their menus and operators, and automatic import of finished jobs."""
