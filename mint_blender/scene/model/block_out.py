# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit a model into the box of an object that stands for it: a block-out, which is then hidden.

The box is the object's own, turned and sized as it is: its bounding box along its local axes. Up
is the local axis nearest to Z, whichever way it points. The front of the model faces -Y of the box.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import bpy
from mathutils import Euler, Matrix, Vector

from .. import tags
from ..bounds import bounds, update_view_layers
from ..data_blocks import hide

BLOCK_OUT = tags.PREFIX + "block_out"
"""The custom property of a root that points to the object in whose box it stands."""
MODEL = tags.PREFIX + "model"
"""The custom property of a block-out that points to the root of the model in its place."""
FIT = tags.PREFIX + "fit"
TURN = tags.PREFIX + "turn"
BOX = tags.PREFIX + "box"
"""The custom properties of a root that say how it was fitted, and into which box (9 numbers)."""


@dataclass(frozen=True)
class Box:
    """A box in world space, in scene units."""

    foot: tuple[float, float, float]
    """The middle of its bottom."""
    rotation: tuple[float, float, float]
    """Euler angles in radians."""
    size: tuple[float, float, float]
    """Width, depth and height along its own axes."""

    @property
    def matrix(self) -> Matrix:
        """The matrix of a model at its foot, without a scale."""
        return Matrix.LocRotScale(Vector(self.foot), Euler(self.rotation), None)


def box_of(obj: bpy.types.Object) -> Box | None:
    """Return the box of an object as it is now; None if it has no extent, as a camera."""
    corners = [Vector(corner) for corner in obj.bound_box]
    low = Vector([min(corner[axis] for corner in corners) for axis in range(3)])
    high = Vector([max(corner[axis] for corner in corners) for axis in range(3)])
    _, rotation, scale = obj.matrix_world.decompose()
    extent = [abs((high[axis] - low[axis]) * scale[axis]) for axis in range(3)]
    if obj.type not in {"MESH", "CURVE", "SURFACE", "FONT", "META"} or max(extent) <= 0.0:
        return None
    axes = [rotation @ Vector([float(axis == other) for other in range(3)]) for axis in range(3)]
    up = max(range(3), key=lambda axis: abs(axes[axis].z))
    # the depth is along the local Y, or Z where Y is up, so that the front stays where it was
    along = 1 if up != 1 else 2
    across = 3 - up - along
    y = axes[along]
    z = axes[up] if axes[up].z >= 0.0 else -axes[up]
    rows: Any = (y.cross(z), y, z)
    turned = Matrix(rows).transposed().to_euler()
    size = extent[across], extent[along], extent[up]
    foot = obj.matrix_world @ ((low + high) / 2) - z * (size[2] / 2)
    return Box((foot.x, foot.y, foot.z), (turned.x, turned.y, turned.z), size)


def fit(root: bpy.types.Object, box: Box, how: str = "INSIDE", turn: int = 0) -> None:
    """Move, turn and scale a model so that it stands in a box.

    Args:
        root: The root of the model.
        box: Where it shall stand.
        how: `INSIDE` is as large as fits, `HEIGHT` as high as the box, and `STRETCH` fills it in
            all three directions.
        turn: How many quarters to turn it about the vertical of the box.
    """
    parent, root.parent = root.parent, None
    root.matrix_world = Matrix()
    scene = next(iter(root.users_scene))
    update_view_layers(scene)
    corners = bounds((root, *root.children_recursive))
    if corners is not None:
        low, high = map(Vector, corners)
        own = [max(side, 1e-9) for side in high - low]
        width, depth, height = box.size
        if turn % 2:
            width, depth = depth, width
        ratios = [width / own[0], depth / own[1], height / own[2]]
        # a box may be flat, as a plane on the floor is: that direction says nothing
        flat = 1e-6 * max(box.size)
        useful = [
            ratio for ratio, side in zip(ratios, (width, depth, height), strict=True) if side > flat
        ]
        least = min(useful)
        if how == "STRETCH":
            scale = [
                ratio if ratio * side > flat else least
                for ratio, side in zip(ratios, own, strict=True)
            ]
        elif how == "HEIGHT" and height > flat:
            scale = [ratios[2]] * 3
        else:
            scale = [least] * 3
        middle = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
        quarter = Matrix.Rotation(turn * math.pi / 2, 4, "Z")
        sized = Matrix.Diagonal((*scale, 1.0)) @ Matrix.Translation(-middle)
        root.matrix_world = box.matrix @ quarter @ sized
    if parent is not None:
        _parent_in_place(root, parent)
    root[FIT] = how
    root[TURN] = turn % 4
    root[BOX] = (*box.foot, *box.rotation, *box.size)
    update_view_layers(scene)


def take_the_place_of(
    root: bpy.types.Object, block_out: bpy.types.Object, collection: bpy.types.Collection | None
) -> None:
    """Give a model the parent and the collections of a block-out, and hide that.

    Args:
        root: The root of the model, fitted already.
        block_out: The object in whose box it stands.
        collection: The collection of the model, which becomes a child of those.
    """
    if block_out.parent is not None:
        _parent_in_place(root, block_out.parent)
    if collection is not None:
        for scene in root.users_scene:
            holders = [scene.collection, *scene.collection.children_recursive]
            for holder in [holder for holder in holders if collection.name in holder.children]:
                holder.children.unlink(collection)
        for holder in block_out.users_collection:
            holder.children.link(collection)
    root[BLOCK_OUT] = block_out
    block_out[MODEL] = root
    show(root, before=False)


def _parent_in_place(root: bpy.types.Object, parent: bpy.types.Object) -> None:
    """Parent a root that stands in the scene itself; it stays where it is."""
    matrix = root.matrix_world.copy()
    root.parent = parent
    root.matrix_parent_inverse = parent.matrix_world.inverted_safe()
    root.matrix_basis = matrix


def turn(root: bpy.types.Object) -> None:
    """Turn a model by a quarter within its box, and fit it again."""
    numbers = list(root[BOX])
    box = Box(tuple(numbers[:3]), tuple(numbers[3:6]), tuple(numbers[6:]))
    block_out = root.get(BLOCK_OUT)
    fit(
        root,
        (box_of(block_out) if block_out is not None else None) or box,
        root[FIT],
        root[TURN] + 1,
    )


def show(root: bpy.types.Object, *, before: bool) -> None:
    """Show the block-out instead of the model, or the model again."""
    block_out = root.get(BLOCK_OUT)
    if block_out is not None:
        hide((block_out,), is_hidden=not before)
        hide((root, *root.children_recursive), is_hidden=before)
