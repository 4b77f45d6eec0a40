# SPDX-License-Identifier: GPL-3.0-or-later
"""Clean up an imported model: remove empties, rename objects, apply transforms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

CLOSE = 1e-5


def collapse_empties(objects: list[bpy.types.Object]) -> list[bpy.types.Object]:
    """Remove superfluous empties of the importer; return the remaining objects.

    The children of the empties keep their world transform.
    """
    kept = list(objects)
    for empty in [obj for obj in objects if _is_superfluous(obj, objects)]:
        children = [child for child in kept if child.parent == empty]
        local = {child: _local(empty) @ _local(child) for child in children}
        if not all(_is_plain(matrix) for matrix in local.values()):
            continue  # a sheared matrix cannot be kept on one object
        if not _is_identity(empty) and any(has_object_animation(child) for child in children):
            # the animation of a child is relative to this empty and would overwrite the transform
            # that the child gets instead
            continue
        parent = empty.parent
        parent_type = empty.parent_type
        bone = empty.parent_bone
        for child in children:
            child.parent = parent
            child.parent_type = parent_type
            child.parent_bone = bone
            child.matrix_parent_inverse = Matrix.Identity(4)
            child.matrix_basis = local[child]
        kept.remove(empty)
        bpy.data.objects.remove(empty)
    return kept


def transform_in_parent(obj: bpy.types.Object, matrix: Matrix) -> None:
    """Transform an object within its parent.

    If it is animated, its parent inverse is changed instead, so that the animation moves along.
    """
    if has_object_animation(obj):
        obj.matrix_parent_inverse = matrix @ obj.matrix_parent_inverse
    else:
        obj.matrix_basis = matrix @ obj.matrix_basis


def has_object_animation(obj: bpy.types.Object) -> bool:
    """Return whether the object itself is animated, not only the bones of an armature."""
    return any(
        not curve.data_path.startswith("pose.bones")
        for action in actions(obj)
        for curve in curves(action)
    )


def actions(obj: bpy.types.Object) -> set[Any]:
    """Return the actions that animate an object: the active one and those in NLA tracks."""
    data = obj.animation_data
    if data is None:
        return set()
    strips = [strip for track in data.nla_tracks for strip in track.strips]
    return {data.action, *(strip.action for strip in strips)} - {None}


def curves(action: Any) -> Iterator[Any]:
    """Yield the F-curves of an action; since 5.0 they are in the channel bags of its slots."""
    if hasattr(action, "fcurves"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves


def only_plain_mesh(objects: Iterable[bpy.types.Object]) -> bpy.types.Object | None:
    """Return the object of a model that is one plain mesh and can be its own root, or None."""
    objects = list(objects)
    if len(objects) != 1 or objects[0].type != "MESH":
        return None
    only = objects[0]
    plain = (
        only.parent is None
        and not only.modifiers
        and not only.constraints
        and only.animation_data is None
    )
    return only if plain and only.data.users == 1 and only.data.shape_keys is None else None


def apply_transform(mesh_object: bpy.types.Object, origin: Vector) -> bool:
    """Apply an object's transform to its mesh and move its origin to `origin` (world space).

    Returns False, without a change, for a transform that mirrors the mesh or distorts its
    custom normals.
    """
    matrix = mesh_object.matrix_basis
    if matrix.is_negative or not _is_uniform(matrix):
        return False
    mesh_object.data.transform(Matrix.Translation((-origin.x, -origin.y, -origin.z)) @ matrix)
    mesh_object.matrix_basis = Matrix.Translation((origin.x, origin.y, origin.z))
    mesh_object.rotation_mode = "XYZ"
    return True


def rename_after(
    title: str,
    root: bpy.types.Object,
    objects: Iterable[bpy.types.Object],
    blocks: Iterable[bpy.types.ID],
) -> None:
    """Rename the root, its parts and their data-blocks after the model."""
    root.name = title
    parts = [obj for obj in objects if obj != root]
    for part in parts:
        part.name = _part_name(title, part.name)
    blocks = list(blocks)
    for kind in {type(block) for block in blocks}:
        same = [block for block in blocks if type(block) is kind]
        for block in same:
            block.name = title if len(same) == 1 else _part_name(title, block.name)


def plain_name(name: str) -> str:
    """Return a name without Blender's number suffix (`.001`)."""
    return re.sub(r"\.\d{3,}$", "", name).strip()


def _part_name(title: str, original: str) -> str:
    plain = plain_name(original)
    rest = plain[len(title) :] if plain.lower().startswith(title.lower()) else f" {plain}"
    return title + rest


def _is_superfluous(obj: bpy.types.Object, objects: list[bpy.types.Object]) -> bool:
    """Return whether an empty has no animation, properties, constraints or users."""
    if (
        obj.type != "EMPTY"
        or obj.animation_data is not None
        or obj.constraints
        or obj.keys()
        or obj.instance_collection
    ):
        return False
    if any(child.parent_type != "OBJECT" for child in obj.children):
        return False
    return not any(
        getattr(modifier, "object", None) == obj
        for other in objects
        for modifier in other.modifiers
    )


def _local(obj: bpy.types.Object) -> Matrix:
    return obj.matrix_parent_inverse @ obj.matrix_basis


def _is_identity(empty: bpy.types.Object) -> bool:
    """Return whether an empty does not move its children."""
    return bool(np.abs(np.array(_local(empty)) - np.eye(4)).max() <= CLOSE)


def _is_plain(matrix: Matrix) -> bool:
    """Return whether location, rotation and scale describe a matrix completely."""
    parts: Any = matrix.decompose()
    whole = np.array(matrix)
    again = np.array(Matrix.LocRotScale(*parts))
    return bool(np.abs(whole - again).max() <= CLOSE * max(1.0, np.abs(whole).max()))


def _is_uniform(matrix: Matrix) -> bool:
    x, y, z = matrix.to_scale()
    return max(x, y, z) - min(x, y, z) <= CLOSE * max(x, y, z) and _is_plain(matrix)
