# SPDX-License-Identifier: GPL-3.0-or-later
"""The section *Jobs*: cards, their operators, and automatic import of finished jobs."""
