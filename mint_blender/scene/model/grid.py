# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that were asked for together stand beside each other: in cells of a grid, and never on
top of one another.

How large a result is, is known only when it is here. So each has its cell, in the order of the
prompts, and one that does not fit into it steps aside when it lands, until it stands on none of
those that are there.
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
"""Between two results that would touch: this share of the width of the one that steps aside."""

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Footprint:
    """What something covers of the floor."""

    left: float
    right: float
    front: float
    back: float

    def touches(self, other: Footprint) -> bool:
        """Do they share a piece of floor?"""
        return (
            self.left < other.right
            and other.left < self.right
            and self.front < other.back
            and other.front < self.back
        )


def cell(start: Point, number: int, spacing: float) -> Point:
    """The place of a result, by its number from 0: rows go to the right, the next one stands
    behind.
    """
    x, y, z = start
    return x + spacing * (number % COLUMNS), y + spacing * (number // COLUMNS), z


def avoid_overlap(root: bpy.types.Object, scene: bpy.types.Scene, group: str) -> None:
    """Move what has just landed to the right, until it stands on nothing else of its group."""
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
    """How far to the right there is room."""
    gap, shift = GAP * (own.right - own.left), 0.0
    for other in sorted(others, key=lambda each: each.left):
        moved = Footprint(own.left + shift, own.right + shift, own.front, own.back)
        if moved.touches(other):
            shift = other.right + gap - own.left
    return shift


def footprint(
    root: bpy.types.Object, evaluated: Container[bpy.types.Object] | None = None
) -> Footprint | None:
    """By the boxes of its meshes: what is measured vertex by vertex would take long for hundreds.

    None where there is no mesh.

    `known` are the objects whose place has been worked out, if these are not all.
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
