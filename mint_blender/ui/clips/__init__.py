# SPDX-License-Identifier: GPL-3.0-or-later
"""The clips of the selected character: which one plays, and how."""
