# SPDX-License-Identifier: GPL-3.0-or-later
"""Move parts of a World that a background Blender has built below the root of another World."""

from __future__ import annotations

import math
from collections.abc import Collection

import bpy
from mathutils import Matrix

from ..transaction import DataSnapshot
from . import calibration
from .files import Part
from .panorama import COLOR
from .world_objects import (
    COLLIDER_TURNED,
    FLIPPED,
    IMAGE,
    WORLD,
    collection_of,
    ensure_capture_point,
    parts_of,
    remove_objects,
    set_properties,
)


def move(
    prepared: bpy.types.Object,
    root: bpy.types.Object,
    parts: Collection[Part],
    scene: bpy.types.Scene,
) -> list[bpy.types.Object]:
    """Move parts of the World `prepared` below `root`.

    Returns:
        The colliders that have the colors of the panorama already.
    """
    point = ensure_capture_point(root, scene)
    is_in_place = False
    for own in parts_of(prepared, "capture_point"):
        is_in_place = own.matrix_basis == point.matrix_basis
        remove_objects(parts_of(prepared, "camera"))  # below it
        own.user_remap(point)
    if "PANORAMA" in parts:
        set_properties(root, {IMAGE: prepared[IMAGE], WORLD: prepared[WORLD]})
    if "SPLATS" in parts:
        _move_objects(parts_of(prepared, "splats"), prepared, root, scene)
    if "COLLIDER" not in parts:
        return []
    colliders = parts_of(prepared, "collider")
    _turn_like_files(colliders, prepared, root)
    _move_objects(colliders, prepared, root, scene)
    return [
        each
        for each in colliders
        if "PANORAMA" in parts
        and is_in_place
        and each.type == "MESH"
        and COLOR in each.data.attributes
    ]


def remove_rest(
    prepared: bpy.types.Object, staging: bpy.types.Collection, before: DataSnapshot
) -> None:
    """Remove what was not moved: the root, other parts, and new data-blocks without users."""
    remove_objects([prepared, *prepared.children_recursive])
    bpy.data.batch_remove([staging])
    while unused := [each for each in before.new() if not each.users]:
        bpy.data.batch_remove(unused)


def _turn_like_files(
    colliders: list[bpy.types.Object], prepared: bpy.types.Object, root: bpy.types.Object
) -> None:
    """Turn a collider that is already upright only below a root that turns its files."""
    is_turned = bool(prepared[COLLIDER_TURNED])
    if is_turned and not root.get(FLIPPED):
        is_turned = False
        for each in colliders:
            if each.parent == calibration.of(prepared):
                each.matrix_basis = Matrix.Rotation(math.pi, 4, "X") @ each.matrix_basis
    root[COLLIDER_TURNED] = is_turned


def _move_objects(
    objects: list[bpy.types.Object],
    prepared: bpy.types.Object,
    root: bpy.types.Object,
    scene: bpy.types.Scene,
) -> None:
    collection = collection_of(root, scene)
    before = calibration.of(prepared)
    after = calibration.ensure(root, collection, flipped=bool(root.get(FLIPPED)))
    for each in objects:
        for holder in each.users_collection:
            holder.objects.unlink(each)
        collection.objects.link(each)
        if each.parent == before:
            each.parent = after
