# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing a model: its parts, names and provenance, its place and size, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds, world_points
from mint_blender.scene.gltf.gltf_import import import_glb
from mint_blender.scene.model import grid_layout
from mint_blender.scene.place import (
    PlaceOptions,
    Provenance,
    SceneImportError,
    find,
    place_model,
    place_world,
    select,
)
from mint_blender.scene.tags import read

from . import world_helpers
from .place_helpers import LAMP, ORIGIN, PLAIN, extent
from .scene_snapshot import SceneSnapshot


@pytest.mark.feature("import of models")
def test_one_mesh_is_its_own_root(model: Path) -> None:
    """One mesh under a bare node becomes one object with applied transform and no empty."""
    placed = place_model(model, LAMP, ORIGIN)
    (lamp,) = placed.objects
    assert lamp == placed.root and lamp.type == "MESH"
    assert lamp.scale[:] == (1, 1, 1) and lamp.rotation_euler[:] == (0, 0, 0)
    assert min(vertex.co.z for vertex in lamp.data.vertices) == pytest.approx(0, abs=1e-6)
    assert not [each for each in bpy.data.objects if each.type == "EMPTY"]
    named = [lamp, lamp.data, lamp.data.materials[0], placed.collection]
    named += [each for each in bpy.data.images if each.source == "FILE"]
    assert [each.name for each in named] == ["Ceramic Lamp"] * 5
    for name in ("prompt", "mint_url", "file_used", "file_reason"):
        assert lamp[f"mint_{name.removeprefix('mint_')}"] == getattr(LAMP, name)
    assert read(lamp) == LAMP
    assert find(job_id="job_1").root == lamp == find(asset_id="mdl_1").root
    assert find(job_id="job_2") is None


def test_names_in_lower_case_take_the_case_of_the_model(tmp_path: Path) -> None:
    """A mesh “truck” of a model “Truck” gets the model's name, which is not repeated."""
    glb = glb_fixtures.Glb()
    for name in ("truck", "truck wheel", "glass"):
        glb.node(mesh=glb.mesh(glb_fixtures.box(glb), name=name), name=name)
    placed = place_model(glb.save(tmp_path / "m.glb"), Provenance(job_id="j", name="Truck"))
    names = {each.data.name for each in placed.objects if each.type == "MESH"}
    assert names == {"Truck", "Truck wheel", "Truck glass"}


def test_several_parts_are_parented_to_one_root(tmp_path: Path) -> None:
    """Part names follow the model's; bare nodes are removed and nothing has moved."""
    glb = glb_fixtures.Glb()
    material = glb.material(name="paint")
    corners = {"leg": ((-0.1, 0, -0.1), (0.1, 1, 0.1)), "top": ((-1, 1, -1), (1, 2, 1))}
    leg, top = (
        glb.mesh(glb_fixtures.box(glb, *box, material), name=name) for name, box in corners.items()
    )
    leg = glb.node(root=False, mesh=leg, name="leg", translation=[2, 0, 0])
    turned = {"rotation": [0, 0.7071068, 0, 0.7071068], "scale": [2, 2, 2]}
    pivot = glb.node(root=False, children=[leg], name="pivot", **turned)
    glb.node(mesh=top, children=[pivot], name="top")
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, ORIGIN)
    assert placed.objects[0].name == "Ceramic Lamp"
    names = {each.name for each in placed.objects}
    assert names == {"Ceramic Lamp", "Ceramic Lamp leg", "Ceramic Lamp top"}
    assert placed.root.type == "EMPTY"
    assert len([each for each in placed.objects if each.type == "EMPTY"]) == 1
    low, high = bounds(placed.objects)
    # from -1 to 1 and out to 4.2 along the turn
    assert low == pytest.approx((-1, -2.6, 0)) and high == pytest.approx((1, 2.6, 2))


