# SPDX-License-Identifier: GPL-3.0-or-later
"""A result lands beside what occupies its spot, and not inside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mathutils import Vector  # noqa: E402

from mint_blender.scene.model import grid_layout  # noqa: E402
from mint_blender.scene.place import PlaceOptions, Provenance, place_model, select  # noqa: E402

from . import world_helpers  # noqa: E402
from .place_helpers import ORIGIN, PLAIN  # noqa: E402

BESIDE = PlaceOptions(at=(0, 0, 0), beside=True)


def land(model: Path, where: PlaceOptions = BESIDE, job: str = "j") -> bpy.types.Object:
    """Place a model and return its root."""
    return place_model(model, Provenance(job_id=job, name="Lamp"), where).root


def cube(size: float, at: tuple[float, float, float] = (0, 0, 0)) -> bpy.types.Object:
    """Add a cube as a user does."""
    bpy.ops.mesh.primitive_cube_add(size=size, location=at)
    return bpy.context.object


def space(each: bpy.types.Object) -> grid_layout.Footprint:
    """Return the bounding box of a result or of an object of the user."""
    found = grid_layout.footprint(each)
    assert found is not None
    return found


@pytest.mark.parametrize("size", [2.0, 20.0])
def test_a_model_lands_beside_a_cube(size: float, model: Path) -> None:
    """Whether the cube is about as large as the model, or so large that it hides it."""
    there = cube(size)
    root = land(model)
    assert space(root).left >= size / 2
    assert (root.location.y, root.location.z) == (0, 0)
    assert tuple(there.location) == (0, 0, 0)


@pytest.mark.parametrize("heights", [(None, None, None), (10, 0.5, 3)])
def test_a_second_model_lands_beside_the_first(
    heights: tuple[float | None, ...], model: Path
) -> None:
    """A third one is beside both, however different their sizes are, and none has moved."""
    places = [PlaceOptions(at=(0, 0, 0), height=each, beside=True) for each in heights]
    first = land(model, places[0], job="a")
    before = tuple(first.location)
    second, third = land(model, places[1], job="b"), land(model, places[2], job="c")
    assert tuple(first.location) == before == (0, 0, 0)
    assert space(first).right < space(second).left < space(second).right < space(third).left


def a_table_and_a_floor() -> None:
    """It stands on them, even if it sinks in a little."""
    cube(2.0, at=(0, 0, -1.0))
    bpy.ops.mesh.primitive_plane_add(size=50, location=(0, 0, 0.01))


def a_room() -> None:
    """Its thick walls surround the spot, which is not solid."""
    cube(20.0, at=(0, 0, 9.9)).modifiers.new("Walls", "SOLIDIFY").thickness = 0.5


def hidden_and_empty() -> None:
    """Neither a hidden object nor a camera or an empty occupies the spot."""
    cube(2.0).hide_set(True)
    bpy.ops.object.camera_add(location=(0, 0, 0.2))
    bpy.ops.object.empty_add(location=(0, 0, 0.2))


@pytest.mark.parametrize("there", [a_table_and_a_floor, a_room, hidden_and_empty])
def test_what_is_not_in_the_way(there: Callable[[], None], model: Path) -> None:
    """A model is where it was asked for; without `beside`, for scripts, also in a cube."""
    there()
    assert tuple(land(model).location) == (0, 0, 0)
    cube(2.0)
    assert tuple(land(model, ORIGIN, "k").location) == (0, 0, 0)


def test_a_model_stays_in_a_world(tmp_path: Path, model: Path) -> None:
    """A World is a place: results are put into it, not beside it."""
    world_helpers.build(world_helpers.all_parts(tmp_path), collider="VISIBLE")
    assert tuple(land(model).location) == (0, 0, 0)


def test_an_instance_of_a_collection_is_in_the_way(model: Path) -> None:
    """What was dragged from the Asset Browser is an empty that shows a collection."""
    source = cube(2.0, at=(5, 0, 0))
    chair = bpy.data.collections.new("Chair")
    bpy.context.scene.collection.objects.unlink(source)
    chair.objects.link(source)
    shown = bpy.data.objects.new("Chair", None)
    shown.instance_type, shown.instance_collection = "COLLECTION", chair
    shown.location = (-5, 0, 0)  # so that the cube is shown at the origin
    bpy.context.scene.collection.objects.link(shown)
    assert space(land(model)).left >= 1.0


def test_only_what_touches_moves_it(model: Path) -> None:
    """Objects elsewhere do not matter, and a row of objects is left on its right."""
    for x in (0, 2.2, 4.4, 20):
        cube(2.0, at=(x, 0, 0))
    cube(2.0, at=(0, 8, 0))
    root = land(model)
    assert 5.4 <= space(root).left < 6.0


def test_the_box_is_that_of_the_corners() -> None:
    """It is exact for a turned and scaled object."""
    turned = cube(2.0, at=(1, 2, 3))
    turned.rotation_euler, turned.scale = (0.3, 0.5, 0.7), (1, 2, -3)
    bpy.context.view_layer.update()
    corners = [turned.matrix_world @ Vector(each) for each in turned.bound_box]
    found = grid_layout.box(turned, turned.matrix_world)
    for axis, (low, high) in enumerate(
        ((found.left, found.right), (found.front, found.back), (found.bottom, found.top))
    ):
        assert low == pytest.approx(min(each[axis] for each in corners), abs=1e-5)
        assert high == pytest.approx(max(each[axis] for each in corners), abs=1e-5)


def test_a_result_is_selected_alone(model: Path) -> None:
    """It becomes active; nothing is selected in a scene that is not shown."""
    other = cube(2.0)
    placed = place_model(model, PLAIN, BESIDE)
    assert other.select_get() and not placed.root.select_get()
    assert not select(placed, bpy.data.scenes.new("Other"))
    assert other.select_get()
    assert select(placed)
    assert not other.select_get() and placed.root.select_get()
    assert bpy.context.view_layer.objects.active == placed.root


def test_a_hidden_result_is_not_selected(model: Path) -> None:
    """The selection stays when nothing of the result can be seen."""
    other = cube(2.0)
    placed = place_model(model, PLAIN, BESIDE)
    bpy.context.view_layer.layer_collection.children["Mint"].hide_viewport = True
    assert not select(placed)
    assert other.select_get() and bpy.context.view_layer.objects.active == other
