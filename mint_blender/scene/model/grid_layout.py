# SPDX-License-Identifier: GPL-3.0-or-later
"""Place results next to each other, and beside what is there already, without overlap.

The size of a result is known only when it is imported. What overlaps something then is moved to
the right until it is free; in a World to where there is a floor and no wall, too.

Bounding boxes decide: they are fast, and to a viewer the space inside them is taken. Something
large around the spot, such as a floor, a terrain or a room, occupies it only where it is solid.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Container, Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

import bpy
from mathutils import Matrix, Vector
from mathutils.bvhtree import BVHTree

from .. import tags
from ..bounds import evaluated_objects, update_view_layers, visible_view_layers, world_matrix
from ..world import world_objects

GAP = 0.1
"""Distance between two results, as a share of the width of the one that is moved."""

Point = tuple[float, float, float]


def avoid_overlap(
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    *,
    group: str = "",
    original: str = "",
    everything: bool = False,
) -> None:
    """Move a new result until it overlaps nothing else: to the right, or clear of a World's walls.

    Args:
        root: The root of the result, without a parent.
        scene: The scene it is in.
        group: Avoid other results of this group, even hidden ones.
        original: Avoid the results of this job or asset; a World avoids all other Worlds then.
        everything: Avoid whatever is visible; a World is a place, and avoids other Worlds only.
    """
    update_view_layers(scene)
    evaluated = evaluated_objects(scene)
    own = footprint(root, evaluated)
    if own is None:
        return
    own = own.raised()
    is_world = world_objects.is_root(root)
    neighbors = _neighbors(scene, group, original)
    others = _footprints((each for each in neighbors if each != root), evaluated)
    if is_world and (original or everything):
        others += worlds(scene, without=root)
    if everything and not is_world:
        others += around(own, scene, without=tags.hierarchy(root))
        x, y = clear_shift(own, others, scene)
    else:
        x, y = free_shift(own, others), 0.0
    root.location.x += x
    root.location.y += y


def beside(root: bpy.types.Object) -> Point:
    """Return the point to the right of a result where one of the same size overlaps nothing of it.

    It is on the height of its root.
    """
    x, y, z = root.matrix_world.translation
    own = footprint(root)
    width = own.right - own.left if own is not None else 0.0
    return x + width * (1.0 + GAP), y, z


def free_shift(own: Footprint, others: Iterable[Footprint]) -> float:
    """Return how far to the right there is room, in scene units."""
    gap = GAP * (own.right - own.left)
    shift = 0.0
    for other in sorted(others, key=lambda other: other.left):
        if own.shifted(shift).touches(other):
            shift = other.right + gap - own.left
    return shift


def footprint(
    root: bpy.types.Object, evaluated: Container[bpy.types.Object] | None = None
) -> Footprint | None:
    """Return the bounding box of all meshes of a result, or None without a mesh.

    Boxes are fast enough for hundreds of results. `evaluated` are the objects whose world
    matrix is up to date; by default all.
    """
    return joined(
        box(obj, world_matrix(obj, evaluated)) for obj in tags.hierarchy(root) if obj.type == "MESH"
    )


def _neighbors(scene: bpy.types.Scene, group: str, original: str) -> Iterator[bpy.types.Object]:
    """Yield the roots of the results that a new one must not overlap."""
    if group:
        yield from (obj for obj in scene.objects if obj.get(f"{tags.PREFIX}group") == group)
    if original:
        yield from tags.roots(job_id=original, asset_id=original, scene=scene)


_SOLID = {"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"}
"""Types of objects that can be seen; empties, lights and cameras occupy nothing."""

_AROUND = 4.0
"""How many times as wide and deep as a result something is that the result may stand in or on."""

_SUNK = 0.05
"""How deep a result may stand in the floor without overlapping it, as a share of its height."""


class Footprint(NamedTuple):
    """The space that a result covers, in scene units: its bounding box in world space."""

    left: float
    right: float
    front: float
    back: float
    bottom: float = -math.inf
    top: float = math.inf

    def touches(self, other: Footprint) -> bool:
        """Return whether two boxes overlap: each begins before the other ends, on all axes."""
        pairs = ((self, other), (other, self))
        return all(a[axis] < b[axis + 1] for a, b in pairs for axis in (0, 2, 4))

    def shifted(self, x: float, y: float = 0.0) -> Footprint:
        """Return the box after a move to the right and to the back."""
        return self._replace(
            left=self.left + x, right=self.right + x, front=self.front + y, back=self.back + y
        )

    def raised(self) -> Footprint:
        """Return the box without its lowest part, which may be in the floor that it stands on."""
        return self._replace(bottom=self.bottom + _SUNK * (self.top - self.bottom))

    @property
    def center(self) -> Vector:
        """The center of the box."""
        return (Vector(self[::2]) + Vector(self[1::2])) / 2


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
        for obj, there in _visible(scene)
        if obj not in ignored
        and world_objects.root_of(obj) is None
        and _is_in_the_way(obj, there, own)
    ]


def worlds(scene: bpy.types.Scene, without: bpy.types.Object | None = None) -> list[Footprint]:
    """Return the boxes of the Worlds in a scene, beside which another one will stand."""
    roots = filter(world_objects.is_root, scene.objects)
    return _footprints((root for root in roots if root != without), evaluated_objects(scene))


def _footprints(
    roots: Iterable[bpy.types.Object], evaluated: Container[bpy.types.Object]
) -> list[Footprint]:
    """Return the boxes of results that have one."""
    boxes = (footprint(root, evaluated) for root in roots)
    return [each for each in boxes if each is not None]


def joined(boxes: Iterable[Footprint]) -> Footprint | None:
    """Return the box around several boxes, or None without any."""
    sides = list(zip(*boxes, strict=True))
    if not sides:
        return None
    return Footprint(*(pick(side) for pick, side in zip((min, max) * 3, sides, strict=True)))


def box(obj: bpy.types.Object, matrix: Matrix) -> Footprint:
    """Return the bounding box in world space of an object with this world matrix."""
    low = Vector(obj.bound_box[0])
    high = Vector(obj.bound_box[6])
    center = matrix @ ((low + high) / 2)
    half = (high - low) / 2
    reach = [sum(abs(row[axis]) * half[axis] for axis in range(3)) for row in matrix.to_3x3()]
    return Footprint(*(center[axis] + way * reach[axis] for axis in range(3) for way in (-1, 1)))


def _visible(scene: bpy.types.Scene) -> Iterator[tuple[bpy.types.Object, Footprint]]:
    """Yield what can be seen in the view layer of a scene, with its box."""
    view_layer = visible_view_layers(scene)[0]
    for obj in view_layer.objects:
        if obj.type in _SOLID or obj.instance_type == "COLLECTION":
            there = _box_as_shown(obj)
            if there is not None and obj.visible_get(view_layer=view_layer):
                yield obj, there


def _box_as_shown(obj: bpy.types.Object) -> Footprint | None:
    """Return the bounding box of an object, or of the collection that it is an instance of."""
    if obj.type in _SOLID:
        return box(obj, obj.matrix_world)
    collection = obj.instance_collection
    if collection is None:
        return None
    start = obj.matrix_world @ Matrix.Translation(-collection.instance_offset)
    return joined(
        box(part, start @ world_matrix(part, ()))
        for part in collection.all_objects
        if part.type in _SOLID
    )


def _is_in_the_way(obj: bpy.types.Object, there: Footprint, own: Footprint) -> bool:
    """Return whether an object counts: it is not much larger, or solid at the center of `own`."""
    is_around = (
        there.right - there.left > _AROUND * (own.right - own.left)
        and there.back - there.front > _AROUND * (own.back - own.front)
        and tags.read(obj) is None
    )
    return not is_around or (there.touches(own) and _is_solid_at(obj, own.center))


def _is_solid_at(obj: bpy.types.Object, point: Vector) -> bool:
    """Return whether a point in world space is inside a mesh, whose normals point outward."""
    if obj.type != "MESH":
        return False
    local = obj.matrix_world.inverted_safe() @ point
    try:
        has_nearest, nearest, normal, _ = obj.closest_point_on_mesh(local)
    except RuntimeError:  # nothing of it was evaluated
        return False
    return bool(has_nearest) and (nearest - local).dot(normal) > 0.0


# -- between the walls of a World

_STEP = 1.0 + GAP
"""From one place to the next, as a share of the longer side of the model."""
_REACH = 4
"""How many steps are looked at in each direction."""
_KNEE = 0.3
"""Share of the height of a model below which what it touches is floor, not wall."""
_SIDES = ((0, 1, 3, 2), (4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5))


def clear_shift(
    own: Footprint, others: Collection[Footprint], scene: bpy.types.Scene
) -> tuple[float, float]:
    """Return how far a model moves in X and Y to stand clear of others and of the walls of Worlds.

    It stands on a floor there, as near as possible. Without such a place, or without a World around
    it, it moves to the right. What is clear of the others stays where it is.

    Args:
        own: The box of the model, in scene units.
        others: Their boxes.
        scene: The scene.
    """
    from ..after import surfaces  # not at the first use of the add-on: it takes a while

    right = free_shift(own, others)
    if not right:
        return 0.0, 0.0
    surface = surfaces.collider_surface(scene.objects)
    tree = surface.tree() if surface is not None else None
    if tree is None or not _has_floor(own, tree):
        return right, 0.0
    step = _STEP * max(own.right - own.left, own.back - own.front)
    steps = [step * count for count in range(-_REACH, _REACH + 1)]
    places = sorted(product(steps, steps), key=_order)
    for x, y in ((right, 0.0), *places):
        there = own.shifted(x, y)
        is_free = not any(map(there.touches, others))
        if is_free and _has_floor(there, tree) and not _touches_wall(there, tree):
            return x, y
    return right, 0.0


def _order(place: tuple[float, float]) -> tuple[float, float]:
    """Return what is tried first: what is near, in a row rather than behind, in front last."""
    x, y = place
    return math.hypot(x, 2 * y), -y


def _has_floor(box: Footprint, tree: Any) -> bool:
    return tree.ray_cast(box.center, Vector((0.0, 0.0, -1.0)), box.top - box.bottom)[0] is not None


def _touches_wall(box: Footprint, tree: Any) -> bool:
    knee = box.bottom + _KNEE * (box.top - box.bottom)
    corners = product((box.left, box.right), (box.front, box.back), (knee, box.top))
    sides = BVHTree.FromPolygons(list(corners), _SIDES)
    return bool(tree.overlap(sides))
