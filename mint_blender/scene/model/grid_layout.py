# SPDX-License-Identifier: GPL-3.0-or-later
"""Place results of one request next to each other in a grid, without overlap.

The size of a result is known only when it is imported. So each has a cell, in the order of the
prompts, and one that is larger than its cell is moved to the right until it is free.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

import bpy
from mathutils import Vector

from .. import tags
from ..bounds import evaluated_objects, update_view_layers, world_matrix

COLUMNS = 10
GAP = 0.1
"""Distance between two results, as a share of the width of the one that is moved."""

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Footprint:
    """The rectangle of floor that a result covers, in scene units."""

    left: float
    right: float
    front: float
    back: float

    def touches(self, other: Footprint) -> bool:
        """Return whether two footprints overlap."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.front < other.back
            and other.front < self.back
        )


def cell(start: Point, number: int, spacing: float) -> Point:
    """Return the position of a result by its index; rows go to the right, then back."""
    x, y, z = start
    return x + spacing * (number % COLUMNS), y + spacing * (number // COLUMNS), z


def avoid_overlap(root: bpy.types.Object, scene: bpy.types.Scene, group: str) -> None:
    """Move a new result to the right until it overlaps nothing else of its group."""
    update_view_layers(scene)
    evaluated = evaluated_objects(scene)
    own = footprint(root, evaluated)
    if own is None:
        return
    others = [
        found
        for each in _group(scene, group)
        if each != root and (found := footprint(each, evaluated)) is not None
    ]
    root.location.x += free_shift(own, others)


def free_shift(own: Footprint, others: list[Footprint]) -> float:
    """Return how far to the right there is room, in scene units."""
    gap, shift = GAP * (own.right - own.left), 0.0
    for other in sorted(others, key=lambda each: each.left):
        moved = Footprint(own.left + shift, own.right + shift, own.front, own.back)
        if moved.touches(other):
            shift = other.right + gap - own.left
    return shift


def footprint(
    root: bpy.types.Object, evaluated: Container[bpy.types.Object] | None = None
) -> Footprint | None:
    """Return the footprint from the bounding boxes of the meshes, or None without a mesh.

    Boxes are fast enough for hundreds of results. `evaluated` are the objects whose world
    matrix is up to date; by default all.
    """
    meshes = [each for each in tags.hierarchy(root) if each.type == "MESH"]
    corners = [
        matrix @ Vector(corner)
        for each in meshes
        for matrix in [world_matrix(each, evaluated)]
        for corner in each.bound_box
    ]
    if not corners:
        return None
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    return Footprint(min(xs), max(xs), min(ys), max(ys))


def _group(scene: bpy.types.Scene, group: str) -> Iterator[bpy.types.Object]:
    return (each for each in scene.objects if each.get(f"{tags.PREFIX}group") == group)
