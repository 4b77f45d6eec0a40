# SPDX-License-Identifier: GPL-3.0-or-later
"""Add the capture point of a World, an upright empty beside its parts, and a camera there.

However the parts are rotated, the capture point has X to the right, Y forward (where Mint's viewer
looks) and Z up. Panorama and camera depend on it.
"""

from __future__ import annotations

import math

import bpy
from mathutils import Euler

LENS = 24.0
"""Focal length of the start camera in mm: 74 degrees, wide without bending a room."""
PART = "mint_part"
"""The custom property that says which part of a World an object is."""


def upright_rotation(flipped: bool) -> Euler:
    """Return the rotation that brings a World's files upright, facing +Y.

    Files are Y down (`flipped`): a half turn about Y. Files that were corrected by a half turn
    about X still need a half turn about Z. Each is its own inverse.
    """
    return Euler((0, math.pi, 0) if flipped else (0, 0, math.pi))


def add(
    parent: bpy.types.Object, name: str, collection: bpy.types.Collection, *, flipped: bool
) -> bpy.types.Object:
    """Add the capture point at the origin of the object that turns the World's files."""
    point = bpy.data.objects.new(f"{name} Capture Point", None)
    point.empty_display_type = "ARROWS"
    point.empty_display_size = 0.2
    point[PART] = "capture_point"
    collection.objects.link(point)
    point.parent = parent
    point.rotation_euler = upright_rotation(flipped)
    # cleared together with everything else, it would turn the panorama over
    point.lock_rotation = point.lock_scale = (True, True, True)
    return point


def add_camera(
    point: bpy.types.Object, name: str, collection: bpy.types.Collection, meters_per_unit: float = 1
) -> bpy.types.Object:
    """Add a camera with a wide lens at the capture point."""
    data = bpy.data.cameras.new(f"{name} Camera")
    data.lens = LENS
    data.clip_start, data.clip_end = 0.01 / meters_per_unit, 1000 / meters_per_unit
    camera = bpy.data.objects.new(data.name, data)
    camera[PART] = "camera"
    collection.objects.link(camera)
    camera.parent = point
    camera.rotation_euler = (math.pi / 2, 0, 0)  # a camera looks along its -Z; this makes it +Y
    return camera
