# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job does from start to finish, as pure generators that yield effects.

Knows no clock, thread, socket or disk.
"""
