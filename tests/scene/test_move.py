# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving a placed result onto surfaces: where it stands, how it is turned, and that it is undone."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mathutils import Euler, Matrix, Vector

from mint_blender.scene.place import PlaceOptions, place_model
from mint_blender.scene.update import move
from mint_blender.scene.update.move import Surface

from . import world_helpers
from .place_helpers import LAMP, extent

UP, WALL = Vector((0, 0, 1)), Vector((1, 0, 0))


@pytest.fixture
def lamp(model: Path) -> bpy.types.Object:
    """A model with its bottom center at (5, 1, 0)."""
    return place_model(model, LAMP, PlaceOptions(at=(5, 1, 0))).root


def place(root: bpy.types.Object, surface: Surface, turn: float = 0.0, align: bool = True) -> None:
    """Place a result on a surface as the mouse does."""
    placing = move.placing(root)
    matrix = placing.matrix(surface, turn, align=align)
    move.move(root, matrix, placing.leaning(surface, align=align))
    bpy.context.view_layer.update()


def test_it_stands_upright_on_a_floor(lamp: bpy.types.Object) -> None:
    """Its bottom center is at the point, also on a slope that is not steep."""
    size = lamp.dimensions.copy()
    for normal in (UP, Vector((0.2, 0, 1)).normalized()):
        place(lamp, Surface(Vector((2, 3, 4)), normal))
        assert lamp.location[:] == pytest.approx((2, 3, 4))
        assert lamp.rotation_euler[:] == pytest.approx((0, 0, 0), abs=1e-6)
        assert lamp.dimensions[:] == pytest.approx(size[:], abs=1e-5)


def test_it_is_turned_about_the_vertical(lamp: bpy.types.Object) -> None:
    """An angle is added to the turn that it has already."""
    place(lamp, Surface(Vector(), UP), turn=math.radians(30))
    place(lamp, Surface(Vector(), UP), turn=math.radians(15))
    assert lamp.rotation_euler.z == pytest.approx(math.radians(45))


def test_it_is_aligned_to_a_wall_and_upright_again(lamp: bpy.types.Object) -> None:
    """Its foot is on the wall, unless alignment is off; back on a floor it stands as before."""
    before = lamp.matrix_world.to_quaternion()
    place(lamp, Surface(Vector((7, 0, 2)), WALL))
    assert lamp.matrix_world.col[2].to_3d().normalized().dot(WALL) == pytest.approx(1)
    assert lamp.location[:] == pytest.approx((7, 0, 2))
    place(lamp, Surface(Vector((7, 0, 2)), WALL), align=False)
    assert lamp.rotation_euler[:] == pytest.approx((0, 0, 0), abs=1e-6)
    place(lamp, Surface(Vector((7, 0, 2)), WALL))
    place(lamp, Surface(Vector((0, 0, 0)), UP))
    apart = lamp.matrix_world.to_quaternion().rotation_difference(before)
    assert apart.angle == pytest.approx(0, abs=1e-3)
    assert move.ALIGNED not in lamp.keys()


def test_what_the_user_laid_down_lies_on_the_floor(lamp: bpy.types.Object) -> None:
    """The user's own turn stays, and nothing sinks into the floor."""
    lamp.rotation_euler = (math.radians(90), 0, 0)
    bpy.context.view_layer.update()
    place(lamp, Surface(Vector((0, 0, 3)), UP))
    assert lamp.rotation_euler.x == pytest.approx(math.radians(90))
    lowest = min((lamp.matrix_world @ Vector(corner)).z for corner in lamp.bound_box)
    assert lowest == pytest.approx(3, abs=1e-4)


def test_a_child_of_something_moved_goes_to_the_point(lamp: bpy.types.Object) -> None:
    """The user has parented it to a table."""
    table = bpy.data.objects.new("Table", None)
    bpy.context.scene.collection.objects.link(table)
    table.matrix_world = Matrix.LocRotScale((3, 2, 1), Euler((0, 0, 1)), (2, 2, 2))
    lamp.parent = table
    bpy.context.view_layer.update()
    place(lamp, Surface(Vector((1, 1, 1)), UP))
    assert lamp.matrix_world.translation[:] == pytest.approx((1, 1, 1), abs=1e-5)


def test_a_world_never_leans(tmp_path: Path) -> None:
    """It is a place: its floor is at the point, and it is only turned."""
    root = world_helpers.build(world_helpers.all_parts(tmp_path)).root
    place(root, Surface(Vector((4, 5, 6)), WALL), turn=math.radians(90))
    assert root.location[:] == pytest.approx((4, 5, 6))
    assert root.rotation_euler[:] == pytest.approx((0, 0, math.radians(90)), abs=1e-5)


def ray(
    x: float = 0.0, direction: tuple[float, float, float] = (0, 0, -1), *without: bpy.types.Object
) -> Surface | None:
    """Return what a ray from high above the floor hits."""
    graph, start = bpy.context.evaluated_depsgraph_get(), Vector((x, 0, 50))
    scene = bpy.context.scene
    return move.surface_on_ray(scene, graph, start, Vector(direction), frozenset(without))


def test_the_ray_finds_the_first_surface(lamp: bpy.types.Object) -> None:
    """What is being placed does not count; beside everything the floor is at height 0."""
    bpy.ops.mesh.primitive_cube_add(size=2, location=(0, 0, 0))
    found, below, aside = ray(), ray(0.0, (0, 0, -1), bpy.context.object), ray(30)
    assert found is not None and found.point.z == pytest.approx(1) and found.normal.z == 1
    assert below is not None and below.point.z == 0
    assert aside is not None and aside.point[:] == pytest.approx((30, 0, 0))
    assert ray(0.0, (0, 0, 1)) is ray(0.0, (1, 0, 0)) is None


def test_a_turned_result_is_imported(model: Path) -> None:
    """A result that was placed with the mouse before it is in the scene."""
    turn = Vector((0, 0, 1)).rotation_difference(WALL).to_euler()
    placed = place_model(model, LAMP, PlaceOptions(at=(1, 2, 3), rotation=(turn.x, turn.y, turn.z)))
    assert placed.root.location[:] == pytest.approx((1, 2, 3))
    assert placed.root.matrix_basis.col[2].to_3d().dot(WALL) == pytest.approx(1)
    place(placed.root, Surface(Vector(), UP))
    assert extent(placed)[0][2] == 0
