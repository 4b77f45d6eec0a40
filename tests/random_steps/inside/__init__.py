# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs inside Blender: the steps, and the checks after each of them.

These modules import nothing of the other test packages, since Blender has its own Python.
"""
