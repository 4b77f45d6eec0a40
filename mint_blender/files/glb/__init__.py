# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, check, measure and rewrite GLB files.

Does not use Blender or the network.
"""
