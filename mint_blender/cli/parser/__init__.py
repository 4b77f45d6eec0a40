# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument parser: every command, its options, and its help.

Knows the words of Mint's API and the exit statuses. It must not know the commands.
"""
