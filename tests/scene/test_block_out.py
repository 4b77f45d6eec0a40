# SPDX-License-Identifier: GPL-3.0-or-later
"""A model takes the place of an object that stands for it."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

import numpy as np
from mathutils import Euler, Matrix, Vector

from mint_blender.scene.bounds import world_points
from mint_blender.scene.model import block_out
from mint_blender.scene.place import PlaceOptions, place_model

from . import glb_fixtures
from .place_helpers import LAMP
from .world_helpers import ordered


@pytest.fixture
def cube() -> Any:
    """Return a cube of 2 m."""
    bpy.ops.mesh.primitive_cube_add()
    return bpy.context.active_object


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    """Write a model of 0.5 by 0.5 by 2 m, whose front is marked by a point."""
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, (-0.25, 0, -0.25), (0.25, 2, 0.25))), name="tower")
    return glb.save(tmp_path / "tower.glb")


def inside(root: Any, box: block_out.Box) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest corner of a model in the space of a box, at its foot."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    meshes = [each for each in (root, *root.children_recursive) if each.type == "MESH"]
    points = [world_points(each.evaluated_get(graph), box.matrix.inverted()) for each in meshes]
    found = np.concatenate(points)
    return found.min(axis=0), found.max(axis=0)


FITS = ("INSIDE", "HEIGHT", "STRETCH")
POSES = [
    Matrix.LocRotScale(Vector(location), Euler(turn), Vector(scale))
    for location, turn, scale in (
        ((0, 0, 1), (0, 0, 0), (1, 1, 1)),
        ((3, -2, 5), (0, 0, 0.7), (0.4, 0.4, 1)),
        ((1, 1, 1), (0.3, 0.2, 1.1), (1, 2, 3)),
        ((0, 0, 0), (math.pi / 2, 0, 0), (1, 2, 3)),
        ((0, 0, 0), (0, math.pi / 2, 0.5), (3, 2, 1)),
        ((0, 0, 2), (math.pi, 0, 0), (1, 1, 2)),
        ((0, 0, 2), (0, 0, 1), (-1, 1, 2)),
    )
]


@pytest.mark.parametrize(("pose", "how"), list(itertools.product(POSES, FITS)))
def test_a_model_stands_in_the_box(cube: Any, tower: Path, pose: Matrix, how: str) -> None:
    """Whatever the box looks like, the model stands on its bottom, in its middle, inside."""
    cube.matrix_world = pose
    bpy.context.view_layer.update()
    box = block_out.box_of(cube)
    assert box is not None
    corners = [cube.matrix_world @ Vector(each) for each in cube.bound_box]
    height = box.size[2]
    units = itertools.product((-0.5, 0.5), (-0.5, 0.5), (0, 1))
    made = [box.matrix @ (Vector(each) * Vector(box.size)) for each in units]
    np.testing.assert_allclose(ordered(np.array(made)), ordered(np.array(corners)), atol=0.011)
    assert (box.matrix.to_3x3() @ Vector((0, 0, 1))).z > 0.5, "up is nearest to Z"
    root = place_model(tower, LAMP, PlaceOptions(at=(9, 9, 9))).root
    block_out.fit(root, box, how)
    low, high = inside(root, box)
    size = high - low
    assert low[2] == pytest.approx(0, abs=1e-4)
    assert (low + high)[:2] == pytest.approx([0, 0], abs=1e-4)
    if how == "STRETCH":
        assert size == pytest.approx(box.size, rel=1e-4)
    elif how == "HEIGHT":
        assert size[2] == pytest.approx(height, rel=1e-4)
    else:
        assert (size <= np.array(box.size) * 1.0001).all()
        assert (size / np.array(box.size)).max() == pytest.approx(1, rel=1e-4)


def test_the_block_out_is_hidden_and_the_model_takes_its_place(cube: Any, tower: Path) -> None:
    """It gets its parent and collection; Before and After show one of them."""
    parent = bpy.data.objects.new("Room", None)
    own = bpy.data.collections.new("Furniture")
    bpy.context.scene.collection.children.link(own)
    own.objects.link(parent)
    bpy.context.scene.collection.objects.unlink(cube)
    own.objects.link(cube)
    parent.location = (5, 0, 0)
    cube.parent = parent
    bpy.context.view_layer.update()
    box = block_out.box_of(cube)
    placed = place_model(tower, LAMP)
    block_out.fit(placed.root, box)
    block_out.take_the_place_of(placed.root, cube, placed.collection)
    low, high = inside(placed.root, box)
    assert (low + high)[:2] == pytest.approx([0, 0], abs=1e-4)
    assert placed.root.parent == parent and placed.collection.name in own.children
    assert cube.hide_render and cube.hide_get() and not placed.root.hide_get()
    block_out.show(placed.root, before=True)
    assert not cube.hide_get() and placed.root.hide_get() and placed.root.hide_render
    block_out.show(placed.root, before=False)
    assert cube.hide_get() and not placed.root.hide_get()


def test_a_quarter_turn_fits_again(cube: Any, tower: Path) -> None:
    """After four turns it is as before; after one, width and depth of the box have changed."""
    cube.scale = (0.2, 1, 5)
    bpy.context.view_layer.update()
    placed = place_model(tower, LAMP)
    block_out.fit(placed.root, block_out.box_of(cube), "STRETCH")
    first = placed.root.matrix_world.copy()
    for number in range(4):
        block_out.turn(placed.root)
        is_same = np.allclose(np.array(first), np.array(placed.root.matrix_world), atol=1e-4)
        assert is_same is (number == 3)
        low, high = inside(placed.root, block_out.box_of(cube))
        assert high - low == pytest.approx((0.4, 2, 10), rel=1e-3)


def test_a_camera_has_no_box(cube: Any) -> None:
    """Nor has an empty, or a mesh without vertices."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    nothing = bpy.data.objects.new("Nothing", bpy.data.meshes.new("Nothing"))
    empty = bpy.data.objects.new("Empty", None)
    for each in (camera, nothing, empty):
        bpy.context.scene.collection.objects.link(each)
    bpy.context.view_layer.update()
    assert [block_out.box_of(each) for each in (camera, nothing, empty)] == [None] * 3
