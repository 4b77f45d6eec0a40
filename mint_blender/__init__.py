# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint for Blender: from a prompt to a 3D Model or a World in the scene.

Imports neither `bpy` nor `requests` at the top: the lower rooms can be used and tested without Blender,
and enabling the add-on adds nothing to Blender's start.
"""
