# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing a model: its parts, names, provenance and collection, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.bounds import bounds, world_points  # noqa: E402
from mint_blender.scene.gltf.gltf_import import import_glb  # noqa: E402
from mint_blender.scene.place import PlaceOptions, Provenance, SceneImportError, find, place_model  # noqa: E402
from mint_blender.scene.tags import read  # noqa: E402

from .place_helpers import LAMP, ORIGIN  # noqa: E402
from .scene_snapshot import SceneSnapshot  # noqa: E402


@pytest.mark.feature("import of models")
def test_one_mesh_is_its_own_root(model: Path) -> None:
    """One mesh under a bare node becomes one object with applied transform and no empty.

    Its origin is on the floor.
    """
    placed = place_model(model, LAMP, ORIGIN)
    (lamp,) = placed.objects
    assert lamp == placed.root and lamp.type == "MESH"
    assert tuple(lamp.scale) == (1, 1, 1) and tuple(lamp.rotation_euler) == (0, 0, 0)
    assert min(vertex.co.z for vertex in lamp.data.vertices) == pytest.approx(0, abs=1e-6)
    assert not [each for each in bpy.data.objects if each.type == "EMPTY"]


def test_everything_is_named_after_the_model(model: Path) -> None:
    """Object, mesh, material, picture and collection have the model's name."""
    placed = place_model(model, LAMP)
    data = placed.root.data
    named = [placed.root, data, data.materials[0], placed.collection]
    named += [each for each in bpy.data.images if each.source == "FILE"]
    assert [each.name for each in named] == ["Ceramic Lamp"] * 5


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
    assert [high[axis] - low[axis] for axis in range(3)] == pytest.approx([2, 5.2, 2])


def _at_frames(objects: list[bpy.types.Object]) -> list[np.ndarray]:
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


def test_provenance_is_on_the_root(model: Path) -> None:
    """Prompt, ids, preset, link, file and date are on the root, which is found by them."""
    placed = place_model(model, LAMP)
    for name in ("prompt", "mint_url", "file_used", "file_reason"):
        assert placed.root[f"mint_{name.removeprefix('mint_')}"] == getattr(LAMP, name)
    assert read(placed.root) == LAMP
    assert find(job_id="job_1").root == placed.root == find(asset_id="mdl_1").root
    assert find(job_id="job_2") is None


def test_results_are_in_the_collection_mint(model: Path) -> None:
    """Each result has a collection of its own, inside the scene's collection “Mint”."""
    first, second = place_model(model, LAMP), place_model(model, LAMP)
    (home,) = [each for each in bpy.context.scene.collection.children if each.name == "Mint"]
    assert list(home.children) == [first.collection, second.collection]
    assert all(list(each.root.users_collection) == [each.collection] for each in (first, second))


def test_each_scene_has_its_own_mint_collection(model: Path) -> None:
    """A model that is placed in another scene does not appear in this one."""
    other = bpy.data.scenes.new("Other")
    place_model(model, LAMP)
    placed = place_model(model, LAMP, scene=other)
    assert placed.root.name in other.objects and placed.root.name not in bpy.context.scene.objects
    assert len(bpy.context.scene.objects) == 1


def test_a_name_is_made_from_the_prompt_when_there_is_none(model: Path) -> None:
    """It is the beginning of the prompt, cut between words; without a prompt “Mint model”."""
    long = Provenance(job_id="a", prompt="a lighthouse " * 20)
    assert place_model(model, long).root.name == "a lighthouse a lighthouse a lighthouse a…"
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
