# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of a model with fewer faces, one of which is shown in its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy

from ...files.export_options import LEAST_FACES, ExportRefused
from ...message import Message
from .. import tags
from ..animation.clips import rig_of
from ..bounds import bounds
from ..data_blocks import hide
from ..staging_scene import staging_scene
from ..transaction import temporary_data
from . import mesh_tools
from .copies import shown_parts

HEAVIER = tags.PREFIX + "heavier"
"""The custom property of a version: the root of the full model."""
_VERSION = tags.PREFIX + "version_"
"""How the custom properties of a full model begin that have the root of a version."""
_PART = tags.PREFIX + "part"
_LEVEL = tags.PREFIX + "level"
_ASIDE = tags.PREFIX + "aside"
"""The custom property of a version beside the full model: how far it was moved for that."""


def full_of(root: bpy.types.Object) -> bpy.types.Object:
    """Return the full model of a version; of any other model its own root."""
    full: bpy.types.Object | None = root.get(HEAVIER)
    return root if full is None else full


def versions_of(full: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Return the roots of the versions of a full model that are in a scene, by their words."""
    return {
        key.removeprefix(_VERSION): full[key]
        for key in full.keys()
        if key.startswith(_VERSION) and full[key] is not None and full[key].users_scene
    }


def add(full: bpy.types.Object, root: bpy.types.Object, word: str) -> None:
    """Make a root that of a version, which this word tells from others."""
    origin = tags.read(full)
    for key in [key for key in root.keys() if key.startswith(tags.PREFIX)]:
        del root[key]
    if origin is not None:
        tags.write(root, origin)
    root[HEAVIER] = full
    full[_VERSION + word] = root


def show(shown: bpy.types.Object, *, beside: bool = False) -> None:
    """Show a version, or the full model, and hide all others; `beside`: next to the full model."""
    full = full_of(shown)
    for root in (full, *versions_of(full).values()):
        hide(tags.hierarchy(root), is_hidden=root != shown and not (beside and root == full))
        root.location.x -= root.pop(_ASIDE, 0.0)
    if beside and shown != full and (corners := bounds(tags.hierarchy(full))) is not None:
        shown[_ASIDE] = 1.2 * (corners[1][0] - corners[0][0])
        shown.location.x += shown[_ASIDE]


def copied(
    root: bpy.types.Object, meshes: Mapping[str, Any], suffix: str
) -> dict[bpy.types.Object, bpy.types.Object]:
    """Return a copy of each object below a root, in the collection of the model.

    Meshes are replaced by those of their names; an object without one is left out.
    """
    collection = tags.result_collection(root) or root.users_collection[0]
    objects = [obj for obj in tags.hierarchy(root) if obj.type != "MESH" or obj.name in meshes]
    copies: dict[Any, Any] = {obj: obj.copy() for obj in objects}
    for obj, copy in copies.items():
        copy.name = f"{obj.name}{suffix}"
        copy.parent = copies.get(obj.parent, obj.parent)
        collection.objects.link(copy)
        if obj.type == "MESH":
            materials = obj.data.materials
            copy.data = meshes[obj.name]
            copy.data.name = copy.name
            for index, material in enumerate(list(materials)[: len(copy.data.materials)]):
                copy.data.materials[index] = material
            copy.modifiers.clear()  # its mesh was made with them
            bind(copy, copies.get(rig_of(obj)))
    return copies


def bind(obj: Any, rig: bpy.types.Object | None) -> None:
    """Let bones move a mesh that has weights."""
    if rig is not None:
        obj.modifiers.new("Armature", "ARMATURE").object = rig


# -- Levels of detail


def problem_of(faces: int) -> Message | None:
    """Return why a model of so many faces gets no levels of detail, or None."""
    if faces < 2 * LEAST_FACES:
        return Message("{count} faces are too few for more levels of detail.", count=faces)
    return None


def save_levels(root: bpy.types.Object, count: int, path: Path) -> None:
    """Save the meshes of levels of detail, each with half the faces, for `add_levels`.

    Nothing else changes.

    Raises:
        ExportRefused: The model has too few faces.
        OSError: The file cannot be written.
    """
    with temporary_data(), staging_scene() as scene:
        parts = [(source, mesh) for source, mesh in shown_parts(root) if mesh.polygons]
        faces = sum(mesh_tools.triangles(mesh) for _, mesh in parts)
        if (refused := problem_of(faces)) is not None:
            raise ExportRefused(refused)
        made: set[Any] = set()
        for source, full in parts:
            mesh_tools.weld(full)
            for level in range(1, count + 1):
                if faces >> level < LEAST_FACES:
                    break
                mesh: Any = mesh_tools.reduced(full, mesh_tools.triangles(full) >> level, scene)
                mesh[_PART] = source.name
                mesh[_LEVEL] = level
                for index in range(len(mesh.materials)):
                    mesh.materials[index] = None
                made.add(mesh)
        try:
            bpy.data.libraries.write(str(path), made, fake_user=True)
        except RuntimeError as error:
            raise OSError(str(error)) from error


def add_levels(path: Path, root: bpy.types.Object) -> list[bpy.types.Object]:
    """Add what `save_levels` has saved, hidden, where the model is; return the roots."""
    with bpy.data.libraries.load(str(path), link=False) as (available, wanted):
        wanted.meshes = list(available.meshes)
    levels: dict[int, dict[str, Any]] = {}
    for mesh in wanted.meshes:
        mesh.use_fake_user = False
        levels.setdefault(mesh.pop(_LEVEL), {})[mesh.pop(_PART)] = mesh
    made = []
    for level, meshes in sorted(levels.items()):
        copy = copied(root, meshes, f"_LOD{level}")[root]
        add(full_of(root), copy, f"LOD{level}")
        hide(tags.hierarchy(copy), is_hidden=True)
        made.append(copy)
    return made