def _at_frames(objects: Sequence[bpy.types.Object]) -> list[np.ndarray]:
    """Return all vertices in world space at the first, a middle and the last frame."""
    found, meshes = [], [each for each in objects if each.type == "MESH"]
    for frame in (1, 12, 24):
        bpy.context.scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        found.append(np.concatenate([world_points(each.evaluated_get(graph)) for each in meshes]))
    return found


ABOVE = {
    "nothing": None,
    "a bare node": {},
    "a node that turns it upright": {"rotation": [-0.7071068, 0, 0, 0.7071068], "scale": [0.5, 0.5, 0.5], "translation": [0, 3, 0]},
    "a node that squeezes it": {"rotation": [0, 0, 0.3826834, 0.9238795], "scale": [1, 3, 1]},
}  # fmt: skip


@pytest.mark.parametrize("height", [None, 2.5])
@pytest.mark.parametrize("above", ABOVE)
@pytest.mark.feature("animations")
def test_an_animation_moves_as_in_a_plain_import(
    above: str, height: float | None, tmp_path: Path
) -> None:
    """It begins at the requested point, whatever node is above it, and moves from there."""
    path, at = glb_fixtures.wandering(tmp_path / "m.glb", above=ABOVE[above]), np.array((5, 6, 7))
    plain = _at_frames(import_glb(path, bpy.context.scene.collection))
    low, high = plain[0].min(axis=0), plain[0].max(axis=0)
    foot = np.array([*(low + high)[:2] / 2, low[2]])
    scale = height / (high[2] - low[2]) if height else 1.0
    placed = place_model(path, LAMP, PlaceOptions(at=tuple(at), height=height))
    for expected, found in zip(plain, _at_frames(placed.objects), strict=True):
        np.testing.assert_allclose(found, (expected - foot) * scale + at, atol=1e-4)


def test_results_are_in_the_collection_mint(model: Path) -> None:
    """Each result has a collection of its own, inside the scene's collection “Mint”."""
    first, second = place_model(model, LAMP), place_model(model, LAMP)
    (home,) = [each for each in bpy.context.scene.collection.children if each.name == "Mint"]
    assert list(home.children) == [first.collection, second.collection]
    assert all(list(each.root.users_collection) == [each.collection] for each in (first, second))
    other = bpy.data.scenes.new("Other")
    placed = place_model(model, LAMP, scene=other)
    assert placed.root.name in other.objects and placed.root.name not in bpy.context.scene.objects


def test_a_name_is_made_from_the_prompt_when_there_is_none(model: Path) -> None:
    """It is a few words of the prompt; without a prompt “Mint model”."""
    long = Provenance(job_id="a", prompt="a stone lighthouse on a cliff")
    assert place_model(model, long).root.name == "stone lighthouse"
    assert place_model(model, Provenance(job_id="b")).root.name == "Mint model"


def test_an_import_that_fails_late_leaves_nothing(tmp_path: Path) -> None:
    """A file without a surface is refused, and the collections made for it are removed."""
    before = SceneSnapshot()
    glb = glb_fixtures.Glb()
    glb.node(name="nothing")
    with pytest.raises(SceneImportError, match=r"m\.glb"):
        place_model(glb.save(tmp_path / "m.glb"), LAMP)
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize(
    "switch", ["exclude", "hide_viewport", "hide everywhere", "hide around it"]
)
def test_a_note_says_that_a_result_is_hidden(switch: str, model: Path) -> None:
    """A hidden collection “Mint” stays hidden, and the note names what to switch on."""
    assert place_model(model, LAMP).notes == ()
    layer = bpy.context.view_layer.layer_collection.children["Mint"]
    if switch == "hide everywhere":
        layer.collection.hide_viewport = True
    elif switch == "hide around it":
        around = bpy.data.collections.new("Props")
        bpy.context.scene.collection.children.link(around)
        around.children.link(layer.collection)
        bpy.context.scene.collection.children.unlink(layer.collection)
        bpy.context.view_layer.layer_collection.children["Props"].exclude = True
    else:
        setattr(layer, switch, True)
    placed = place_model(model, LAMP)
    (note,) = placed.notes
    assert ("“Props”" if switch == "hide around it" else "“Mint”") in note and "Outliner" in note
    bpy.context.view_layer.update()
    assert not placed.root.visible_get()


