# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model becomes in the scene: upright, on the floor, tidy, named, told where it came from,
and all of it or nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds, world_points  # noqa: E402
from mint_blender.scene.gltf_import import import_glb  # noqa: E402
from mint_blender.scene.place import PlaceOptions, Provenance, SceneImportError, find, place_model  # noqa: E402
from mint_blender.scene.tags import read  # noqa: E402

from .scene_snapshot import SceneSnapshot  # noqa: E402

LAMP = Provenance(
    job_id="job_1",
    operation_id="op_1",
    asset_id="mdl_1",
    kind="model",
    prompt="a small ceramic lamp with an orange shade",
    name="Ceramic Lamp",
    preset="fast",
    mint_url="https://mint.gg/models/mdl_1",
    file_used="original",
    file_reason="The original file was taken: there is no optimized one.",
    created_at="2026-01-02T03:04:05Z",
)


def _extent(placed) -> tuple[list[float], list[float]]:
    low, high = bounds(placed.objects)
    return [round(value, 4) + 0.0 for value in low], [round(value, 4) + 0.0 for value in high]


def test_bottom_center_is_on_the_floor_at_the_cursor(tmp_path: Path) -> None:
    """A model whose origin is anywhere stands with the middle of its underside on the 3D cursor, as
    large as it was delivered.
    """
    bpy.context.scene.cursor.location = (1, 2, 3)
    placed = place_model(glb_fixtures.simple(tmp_path / "m.glb", (4, 4, 4), (6, 8, 5)), LAMP)
    assert _extent(placed) == ([0, 1.5, 3], [2, 2.5, 7])
    assert tuple(placed.root.location) == tuple(placed.root.matrix_world.translation) == (1, 2, 3)


def test_a_point_of_the_click_wins_over_the_cursor(model: Path) -> None:
    """The place remembered at the click is used, wherever the cursor is by now."""
    bpy.context.scene.cursor.location = (9, 9, 9)
    assert _extent(place_model(model, LAMP, PlaceOptions(at=(0, 0, 0)))) == (
        [-0.5, -0.5, 0],
        [0.5, 0.5, 1],
    )


def test_a_height_in_scene_units_scales_evenly(tmp_path: Path) -> None:
    """Asked for a height of 3, a model 2 high and 1 wide becomes 3 high and 1.5 wide."""
    placed = place_model(
        glb_fixtures.simple(tmp_path / "m.glb", (-0.5, 0, -0.5), (0.5, 2, 0.5)),
        LAMP,
        PlaceOptions(at=(0, 0, 0), height=3),
    )
    assert _extent(placed) == ([-0.75, -0.75, 0], [0.75, 0.75, 3])


def test_the_unit_scale_of_the_scene_counts(model: Path) -> None:
    """In a scene measured in centimeters a model of one meter is 100 units high, and one asked to
    be 30 high is 30.
    """
    bpy.context.scene.unit_settings.scale_length = 0.01
    assert _extent(place_model(model, LAMP, PlaceOptions(at=(0, 0, 0))))[1][2] == 100
    assert _extent(place_model(model, LAMP, PlaceOptions(at=(0, 0, 0), height=30)))[1][2] == 30


def test_it_faces_the_front_view(tmp_path: Path) -> None:
    """What points along +Z in glTF, its front, points along -Y here, which Blender's front view
    looks at; up is up.
    """
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, (-0.5, 0, -0.5), (0.5, 1, 0.5))), name="body")
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb, (-0.1, 0.4, 0.5), (0.1, 0.6, 0.9))), name="nose")
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, PlaceOptions(at=(0, 0, 0)))
    (nose,) = [each for each in placed.objects if "nose" in each.name]
    low, high = bounds(placed.objects)
    nose_low, _ = bounds([nose, placed.root])
    assert nose_low[1] == pytest.approx(low[1])
    assert nose_low[1] < -0.6 and high[2] == pytest.approx(1)


