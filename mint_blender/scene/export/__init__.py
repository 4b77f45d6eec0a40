# SPDX-License-Identifier: GPL-3.0-or-later
"""Write .blend files, GLBs and pictures out of Blender."""
