# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the set-up, and the report for support.

Nothing here writes a file, sends a request, or shows the API key or a prompt.
"""
