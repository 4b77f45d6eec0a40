# SPDX-License-Identifier: GPL-3.0-or-later
"""The empty between a World's root and its parts: Mint's turn, scale and height.

It keeps the root neutral: without rotation and scale, its origin on the floor. So clearing the
root's rotation or scale does no harm. The transform of the empty is locked against Blender's tools,
and what it needs to be made again is stored on the root.

Worlds from files of earlier versions have no such empty: there the root itself has the transform.
"""

from __future__ import annotations

import bpy

from . import capture_point
from .capture_point import PART

NAME = "calibration"
"""The value of `PART` for the empty."""
SCALE, HEIGHT = "mint_calibration_scale", "mint_calibration_height"
"""Custom properties of the root and of the empty: Mint's scale and eye height, in scene units."""


def of(root: bpy.types.Object) -> bpy.types.Object:
    """Return the object that turns and scales a World's parts: the empty, or an earlier root."""
    return next((each for each in root.children if each.get(PART) == NAME), root)


def ensure(
    root: bpy.types.Object, collection: bpy.types.Collection, *, flipped: bool
) -> bpy.types.Object:
    """Return the object that turns and scales a World's parts; a new one if it was deleted."""
    found = of(root)
    if found != root or root.get(SCALE) is None:
        return found
    return add(root, root[SCALE], root[HEIGHT], collection, flipped=flipped)


def add(
    root: bpy.types.Object,
    scale: float,
    height: float,
    collection: bpy.types.Collection,
    *,
    flipped: bool,
) -> bpy.types.Object:
    """Add the empty below a root, with a scale and a height in scene units."""
    made = bpy.data.objects.new(f"{root.name} Calibration", None)
    made[PART] = NAME
    for each in (root, made):
        each[SCALE], each[HEIGHT] = scale, height
    made.empty_display_size = 0.05
    made.lock_location = made.lock_rotation = made.lock_scale = (True, True, True)
    collection.objects.link(made)
    made.parent = root
    made.location, made.rotation_euler, made.scale = (
        (0.0, 0.0, height),
        capture_point.upright_rotation(flipped),
        (scale,) * 3,
    )
    return made


def scale_of(holder: bpy.types.Object) -> float:
    """Return how large a World is: 1 is the size that Mint gave it.

    An earlier root has not stored that size, so there it is the root's own scale.
    """
    return float(holder.scale[0] / holder.get(SCALE, 1.0))


def set_scale(holder: bpy.types.Object, value: float) -> None:
    """Scale a World evenly; its floor stays at the origin of the root."""
    before = scale_of(holder)
    holder.scale = (value * holder.get(SCALE, 1.0),) * 3
    if holder.get(SCALE) is not None and before:
        holder.location *= value / before
