# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of `scripts/dev.py`: standard library only, since they run before anything is
installed.
"""
