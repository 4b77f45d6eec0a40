# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `batch`: many prompts from one file, recorded in a ledger.

`command` checks the arguments and `runner` runs the lines with the job service. The other modules
write what is finished, hand lines to farms, and write a contact sheet. Knows no user interface.
"""
