# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: each is one request of the user, from the click to the scene.

The only room with threads. Knows no Blender.
"""
