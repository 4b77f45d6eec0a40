# SPDX-License-Identifier: GPL-3.0-or-later
"""A 3D Model in the scene: one root with the model's name, standing on the floor, everything else
under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from ...files import placement
from ...message import Message
from .. import tags
from ..bounds import bounds
from ..gltf_import import SceneImportError, import_glb
from ..transaction import DataSnapshot
from ..update import fingerprint, match_parts
from . import cleanup

NAMED_AFTER_IT = (
    bpy.types.Mesh,
    bpy.types.Material,
    bpy.types.Image,
    bpy.types.Armature,
    bpy.types.Action,
)


@dataclass(frozen=True)
class BuiltModel:
    """A model as it was built; the objects are good until the next undo."""

    root: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]
    notes: tuple[str, ...] = ()


def build_model(
    path: Path,
    *,
    name: str,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
    at: tuple[float, float, float],
    height: float | None = None,
    properties: Mapping[str, str | float] | None = None,
    checked: bool = True,
) -> BuiltModel:
    """Import a GLB into `collection`, bottom center at `at`, as delivered or `height` scene units
    high. It faces -Y as glTF says.

    A model of one plain mesh is its own root; any other gets an empty as root. Either way the
    root's origin is the point on the floor, so that moving, turning and scaling it does what one
    expects. `checked`: as in `import_glb`.

    Raises:
        SceneImportError: The caller removes what was begun.
    """
    before = DataSnapshot()
    objects = cleanup.collapse_empties(import_glb(path, collection, scene=scene, checked=checked))
    extent = bounds(objects)
    if extent is None:
        raise SceneImportError(
            Message(
                "“{name}” has no surface: not one vertex arrived. The file is kept; nothing"
                " was imported.",
                name=path.name,
            )
        )
    try:
        scale = placement.place_on_floor(*extent, at, height=height).scale
    except ValueError as error:
        raise SceneImportError(
            Message(
                "The model cannot be placed like that: {reason}. Nothing was imported.",
                reason=error,
            )
        ) from error
    (left, front, bottom), (right, back, _) = extent
    root = _root(objects, collection, foot=((left + right) / 2, (front + back) / 2, bottom))
    root.location = at
    root.scale = [value * scale for value in root.scale]
    parts = [each for each in objects if each != root]
    _name_and_mark(
        name, root, parts, [each for each in before.new() if isinstance(each, NAMED_AFTER_IT)]
    )
    if height is not None:
        root[tags.PREFIX + "height"] = height
    for key, value in (properties or {}).items():
        root[key] = value
    return BuiltModel(root, (root, *parts))


def _name_and_mark(
    name: str, root: bpy.types.Object, parts: list[bpy.types.Object], made: list[bpy.types.ID]
) -> None:
    """Everything is named after the model, and knows what a later version will ask: where it came
    from, and whether it was changed.
    """
    for part in parts:
        # as the file has it: a part that comes again is known by it
        part[match_parts.NODE] = part.name
    cleanup.rename_after(name, root, parts, made)
    tags.mark([root, *parts, *made])
    fingerprint.store([*parts, *made])
    for part in parts:
        if part.type == "ARMATURE":
            fingerprint.store_pose(part)


def _root(
    objects: list[bpy.types.Object],
    collection: bpy.types.Collection,
    foot: tuple[float, float, float],
) -> bpy.types.Object:
    """The object that carries the whole model, its origin at `foot`; nothing has moved yet."""
    only = cleanup.only_plain_mesh(objects)
    if only is not None and cleanup.apply_transform(only, Vector(foot)):
        return only
    root = bpy.data.objects.new("Mint", None)
    root.empty_display_size = 0.25
    collection.objects.link(root)
    root.location = foot
    for each in objects:
        if each.parent is None:
            each.parent = root
            each.matrix_parent_inverse = Matrix.Identity(4)
            cleanup.transform_in_parent(each, Matrix.Translation([-value for value in foot]))
    return root