def test_a_pose_is_measured_as_it_is_shown(tmp_path: Path) -> None:
    """A skinned model whose pose makes it twice as high as its mesh is scaled and placed by what
    one sees.
    """
    placed = place_model(
        glb_fixtures.skinned(tmp_path / "m.glb"), LAMP, PlaceOptions(at=(0, 0, 0), height=4)
    )
    low, high = _extent(placed)
    assert (low[2], high[2]) == (0, 4)


def test_one_mesh_is_its_own_root(model: Path) -> None:
    """A single textured mesh under a bare node becomes one object: no empty, transform applied,
    origin on the floor.
    """
    placed = place_model(model, LAMP, PlaceOptions(at=(0, 0, 0)))
    (lamp,) = placed.objects
    assert lamp == placed.root and lamp.type == "MESH"
    assert tuple(lamp.scale) == (1, 1, 1) and tuple(lamp.rotation_euler) == (0, 0, 0)
    assert min(vertex.co.z for vertex in lamp.data.vertices) == pytest.approx(0, abs=1e-6)
    assert not [each for each in bpy.data.objects if each.type == "EMPTY"]


def test_everything_bears_its_name(model: Path) -> None:
    """Object, mesh, material, picture and collection are called as the model is."""
    placed = place_model(model, LAMP)
    names = [
        placed.root.name,
        placed.root.data.name,
        placed.root.data.materials[0].name,
        placed.collection.name,
    ]
    names += [each.name for each in bpy.data.images if each.source == "FILE"]
    assert names == ["Ceramic Lamp"] * 5


def test_a_name_that_the_file_writes_small_is_written_as_the_model_s(tmp_path: Path) -> None:
    """A mesh “truck” of a model “Truck” bears the very name of the model, and nothing is named
    twice over.
    """
    glb = glb_fixtures.Glb()
    for name in ("truck", "truck wheel", "glass"):
        glb.node(mesh=glb.mesh(glb_fixtures.box(glb), name=name), name=name)
    placed = place_model(glb.save(tmp_path / "m.glb"), Provenance(job_id="j", name="Truck"))
    assert {each.data.name for each in placed.objects if each.type == "MESH"} == {
        "Truck",
        "Truck wheel",
        "Truck glass",
    }


def test_several_parts_hang_under_one_root(tmp_path: Path) -> None:
    """Parts keep their own names behind the model's; bare nodes between them and the root are gone
    and nothing has moved.
    """
    glb = glb_fixtures.Glb()
    material = glb.material(name="paint")
    leg = glb.node(
        root=False,
        mesh=glb.mesh(glb_fixtures.box(glb, (-0.1, 0, -0.1), (0.1, 1, 0.1), material), name="leg"),
        name="leg",
        translation=[2, 0, 0],
    )
    turned = glb.node(
        root=False,
        children=[leg],
        name="pivot",
        rotation=[0, 0.7071068, 0, 0.7071068],
        scale=[2, 2, 2],
    )
    glb.node(
        mesh=glb.mesh(glb_fixtures.box(glb, (-1, 1, -1), (1, 2, 1), material), name="top"),
        children=[turned],
        name="top",
    )
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, PlaceOptions(at=(0, 0, 0)))
    assert placed.objects[0].name == "Ceramic Lamp"
    assert {each.name for each in placed.objects} == {
        "Ceramic Lamp",
        "Ceramic Lamp leg",
        "Ceramic Lamp top",
    }
    assert (
        placed.root.type == "EMPTY"
        and len([each for each in placed.objects if each.type == "EMPTY"]) == 1
    )
    low, high = bounds(placed.objects)
    # from -1 to 1 and out to 4.2 along the turn
    assert [high[axis] - low[axis] for axis in range(3)] == pytest.approx([2, 5.2, 2])