# -- Where it stands, how large it is, and how that is measured


@pytest.mark.covers("C9-floor")
def test_bottom_center_is_on_the_floor_at_the_cursor(tmp_path: Path) -> None:
    """A model with any origin stands on the 3D cursor in its delivered size."""
    bpy.context.scene.cursor.location = (1, 2, 3)
    placed = place_model(glb_fixtures.simple(tmp_path / "m.glb", (4, 4, 4), (6, 8, 5)), LAMP)
    assert extent(placed) == ([0, 1.5, 3], [2, 2.5, 7])
    assert placed.root.location[:] == placed.root.matrix_world.translation[:] == (1, 2, 3)


BOX, TALL = ((-0.5, 0, -0.5), (0.5, 1, 0.5)), ((-0.5, 0, -0.5), (0.5, 2, 0.5))
SHEET = ((-1, 0, -1), (1, 0, 1))


@pytest.mark.covers("C9-height", "C9-measured")
@pytest.mark.parametrize("system", ["METRIC", "IMPERIAL"])
@pytest.mark.parametrize(
    ("corners", "height", "expected"),
    [
        (BOX, None, ([-0.5, -0.5, 0], [0.5, 0.5, 1])),
        (TALL, 3, ([-0.75, -0.75, 0], [0.75, 0.75, 3])),
        (SHEET, 3, ([-1, -1, 0], [1, 1, 0])),  # it cannot be scaled to a height
    ],
    ids=["box", "tall", "sheet"],
)
def test_a_height_scales_evenly(
    system: str, corners: Any, height: float | None, expected: Any, tmp_path: Path
) -> None:
    """At the point of the click, wherever the cursor is by now."""
    bpy.context.scene.unit_settings.system = system
    bpy.context.scene.cursor.location = (9, 9, 9)
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, *corners)))
    glb.json["accessors"][0] |= {"min": [-9, -9, -9], "max": [9, 9, 9]}
    where = PlaceOptions(at=(0, 0, 0), height=height)
    assert extent(place_model(glb.save(tmp_path / "m.glb"), LAMP, where)) == expected


@pytest.mark.covers("C9-front")
def test_a_model_faces_the_front_view(tmp_path: Path) -> None:
    """Its front, +Z in glTF, points along -Y as Blender's front view expects; up is up."""
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, (-0.5, 0, -0.5), (0.5, 1, 0.5))), name="body")
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, (-0.1, 0.4, 0.5), (0.1, 0.6, 0.9))), name="nose")
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, ORIGIN)
    (nose,) = [each for each in placed.objects if "nose" in each.name]
    low, high = bounds(placed.objects)
    nose_low, _ = bounds([nose, placed.root])
    assert nose_low[1] == pytest.approx(low[1])
    assert nose_low[1] < -0.6 and high[2] == pytest.approx(1)


@pytest.mark.parametrize("height", [0, -1, float("nan"), float("inf")])
def test_an_impossible_height_is_refused(model: Path, height: float) -> None:
    """Zero, negative and infinite heights give a sentence, and nothing has changed."""
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="height"):
        place_model(model, LAMP, PlaceOptions(at=(0, 0, 0), height=height))
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("unit", [0.01, 0.001, 0.3048, 1000.0])
@pytest.mark.parametrize("make", ["simple", "skinned", "animated"])
def test_size_and_position_in_any_unit_scale(unit: float, make: str, tmp_path: Path) -> None:
    """A model of one meter (the skinned one of two) keeps its length, at the cursor."""
    bpy.context.scene.unit_settings.scale_length = unit
    bpy.context.scene.cursor.location = (5, 6, 7)
    path = getattr(glb_fixtures, make)(tmp_path / "m.glb")
    low, high = bounds(place_model(path, LAMP).objects)
    close = max(1e-4 / unit, 2e-6)  # a coordinate near 7 has no more digits
    assert (high[2] - low[2]) * unit == pytest.approx(2 if make == "skinned" else 1, rel=1e-3)
    assert low[2] == pytest.approx(7, abs=close)
    assert ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2) == pytest.approx((5, 6), abs=close)
    low, high = bounds(place_model(path, LAMP, PlaceOptions(at=(0, 0, 0), height=4)).objects)
    assert (low[2], high[2]) == pytest.approx((0, 4), abs=1e-4)


