# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, check, measure and rewrite GLB files.

Knows no Blender and no network; `draco` needs the optional package DracoPy.
"""
