# SPDX-License-Identifier: GPL-3.0-or-later
"""Place results next to each other, and beside what is there already, without overlap.

The size of a result is known only when it is imported. So each result of one request has a cell, in
the order of the prompts, and whatever overlaps something is moved to the right until it is free.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

import bpy

from .. import tags
from ..bounds import evaluated_objects, update_view_layers, world_matrix
from . import occupied_space
from .occupied_space import Footprint

COLUMNS = 10
GAP = 0.1
"""Distance between two results, as a share of the width of the one that is moved."""

Point = tuple[float, float, float]


def cell(start: Point, number: int, spacing: float) -> Point:
    """Return the position of a result by its index; rows go to the right, then back."""
    x, y, z = start
    return x + spacing * (number % COLUMNS), y + spacing * (number // COLUMNS), z


def avoid_overlap(
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    *,
    group: str = "",
    original: str = "",
    everything: bool = False,
) -> None:
    """Move a new result to the right until it overlaps nothing else.

    Args:
        root: The root of the result, without a parent.
        scene: The scene it is in.
        group: Avoid other results of this group, even hidden ones.
        original: Avoid the results of this job or asset; a World avoids all other Worlds then.
        everything: Avoid whatever is visible.
    """
    update_view_layers(scene)
    evaluated = evaluated_objects(scene)
    own = footprint(root, evaluated)
    if own is None:
        return
    own = own.raised()
    others = [
        found
        for each in _neighbors(root, scene, group, original)
        if each != root and (found := footprint(each, evaluated)) is not None
    ]
    if everything:
        others += occupied_space.around(own, scene, without=tags.hierarchy(root))
    root.location.x += free_shift(own, others)


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
    gap, shift = GAP * (own.right - own.left), 0.0
    for other in sorted(others, key=lambda each: each.left):
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
    return occupied_space.joined(
        occupied_space.box(each, world_matrix(each, evaluated))
        for each in tags.hierarchy(root)
        if each.type == "MESH"
    )


def _neighbors(
    root: bpy.types.Object, scene: bpy.types.Scene, group: str, original: str
) -> Iterator[bpy.types.Object]:
    """Yield the roots of the results that a new one must not overlap."""
    if group:
        yield from (each for each in scene.objects if each.get(f"{tags.PREFIX}group") == group)
    if original:
        yield from tags.roots(job_id=original, asset_id=original, scene=scene)
        if root.get(tags.WORLD_MARK) is not None:
            yield from (each for each in scene.objects if each.get(tags.WORLD_MARK) is not None)