def test_an_animated_node_stays(tmp_path: Path) -> None:
    """Tidying takes no node that moves: the wheel still turns."""
    placed = place_model(glb_fixtures.animated(tmp_path / "m.glb"), LAMP)
    (wheel,) = [each for each in placed.objects if "wheel" in each.name]
    assert wheel.animation_data is not None and wheel.animation_data.action is not None


def _at_frames(objects: list[bpy.types.Object]) -> list[np.ndarray]:
    """All vertices in the world, at the first frame, in the middle and at the end of what moves
    them.
    """
    found = []
    for frame in (1, 12, 24):
        bpy.context.scene.frame_set(frame)
        depsgraph = bpy.context.evaluated_depsgraph_get()
        found.append(
            np.concatenate(
                [
                    world_points(each.evaluated_get(depsgraph))
                    for each in objects
                    if each.type == "MESH"
                ]
            )
        )
    return found


ABOVE = {
    "nothing": None,
    "a bare node": {},
    "a node that turns it upright": {
        "rotation": [-0.7071068, 0, 0, 0.7071068],
        "scale": [0.5, 0.5, 0.5],
        "translation": [0, 3, 0],
    },
    "a node that squeezes it": {"rotation": [0, 0, 0.3826834, 0.9238795], "scale": [1, 3, 1]},
}


@pytest.mark.parametrize("height", [None, 2.5])
@pytest.mark.parametrize("above", ABOVE)
def test_what_moves_moves_as_the_file_says(
    above: str, height: float | None, tmp_path: Path
) -> None:
    """Wherever its node is and whatever is over it: it stands on the point at first, and goes from
    there as in a plain import.
    """
    path, at = glb_fixtures.wandering(tmp_path / "m.glb", above=ABOVE[above]), np.array((5, 6, 7))
    plain = _at_frames(import_glb(path, bpy.context.scene.collection))
    low, high = plain[0].min(axis=0), plain[0].max(axis=0)
    foot, scale = (
        np.array([*(low + high)[:2] / 2, low[2]]),
        height / (high[2] - low[2]) if height else 1.0,
    )
    placed = place_model(path, LAMP, PlaceOptions(at=tuple(at), height=height))
    for expected, found in zip(plain, _at_frames(placed.objects), strict=True):
        np.testing.assert_allclose(found, (expected - foot) * scale + at, atol=1e-4)


def test_provenance_is_on_the_root(model: Path) -> None:
    """Prompt, ids, preset, link, file and date can be read on the root object, and the object is
    found by them.
    """
    placed = place_model(model, LAMP)
    assert placed.root["mint_prompt"] == LAMP.prompt
    assert placed.root["mint_url"] == LAMP.mint_url
    assert (placed.root["mint_file_used"], placed.root["mint_file_reason"]) == (
        LAMP.file_used,
        LAMP.file_reason,
    )
    assert read(placed.root) == LAMP
    assert find(job_id="job_1").root == placed.root == find(asset_id="mdl_1").root
    assert find(job_id="job_2") is None


def test_results_are_gathered_under_mint(model: Path) -> None:
    """Each result has a collection of its own, and all are under one collection “Mint” of the
    scene.
    """
    first, second = place_model(model, LAMP), place_model(model, LAMP)
    (home,) = [each for each in bpy.context.scene.collection.children if each.name == "Mint"]
    assert list(home.children) == [first.collection, second.collection]
    assert all(list(each.root.users_collection) == [each.collection] for each in (first, second))


def test_each_scene_has_its_own_mint(model: Path) -> None:
    """A model that lands in another scene does not appear in this one."""
    other = bpy.data.scenes.new("Other")
    place_model(model, LAMP)
    placed = place_model(model, LAMP, scene=other)
    assert placed.root.name in other.objects and placed.root.name not in bpy.context.scene.objects
    assert len(bpy.context.scene.objects) == 1


