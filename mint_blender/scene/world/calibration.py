# SPDX-License-Identifier: GPL-3.0-or-later
"""The empties of a World: one between its root and its parts, and the capture point.

The first one has Mint's turn, scale and height, and keeps the root neutral: without rotation and
scale, its origin on the floor. So clearing the root's rotation or scale does no harm. The transform
of the empty is locked against Blender's tools, and what it needs to be made again is stored on the
root.
"""

from __future__ import annotations

import math

import bpy
from mathutils import Euler, Matrix, Vector

from ..tags import WORLD_MARK

LENS = 16.0
"""Focal length of the start camera in mm: 97 degrees, so that a room is seen as in its Preview."""
PART = "mint_part"
"""The custom property that says which part of a World an object is."""
NAME = "calibration"
"""The value of `PART` for the empty."""
_ROUNDING = 1e-4
SCALE, HEIGHT = "mint_calibration_scale", "mint_calibration_height"
"""Custom properties of the root and of the empty: Mint's scale and eye height, in scene units."""


def upright_rotation(flipped: bool) -> Euler:
    """Return the rotation that brings a World's files upright, facing +Y.

    Files are Y down (`flipped`): a half turn about Y. Files that were corrected by a half turn
    about X still need a half turn about Z. Each is its own inverse.
    """
    return Euler((0, math.pi, 0) if flipped else (0, 0, math.pi))


def of(root: bpy.types.Object) -> bpy.types.Object:
    """Return the empty that turns and scales a World's parts; the root if it was deleted."""
    return next((child for child in root.children if child.get(PART) == NAME), root)


def ensure(
    root: bpy.types.Object, collection: bpy.types.Collection, *, flipped: bool
) -> bpy.types.Object:
    """Return the empty that turns and scales a World's parts; a new one if it was deleted."""
    empty = of(root)
    if empty != root:
        return empty
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
    for obj in (root, made):
        obj[SCALE] = scale
        obj[HEIGHT] = height
    made.empty_display_size = 0.05
    made.lock_location = made.lock_rotation = made.lock_scale = (True, True, True)
    collection.objects.link(made)
    made.parent = root
    made.location = (0.0, 0.0, height)
    made.scale = (scale,) * 3
    made.rotation_euler = upright_rotation(flipped)
    return made


def add_capture_point(
    parent: bpy.types.Object, name: str, collection: bpy.types.Collection, *, flipped: bool
) -> bpy.types.Object:
    """Add the capture point at the origin of the object that turns the World's files.

    It is an upright empty. However the parts are rotated, it has X to the right, Y forward (where
    Mint's viewer looks) and Z up. Panorama and camera depend on it.
    """
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
    data.clip_start = 0.01 / meters_per_unit
    data.clip_end = 1000 / meters_per_unit
    camera = bpy.data.objects.new(data.name, data)
    camera[PART] = "camera"
    collection.objects.link(camera)
    camera.parent = point
    camera.rotation_euler = (math.pi / 2, 0, 0)  # a camera looks along its -Z; this makes it +Y
    return camera


def scale_of(holder: bpy.types.Object) -> float:
    """Return how large a World is: 1 is the size that Mint gave it."""
    return float(holder.scale[0] / holder.get(SCALE, 1.0))  # every object has the property


def set_scale(holder: bpy.types.Object, value: float) -> None:
    """Scale a World evenly; its floor stays at the origin of the root."""
    before = scale_of(holder)
    if holder.get(PART) == NAME:
        _set_local(holder, _local(holder))  # Apply Scale on the root moves the origin of this
    holder.scale = (value * holder.get(SCALE, 1.0),) * 3
    if holder.get(SCALE) is not None and before:
        holder.location *= value / before


def is_changed(holder: bpy.types.Object, point: bpy.types.Object | None) -> bool:
    """Return whether the empty has another transform than a World's parts need.

    Blender's Apply Scale and Apply Rotation ignore locks. They clear the transform of the empty and
    give it to its children. So the World looks the same, but its scale is wrong, and so are parts
    that are added later.

    Args:
        holder: The empty; its root, if it was deleted, is never changed.
        point: The capture point, which shows what was applied; None if it was deleted.
    """
    if holder.get(PART) != NAME:
        return False
    if _differ(_local(holder), _matrix(holder, scale_of(holder))):
        return True
    if point is None or point.parent != holder:
        return False
    return abs(_local(point).median_scale - 1.0) > _ROUNDING


def restore(holder: bpy.types.Object, point: bpy.types.Object | None) -> None:
    """Give the empty the transform that the parts need; what is below it stays where it is."""
    before = _local(holder)
    after = _matrix(holder, _scale_shown(holder, point))
    _set_local(holder, after)
    holder.rotation_euler = _rotation(holder)  # the same rotation without rounding
    for child in holder.children:
        _set_local(child, after.inverted() @ before @ _local(child))


def _scale_shown(holder: bpy.types.Object, point: bpy.types.Object | None) -> float:
    """Return how large the World looks: 1 is the size that Mint gave it.

    The height of the capture point tells, whatever was applied, unless the user moved it.
    """
    if point is None or point.parent != holder:
        return scale_of(holder)
    matrix = _local(holder) @ _local(point)
    height = matrix.translation.z
    if holder[HEIGHT] > 0.0 and height > 0.0:
        return float(height / holder[HEIGHT])
    return float(matrix.median_scale / holder[SCALE])


def _matrix(holder: bpy.types.Object, scale: float) -> Matrix:
    """Return the transform below the root that fits a scale."""
    return Matrix.LocRotScale(
        Vector((0.0, 0.0, holder[HEIGHT] * scale)),
        _rotation(holder),
        Vector((scale * holder[SCALE],) * 3),
    )


def _rotation(holder: bpy.types.Object) -> Euler:
    root = holder.parent
    return upright_rotation(root is None or bool(root.get(WORLD_MARK)))


def _local(obj: bpy.types.Object) -> Matrix:
    """Return the transform of an object below its parent."""
    return obj.matrix_parent_inverse @ obj.matrix_basis


def _set_local(obj: bpy.types.Object, matrix: Matrix) -> None:
    obj.matrix_parent_inverse = Matrix()
    obj.matrix_basis = matrix


def _differ(one: Matrix, other: Matrix) -> bool:
    """Return whether two transforms differ by more than rounding."""
    size = max(abs(other[row][column]) for row in range(4) for column in range(4))
    gap = one - other
    return any(abs(gap[row][column]) > _ROUNDING * size for row in range(4) for column in range(4))
