# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs in one Blender with a window: what it holds must not grow with their number.

`python3 -m tests.endurance --jobs 1000` is the long form.
"""
