# SPDX-License-Identifier: GPL-3.0-or-later
"""Find and create the objects of a World: its root, its parts, and the custom properties.

    root                 neutral: on the floor, no rotation, no scale
      calibration        Mint's turn, scale and height
        collider, splats
        capture point    upright again
          camera

Parts are found by custom properties, so that the user may rename and move the objects.
"""

from __future__ import annotations

from collections.abc import Mapping

import bpy
from mathutils import Matrix

from .. import tags
from . import calibration
from .calibration import PART
from .files import Part, WorldFiles

FLIPPED = tags.WORLD_MARK
COLLIDER_TURNED = "mint_collider_turned"
CAPTION = "mint_caption"
COLLIDER_DISPLAY = "mint_collider"
"""How the user chose to show the collider; not set if it depends on the other parts."""
IMAGE, WORLD = "mint_panorama_image", "mint_panorama_world"


LINK = "mint_link_"
"""Prefix of the custom properties with URLs on a World's root."""


def links(root: bpy.types.Object) -> frozenset[str]:
    """Return the names of the URLs that a World's root keeps."""
    return frozenset(key.removeprefix(LINK) for key in root.keys() if key.startswith(LINK))


def is_root(candidate: bpy.types.Object) -> bool:
    """Return whether an object is the root of a World."""
    return candidate.get(FLIPPED) is not None


def root_of(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the root of the World that an object belongs to, or None.

    A model that the user has parented to a World is no part of it.
    """
    root = tags.root_of(obj)
    return root if root is not None and is_root(root) else None


def has_part(root: bpy.types.Object, part: Part) -> bool:
    """Return whether a part of the World is in the scene; the panorama is an image."""
    return root.get(IMAGE) is not None if part == "PANORAMA" else bool(parts_of(root, part.lower()))


def parts_of(root: bpy.types.Object, part: str) -> list[bpy.types.Object]:
    """Return the objects under a root that are a part of it.

    `part` is one of `collider`, `splats`, `capture_point`, `camera` and `calibration`.
    """
    return [obj for obj in root.children_recursive if obj.get(PART) == part]


def upright(root: bpy.types.Object) -> Matrix:
    """Return the world matrix of the capture point (Y forward, Z up), even if it was deleted."""
    for point in parts_of(root, "capture_point"):
        return point.matrix_world.copy()
    return (
        calibration.of(root).matrix_world
        @ calibration.upright_rotation(bool(root.get(FLIPPED))).to_matrix().to_4x4()
    )


def eye_height(root: bpy.types.Object) -> float:
    """Return the height of the capture point above the floor, in scene units; above 0."""
    return float(max((upright(root).translation - root.matrix_world.translation).z, 1e-3))


def create_root(name: str, collection: bpy.types.Collection, parts: WorldFiles) -> bpy.types.Object:
    """Create the root of a World, an empty with the caption and the URLs."""
    root = bpy.data.objects.new(name, None)
    collection.objects.link(root)
    links = {LINK + key: url for key, url in parts.links.items()}
    set_properties(root, {CAPTION: parts.caption, **links})
    return root


def set_properties(root: bpy.types.Object, properties: Mapping[str, object]) -> None:
    """Set custom properties; those with the value None are removed."""
    for key, value in properties.items():
        if value is None:
            root.pop(key, None)
        else:
            root[key] = value


def ensure_capture_point(root: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object:
    """Return the capture point; a new one if it was deleted."""
    for point in parts_of(root, "capture_point"):
        return point
    collection = collection_of(root, scene)
    flipped = bool(root.get(FLIPPED))
    holder = calibration.ensure(root, collection, flipped=flipped)
    return calibration.add_capture_point(holder, root.name, collection, flipped=flipped)


def remove_objects(objects: list[bpy.types.Object]) -> None:
    """Remove objects, and their data where nothing else uses it."""
    data = {obj.data for obj in objects if obj.data is not None and obj.data.users == 1}
    bpy.data.batch_remove([*objects, *data])


def collection_of(root: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Collection:
    """Return the collection of a root: its first one, else that of the scene."""
    return root.users_collection[0] if root.users_collection else scene.collection
