# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what occupies the spot where a result is placed.

Bounding boxes decide: they are fast, and to a viewer the space inside them is taken. Something
large around the spot, such as a floor, a terrain or a room, occupies it only where it is solid.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import bpy
from mathutils import Matrix, Vector

from .. import tags
from ..bounds import visible_view_layers, world_matrix
from ..world import world_objects

_SOLID = {"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"}
"""Types of objects that can be seen; empties, lights and cameras occupy nothing."""

_AROUND = 4.0
"""How many times as wide and deep as a result something is that the result may stand in or on."""

_SUNK = 0.05
"""How deep a result may stand in the floor without overlapping it, as a share of its height."""


@dataclass(frozen=True)
class Footprint:
    """The space that a result covers, in scene units: its bounding box in world space."""

    left: float
    right: float
    front: float
    back: float
    bottom: float = -math.inf
    top: float = math.inf

    def touches(self, other: Footprint) -> bool:
        """Return whether two boxes overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.front < other.back
            and other.front < self.back
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def shifted(self, distance: float) -> Footprint:
        """Return the box after a move to the right."""
        return replace(self, left=self.left + distance, right=self.right + distance)

    def raised(self) -> Footprint:
        """Return the box without its lowest part, which may be in the floor that it stands on."""
        return replace(self, bottom=self.bottom + _SUNK * (self.top - self.bottom))

    @property
    def center(self) -> Vector:
        """The center of the box."""
        return Vector(
            (
                (self.left + self.right) / 2,
                (self.front + self.back) / 2,
                (self.bottom + self.top) / 2,
            )
        )


def around(
    own: Footprint, scene: bpy.types.Scene, without: Collection[bpy.types.Object] = ()
) -> list[Footprint]:
    """Return the boxes of what is visible in a scene and may be in the way of a result.

    A World is a place to put results into, so it is never in the way. The view layer has to be up
    to date.

    Args:
        own: Where the result is now.
        scene: The scene it is in.
        without: Objects that do not count, such as its own.
    """
    ignored = set(without)
    return [
        there
        for each, there in _visible(scene)
        if each not in ignored
        and world_objects.root_of(each) is None
        and _is_in_the_way(each, there, own)
    ]


def joined(boxes: Iterable[Footprint]) -> Footprint | None:
    """Return the box around several boxes, or None without any."""
    found = list(boxes)
    if not found:
        return None
    return Footprint(
        min(each.left for each in found),
        max(each.right for each in found),
        min(each.front for each in found),
        max(each.back for each in found),
        min(each.bottom for each in found),
        max(each.top for each in found),
    )


def box(each: bpy.types.Object, matrix: Matrix) -> Footprint:
    """Return the bounding box in world space of an object with this world matrix."""
    low, high = Vector(each.bound_box[0]), Vector(each.bound_box[6])
    center, half = matrix @ ((low + high) / 2), (high - low) / 2
    reach = [sum(abs(row[axis]) * half[axis] for axis in range(3)) for row in matrix.to_3x3()]
    return Footprint(
        center.x - reach[0],
        center.x + reach[0],
        center.y - reach[1],
        center.y + reach[1],
        center.z - reach[2],
        center.z + reach[2],
    )


def _visible(scene: bpy.types.Scene) -> Iterator[tuple[bpy.types.Object, Footprint]]:
    """Yield what can be seen in the view layer of a scene, with its box."""
    view_layer = visible_view_layers(scene)[0]
    for each in view_layer.objects:
        if each.type in _SOLID or each.instance_type == "COLLECTION":
            found = _box_as_shown(each)
            if found is not None and each.visible_get(view_layer=view_layer):
                yield each, found


def _box_as_shown(each: bpy.types.Object) -> Footprint | None:
    """Return the bounding box of an object, or of the collection that it is an instance of."""
    if each.type in _SOLID:
        return box(each, each.matrix_world)
    collection = each.instance_collection
    if collection is None:
        return None
    start = each.matrix_world @ Matrix.Translation(-collection.instance_offset)
    return joined(
        box(part, start @ world_matrix(part, ()))
        for part in collection.all_objects
        if part.type in _SOLID
    )


def _is_in_the_way(each: bpy.types.Object, there: Footprint, own: Footprint) -> bool:
    """Return whether an object counts: it is not much larger, or solid at the center of `own`."""
    is_around = (
        there.right - there.left > _AROUND * (own.right - own.left)
        and there.back - there.front > _AROUND * (own.back - own.front)
        and tags.read(each) is None
    )
    return not is_around or (there.touches(own) and _is_solid_at(each, own.center))


def _is_solid_at(each: bpy.types.Object, point: Vector) -> bool:
    """Return whether a point in world space is inside a mesh, whose normals point outward."""
    if each.type != "MESH":
        return False
    local = each.matrix_world.inverted_safe() @ point
    try:
        found, nearest, normal, _ = each.closest_point_on_mesh(local)
    except RuntimeError:  # nothing of it was evaluated
        return False
    return bool(found) and (nearest - local).dot(normal) > 0.0