def test_instances_are_measured(tmp_path: Path) -> None:
    """One mesh is shown three times, by nodes and by EXT_mesh_gpu_instancing."""
    glb = glb_fixtures.Glb()
    mesh = glb.mesh(glb_fixtures.box(glb))
    glb.node(mesh=mesh, name="many", extensions=glb.instances([(0, 0, 0), (4, 0, 0), (0, 3, 0)]))
    glb.node(mesh=mesh, name="one", translation=[0, 0, 8])
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, ORIGIN)
    low, high = extent(placed)
    assert ([high[axis] - low[axis] for axis in range(3)], low[2]) == ([5, 9, 4], 0)
    assert len({each.data for each in placed.objects if each.type == "MESH"}) == 1


# -- Beside what occupies its spot


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
    assert there.location[:] == (0, 0, 0)


@pytest.mark.parametrize("heights", [(None, None, None), (10, 0.5, 3)])
def test_a_second_model_lands_beside_the_first(
    heights: tuple[float | None, ...], model: Path
) -> None:
    """A third one is beside both, however different their sizes are, and none has moved."""
    places = [PlaceOptions(at=(0, 0, 0), height=each, beside=True) for each in heights]
    first = land(model, places[0], job="a")
    before = first.location[:]
    second, third = land(model, places[1], job="b"), land(model, places[2], job="c")
    assert first.location[:] == before == (0, 0, 0)
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


def test_a_second_world_is_beside_the_first(tmp_path: Path) -> None:
    """What is in the way of a model is not: it may be inside. A script may put both anywhere."""
    cube(2.0)
    files = world_helpers.all_parts(tmp_path)
    first, second, third = (
        place_world(files, Provenance(job_id=job, name="Hall"), where).root
        for job, where in (("a", BESIDE), ("b", BESIDE), ("c", ORIGIN))
    )
    assert first.location[:] == third.location[:] == (0, 0, 0)
    assert space(first).right < space(second).left
    assert second.location[1:] == (0, 0)


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


def test_a_result_is_selected_alone(model: Path) -> None:
    """It becomes active; nothing is selected in a scene that is not shown, or of a hidden result."""
    other = cube(2.0)
    placed = place_model(model, PLAIN, BESIDE)
    layer = bpy.context.view_layer
    hidden = layer.layer_collection.children["Mint"]
    hidden.hide_viewport = True
    assert not select(placed) and not select(placed, bpy.data.scenes.new("Other"))
    assert other.select_get() and layer.objects.active == other
    hidden.hide_viewport = False
    assert select(placed)
    assert not other.select_get() and placed.root.select_get()
    assert layer.objects.active == placed.root


def test_a_wide_result_moves_right_as_far_as_needed() -> None:
    """What only touches another one stays where it is."""
    own = grid_layout.Footprint(0, 1, 0, 1)
    touching = [grid_layout.Footprint(1, 2, 0, 1), grid_layout.Footprint(0, 1, 5, 6)]
    assert grid_layout.free_shift(own, touching) == 0
    assert grid_layout.free_shift(own, [grid_layout.Footprint(0.5, 2, 0, 1)]) == pytest.approx(2.1)
    others = [grid_layout.Footprint(3, 4, 0, 1), grid_layout.Footprint(-1, 2.5, 0, 1)]
    assert grid_layout.free_shift(own, others) == pytest.approx(4.1)
