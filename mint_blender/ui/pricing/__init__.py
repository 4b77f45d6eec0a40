# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices in dialogs and on buttons, and the dialog above a limit."""
