# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, check and repair GLB files. Knows nothing of Blender."""
