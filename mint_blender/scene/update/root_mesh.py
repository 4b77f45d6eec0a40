# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose the mesh data of a root: the only mesh of a new version, all joined, or an empty mesh."""

from __future__ import annotations

from typing import Any

import bpy
from mathutils import Matrix

from ...message import Message
from .. import tags
from ..notes import note
from ..staging_scene import staging_scene
from . import animation, fingerprint, transfer
from .backup import EARLIER


def can_be_joined(objects: list[bpy.types.Object]) -> bool:
    """Return whether the objects are plain meshes and empties without animation."""
    meshes = [each for each in objects if each.type == "MESH"]
    is_static = all(
        each.type in ("MESH", "EMPTY") and each.animation_data is None for each in objects
    )
    return is_static and not any(each.modifiers or each.data.shape_keys for each in meshes)


def joined(objects: list[bpy.types.Object]) -> bpy.types.Object:
    """Return one mesh object of all parts, at the origin; joined in a staging scene."""
    meshes = [each for each in objects if each.type == "MESH"]
    with staging_scene(objects) as scene:
        view_layer = scene.view_layers[0]
        view_layer.update()
        for each in meshes:
            if each.data.users > 1:
                each.data = each.data.copy()
            world = each.matrix_world.copy()
            each.parent = None
            each.matrix_basis = Matrix.Identity(4)
            fingerprint.forget(each.data)
            each.data.transform(world)
            if world.is_negative:
                each.data.flip_normals()
        view_layer.update()
        first = meshes[0]
        with bpy.context.temp_override(
            scene=scene,
            view_layer=view_layer,
            active_object=first,
            object=first,
            selected_objects=meshes,
            selected_editable_objects=meshes,
        ):
            bpy.ops.object.join()
        return first


def mesh_for_root(
    new: list[bpy.types.Object], new_root: bpy.types.Object
) -> bpy.types.Object | None:
    """Return the only mesh, transformed for a root that is a mesh, or None."""
    meshes = [each for each in new if each.type == "MESH"]
    if len(meshes) != 1:
        return None
    matrix, above = Matrix.Identity(4), meshes[0]
    while above is not None and above != new_root:
        if animation.has_object_animation(above) or above.parent_type != "OBJECT":
            return None
        matrix, above = (
            above.matrix_parent_inverse @ above.matrix_basis @ matrix if above.parent else matrix,
            above.parent,
        )
    mesh: Any = meshes[0].data
    if matrix != Matrix.Identity(4):
        fingerprint.forget(mesh)
        mesh.transform(matrix, shape_keys=True)
    if matrix.is_negative:
        mesh.flip_normals()
    return meshes[0]


def empty_root_mesh(root: bpy.types.Object) -> list[Message]:
    """Give the root a mesh without vertices, which keeps its material slots; return notes."""
    before, mesh = transfer.EarlierData(root, ()), bpy.data.meshes.new(root.name)
    earlier_mesh: Any = root.data
    name = earlier_mesh.name
    tags.mark([mesh])
    root.data = mesh
    before.apply()
    earlier_mesh.user_remap(mesh)
    earlier_mesh.name = f"{name}{EARLIER}"
    mesh.name = name
    return [note("modifiers_without_effect", name=root.name)] if root.modifiers else []
