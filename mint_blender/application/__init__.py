# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs share that use jobs: the command line, Python, and the tools for agents.

They open a job service, start, follow and decide. Nothing here prints, or knows a terminal.
`batch` has what is known of the lines of a batch.
"""
