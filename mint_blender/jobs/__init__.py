# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked for and how far it is: one job is one wish of the user, from the click to the
scene. The only room with threads.
"""