def test_a_name_is_made_from_the_prompt_when_there_is_none(model: Path) -> None:
    """Without a name the beginning of the prompt serves, cut between words; without both it is a
    Mint model.
    """
    long = "a lighthouse " * 20
    assert (
        place_model(model, Provenance(job_id="a", prompt=long)).root.name
        == "a lighthouse a lighthouse a lighthouse a…"
    )
    assert place_model(model, Provenance(job_id="b")).root.name == "Mint model"


def test_a_landing_that_fails_late_leaves_nothing(tmp_path: Path) -> None:
    """A file that imports well but has no surface is refused, and the collections that were made
    for it are gone too.
    """
    before = SceneSnapshot()
    glb = glb_fixtures.Glb()
    glb.node(name="nothing")
    with pytest.raises(SceneImportError, match=r"m\.glb"):
        place_model(glb.save(tmp_path / "m.glb"), LAMP)
    before.assert_same(SceneSnapshot())


def test_hidden_collection_and_frame_do_not_matter(tmp_path: Path) -> None:
    """A “Mint” collection that the user has excluded, and a frame in the middle of an animation,
    change no measurement.
    """
    first = place_model(glb_fixtures.simple(tmp_path / "a.glb"), LAMP)
    bpy.context.view_layer.layer_collection.children["Mint"].exclude = True
    bpy.context.scene.frame_set(200)
    placed = place_model(
        glb_fixtures.simple(tmp_path / "b.glb", (3, 3, 3), (4, 5, 4)),
        LAMP,
        PlaceOptions(at=(0, 0, 0), height=1),
    )
    assert first.root != placed.root
    assert _extent(placed) == ([-0.25, -0.25, 0], [0.25, 0.25, 1])


@pytest.mark.parametrize(
    "switch", ["exclude", "hide_viewport", "hide everywhere", "hide around it"]
)
def test_what_lands_out_of_sight_is_said(switch: str, model: Path) -> None:
    """A “Mint” collection that the user has switched off stays off, and a sentence names what to
    switch on.
    """
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


@pytest.mark.parametrize("height", [0, -1, float("nan"), float("inf")])
def test_a_height_that_is_none_is_refused(model: Path, height: float) -> None:
    """No model can be zero, minus one or infinitely high: a sentence, and nothing has changed."""
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="height"):
        place_model(model, LAMP, PlaceOptions(at=(0, 0, 0), height=height))
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("unit", [0.01, 0.001, 0.3048, 1000.0])
@pytest.mark.parametrize("make", ["simple", "skinned", "animated"])
def test_any_unit_scale(unit: float, make: str, tmp_path: Path) -> None:
    """Centimeters, millimeters, feet, kilometers: a model of one meter (the skinned one of two) is
    that long, standing on the cursor.
    """
    bpy.context.scene.unit_settings.scale_length = unit
    bpy.context.scene.cursor.location = (5, 6, 7)
    placed = place_model(getattr(glb_fixtures, make)(tmp_path / "m.glb"), LAMP)
    low, high = bounds(placed.objects)
    close = max(1e-4 / unit, 2e-6)  # a coordinate near 7 has no more digits
    assert (high[2] - low[2]) * unit == pytest.approx(2 if make == "skinned" else 1, rel=1e-3)
    assert low[2] == pytest.approx(7, abs=close)
    assert ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2) == pytest.approx((5, 6), abs=close)
    again = place_model(
        getattr(glb_fixtures, make)(tmp_path / "m.glb"), LAMP, PlaceOptions(at=(0, 0, 0), height=4)
    )
    low, high = bounds(again.objects)
    assert (low[2], high[2]) == pytest.approx((0, 4), abs=1e-4)


def test_imperial_units_change_what_is_shown_only(model: Path) -> None:
    """The system of units is a way of writing lengths: with feet and inches, and a unit scale of 1,
    the model has the same numbers.
    """
    bpy.context.scene.unit_settings.system = "IMPERIAL"
    assert _extent(place_model(model, LAMP, PlaceOptions(at=(0, 0, 0)))) == (
        [-0.5, -0.5, 0],
        [0.5, 0.5, 1],
    )


