# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools about results: place them, list the library, check reference images, transform models.

Knows no `bpy`: a background Blender writes files, and a running Blender places what the journal
sends to it.
"""
