# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `batch`: many prompts from one file, with a ledger that any machine can continue."""
