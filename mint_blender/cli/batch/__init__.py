# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `batch`: many prompts from one file, recorded in a ledger.

It reads the file, prices the lines, runs them through the job service, and keeps records and a
contact sheet. How a single job runs is the job service's business; the user interface is unknown
here.
"""
