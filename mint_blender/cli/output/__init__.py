# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands print: text for people, JSON objects for programs.

It knows jobs and their states. It must not know the commands.
"""