def _turned(path: Path, size: float = 1.0, *, flat: bool = False, far: float = 0.0) -> Path:
    """A box under a node that turns, shears by its parent, and moves it."""
    glb = glb_fixtures.Glb()
    top = 0.0 if flat else size
    mesh = glb.mesh(glb_fixtures.box(glb, (-size, 0, -size), (size, top, size)))
    inner = glb.node(
        root=False,
        mesh=mesh,
        name="inner",
        rotation=[0, 0.3826834, 0, 0.9238795],
        translation=[far, far, far],
    )
    glb.node(
        children=[inner],
        name="outer",
        rotation=[0.2588190, 0, 0, 0.9659258],
        scale=[1, 1, 1] if flat else [1, 2, 1],
    )
    return glb.save(path)


@pytest.mark.parametrize(
    ("size", "flat", "far"),
    [(1, False, 0), (1, True, 0), (5000, False, 0), (0.0005, False, 0), (1, False, 300)],
)
def test_turned_flat_huge_and_tiny_models_stand_on_the_floor(
    size: float, flat: bool, far: float, tmp_path: Path
) -> None:
    """However a model is turned, how large it is and how far from its origin: its lowest point is
    on the floor, its middle at the cursor.
    """
    placed = place_model(
        _turned(tmp_path / "m.glb", size, flat=flat, far=far), LAMP, PlaceOptions(at=(1, 2, 3))
    )
    low, high = bounds(placed.objects)
    close = 2e-6 * max(size, far, 1)
    assert low[2] == pytest.approx(3, abs=close)
    assert ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2) == pytest.approx((1, 2), abs=close)
    assert high[2] - low[2] > size / 2 and tuple(placed.root.location) == (1, 2, 3)


def test_a_flat_sheet_stays_as_it_was_delivered(tmp_path: Path) -> None:
    """Nothing can scale no height to a height: a sheet on the floor keeps its size, without an
    error.
    """
    placed = place_model(
        glb_fixtures.simple(tmp_path / "m.glb", (-1, 0, -1), (1, 0, 1)),
        LAMP,
        PlaceOptions(at=(0, 0, 0), height=3),
    )
    assert _extent(placed) == ([-1, -1, 0], [1, 1, 0])


def test_what_the_file_says_about_its_bounds_is_only_a_hint(tmp_path: Path) -> None:
    """`min` and `max` of the positions lie: it is what arrived that is measured."""
    glb = glb_fixtures.Glb()
    glb.node(mesh=glb.mesh(glb_fixtures.box(glb)))
    glb.json["accessors"][0] |= {"min": [-9, -9, -9], "max": [9, 9, 9]}
    assert _extent(
        place_model(glb.save(tmp_path / "m.glb"), LAMP, PlaceOptions(at=(0, 0, 0), height=2))
    ) == ([-1, -1, 0], [1, 1, 2])


def test_instances_are_measured_too(tmp_path: Path) -> None:
    """One mesh shown three times, by nodes and by EXT_mesh_gpu_instancing: all of them count, and
    stand where the file has them.
    """
    glb = glb_fixtures.Glb()
    mesh = glb.mesh(glb_fixtures.box(glb))
    places = glb.accessor([(0, 0, 0), (4, 0, 0), (0, 3, 0)], "f4")
    glb.json["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    glb.node(
        mesh=mesh,
        name="many",
        extensions={"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": places}}},
    )
    glb.node(mesh=mesh, name="one", translation=[0, 0, 8])
    placed = place_model(glb.save(tmp_path / "m.glb"), LAMP, PlaceOptions(at=(0, 0, 0)))
    low, high = _extent(placed)
    assert ([high[axis] - low[axis] for axis in range(3)], low[2]) == ([5, 9, 4], 0)
    assert len({each.data for each in placed.objects if each.type == "MESH"}) == 1
