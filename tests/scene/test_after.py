# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a result after it has landed: floors, cameras, light and splats."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

from mint_blender.scene.after import floor
from mint_blender.scene.transaction import DataSnapshot

from .world_helpers import build, part


def box(at=(0, 0, 0), size=0.4, name="Box", **options):
    """Return a cube in the scene."""
    bpy.ops.mesh.primitive_cube_add(size=size, location=at, **options)
    made = bpy.context.object
    made.name = name
    return made


def bottom(made) -> float:
    """Return the lowest point of an object in world space."""
    bpy.context.view_layer.update()
    return min((made.matrix_world @ vertex.co).z for vertex in made.data.vertices)


@pytest.mark.feature("models put on the floor")
def test_objects_are_dropped_on_what_is_below(files):
    """On a hidden collider, on each other, up where they have sunk in, and under a table."""
    build(files, camera=False).root.rotation_euler.z = 0.3
    part(build(files, at=(30, 0, 0)).root, "collider").hide_set(True)
    over, sunk = box((31, 0, 2)), box((32, 0, -0.1), name="Sunk")
    stacked = box((31, 0, 3), name="Stacked")
    child = box((31.5, 0, 2.5), name="Child")
    child.parent = over
    child.matrix_parent_inverse = over.matrix_world.inverted()
    table = box((33, 0, 0.9), size=0.2, name="Table")
    table.scale = (5, 5, 1)
    under = box((33, 0, 0.3), size=0.2, name="Under")
    floor.drop_to_floor([over, child, sunk, stacked, under])
    for standing, height in ((over, 0), (sunk, 0), (stacked, 0.4), (under, 0)):
        assert bottom(standing) == pytest.approx(height, abs=1e-4), standing.name
    assert child.matrix_world.translation.z == pytest.approx(2.5 - 1.8, abs=1e-4)


def test_without_a_floor_nothing_moves(files):
    """The one that could be dropped stays, too; and a World is never moved."""
    root = build(files, at=(30, 0, 0)).root
    lost, over = box((0, 0, 2), name="Lost"), box((31, 0, 2))
    for act in (floor.drop_to_floor, floor.let_fall):
        with pytest.raises(floor.NoFloor, match="There is no floor below “Lost”"):
            act([over, lost])
        assert (lost.location.z, over.location.z) == (2, 2)
    with pytest.raises(floor.NoFloor, match="Select a model"):
        floor.drop_to_floor([root, *root.children_recursive])


def test_objects_fall_and_come_to_rest(files):
    """A tilted cube lies on a side on the floor, keeps its scale, and nothing is left behind."""
    build(files, camera=False)
    fallen = box((0, 0, 1.5), rotation=(0.5, 0.4, 0))
    fallen.scale = (1, 1, 1.5)
    before = DataSnapshot()
    floor.let_fall([fallen])
    assert before.new() == [] and bpy.context.scene.rigidbody_world is None
    assert bottom(fallen) == pytest.approx(0, abs=1e-3)
    assert fallen.matrix_world.to_scale()[:] == pytest.approx((1, 1, 1.5), abs=1e-4)
    upward = np.abs(np.array(fallen.matrix_world.to_3x3().normalized()))[2]
    assert upward.max() == pytest.approx(1, abs=1e-3), "it lies on a side"
