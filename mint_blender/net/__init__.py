# SPDX-License-Identifier: GPL-3.0-or-later
"""What every connection of ours has, to Mint and to its file host: a total deadline, and a way to
be stopped.
"""
