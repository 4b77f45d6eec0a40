# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing a result while the user is working: mode, selection and edits stay as they are."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ..conftest import DOES_NOT_APPLY
from . import glb_fixtures
from .glb_fixtures import KINDS

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import bmesh

from mint_blender.scene import undo_step
from mint_blender.scene.model import grid_layout
from mint_blender.scene.place import PlaceOptions, Provenance, SceneImportError, place_model
from mint_blender.scene.update.replace import replace_model

from . import sample_scene
from .place_helpers import ASIDE, PLAIN
from .scene_snapshot import SceneSnapshot
from .undo_check import act_undo_redo, override, seen

MODES = ("OBJECT", "EDIT", "SCULPT", "POSE", "EDIT an armature", "LOCAL VIEW")
PAINTS = ("VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT")
NAMESAKE = Provenance(job_id="j", name=sample_scene.TITLE, prompt="a lamp")
IN_A_ROW = Provenance(job_id="j", name="Lamp", group="g")


def _at_work(mode: str) -> Any:
    """Enter a mode with an object and return the object."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=4, location=(4, 0, 0))
    bpy.context.object.name = "Bystander"
    bpy.context.scene.frame_set(17)
    if mode in ("POSE", "EDIT an armature"):
        bpy.ops.object.armature_add()
    else:
        bpy.ops.mesh.primitive_cube_add()
    worked_on = bpy.context.object
    if mode == "LOCAL VIEW":
        with override():
            bpy.ops.view3d.localview()
    elif mode != "OBJECT":
        bpy.ops.object.mode_set(mode=mode.split()[0])
    if mode == "EDIT":
        mesh = bmesh.from_edit_mesh(worked_on.data)
        mesh.verts.ensure_lookup_table()
        mesh.verts[0].co.x = 7.0
        bmesh.update_edit_mesh(worked_on.data)
    return worked_on


CASES: list[Any] = [("plain", mode) for mode in MODES]
CASES += [(kind, mode) for kind in ("skinned", "animated") for mode in ("OBJECT", "EDIT", "POSE")]
CASES += [pytest.param("plain", mode, marks=pytest.mark.thorough) for mode in PAINTS]


@pytest.mark.covers("R-undo")
@pytest.mark.parametrize(("kind", "mode"), CASES)
@pytest.mark.feature("import that keeps mode and selection")
def test_what_the_user_works_on_stays(
    kind: str, mode: str, tmp_path: Path, with_undo: None
) -> None:
    """Mode, selection, active object, frame and scene are the same, also after undo and redo."""
    worked_on = _at_work(mode).name
    bpy.ops.ed.undo_push(message="The user's own")
    path, notes = KINDS[kind](tmp_path / "lamp.glb"), []
    act_undo_redo(lambda: notes.extend(place_model(path, PLAIN, ASIDE).notes))
    if mode == "EDIT":
        bpy.ops.object.mode_set(mode="OBJECT")
        assert bpy.data.objects[worked_on].data.vertices[0].co.x == 7.0, "an unfinished edit"
    assert [note.code for note in notes] == (["local_view"] if mode == "LOCAL VIEW" else [])


def steps() -> list[str]:
    """Return the names of all undo steps."""
    return [each.name for each in bpy.context.window_manager.undo_stack.steps]


def test_the_list_of_undo_steps_has_it_once(with_undo: None, model: Path) -> None:
    """However many data-blocks it has; Blender 5.3 and later have that list."""
    if "undo_stack" not in bpy.types.WindowManager.bl_rna.properties:
        pytest.skip(DOES_NOT_APPLY + "this Blender does not list its undo steps")
    bpy.ops.ed.undo_push(message="Own work")
    before = steps()
    undo_step.begin()
    place_model(model, PLAIN)
    undo_step.push("a lamp")
    assert steps() == [*before, "Place Mint Result"]


LATER = KINDS | {"lifted": partial(glb_fixtures.skinned, lift=2)}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("plain", "skinned"),
        ("skinned", "lifted"),
        ("animated", "plain"),
        pytest.param("animated", "animated", marks=pytest.mark.thorough),
    ],
)
def test_a_replacement_is_one_step(
    earlier: str, later: str, tmp_path: Path, with_undo: None
) -> None:
    """One undo restores the earlier version with all that was added to it; a redo the later."""
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    root = place_model(KINDS[earlier](tmp_path / "a.glb"), PLAIN).root
    for each in (root, *root.children_recursive):
        each.constraints.new("LIMIT_SCALE")
        if each.type == "MESH":
            each.modifiers.new("Mine", "BEVEL")
            each.vertex_groups.new(name="Mine").add([0, 1], 0.5, "REPLACE")
        if each.type == "ARMATURE":
            each.pose.bones["upper"].constraints.new("COPY_ROTATION").target = cube
    bpy.ops.ed.undo_push(message="The user's own")
    path, told = LATER[later](tmp_path / "b.glb"), Provenance(job_id="j2", name="Lamp")
    act_undo_redo(partial(replace_model, path, told, root))


def test_placing_into_a_scene_that_is_not_shown(tmp_path: Path) -> None:
    """The result is on each of its view layers; the shown scene stays in Edit Mode."""
    _at_work("EDIT")
    bpy.context.view_layer.update()
    other = bpy.data.scenes.new("Other")
    other.view_layers.new("Second")
    before, picture = seen(), SceneSnapshot()
    placed = place_model(glb_fixtures.skinned(tmp_path / "lamp.glb"), PLAIN, ASIDE, other)
    assert seen() == before
    assert all(placed.root.name in layer.objects for layer in other.view_layers)
    assert placed.root.name not in bpy.context.scene.objects
    picture.assert_same(SceneSnapshot(), but_new=True)


def test_each_view_layer_keeps_its_selection(model: Path) -> None:
    """Active collection and selection of each view layer stay the same."""
    _at_work("OBJECT")
    shown = bpy.context.scene.view_layers.new("Shown")
    bpy.context.window.view_layer = shown
    shown.objects.active = bpy.data.objects["Bystander"]
    before = seen()
    place_model(model, PLAIN)
    assert seen() == before and before[0]["shown"][1] == "Shown"


def test_a_linked_scene_is_refused(model: Path, tmp_path: Path) -> None:
    """A scene of another file cannot take a result: a sentence says so, nothing changes."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "set.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "set.blend"), link=True) as (there, here):
        here.scenes = there.scenes
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="linked from another file"):
        place_model(model, PLAIN, scene=here.scenes[0])
    before.assert_same(SceneSnapshot())


def homes_of(placed: Any) -> list[Any]:
    """Return the collections of the scene that have the one of the result."""
    name = placed.collection.name
    return [each for each in bpy.context.scene.collection.children if name in each.children]


def test_a_linked_collection_mint_is_not_used(model: Path, tmp_path: Path) -> None:
    """The result is placed into a collection of this file."""
    linked = bpy.data.collections.new("Mint")
    bpy.context.scene.collection.children.link(linked)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "set.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "set.blend"), link=True) as (there, here):
        here.scenes, here.collections = there.scenes, there.collections
    bpy.context.scene.background_set = here.scenes[0]
    bpy.context.scene.collection.children.link(here.collections[0])
    before = SceneSnapshot()
    placed = place_model(model, PLAIN)
    assert placed.root.library is None and placed.collection.library is None
    (home,) = homes_of(placed)
    assert home.library is None
    before.assert_same(SceneSnapshot(), but_new=True)


def test_an_overridden_collection_mint_is_not_used(model: Path, tmp_path: Path) -> None:
    """A library override is of this file, but nothing is placed into it."""
    bpy.data.libraries.write(str(tmp_path / "set.blend"), {own := bpy.data.collections.new("Mint")})
    bpy.data.collections.remove(own)
    with bpy.data.libraries.load(str(tmp_path / "set.blend"), link=True) as (_, here):
        here.collections = ["Mint"]
    (linked,) = here.collections
    bpy.context.scene.collection.children.link(linked)  # from 5.3 on, only then it is overridden
    overridden = linked.override_create(remap_local_usages=True)
    assert list(bpy.context.scene.collection.children) == [overridden]
    assert overridden.library is None and overridden.name == "Mint"
    placed = place_model(model, PLAIN)
    (home,) = homes_of(placed)
    assert home != overridden and not overridden.children


@pytest.mark.parametrize("kind", KINDS)
def test_no_data_of_the_user_changes(kind: str, tmp_path: Path) -> None:
    """A scene with every kind of data, under the model's own names, only gets new members."""
    sample_scene.build(tmp_path)
    before = SceneSnapshot()
    placed = place_model(KINDS[kind](tmp_path / "lamp.glb"), NAMESAKE)
    after = SceneSnapshot()
    before.assert_same(after, but_new=True)
    came = {name for values in after.blocks.values() for name in values}
    assert {f"objects<{placed.root.name}>", "children<Mint>"} <= came
    blocks = (*placed.objects, *(each.data for each in placed.objects if each.data))
    assert before.blocks.keys().isdisjoint((type(each).__name__, each.name) for each in blocks)


def test_results_side_by_side_change_nothing_else(model: Path, tmp_path: Path) -> None:
    """No view layer that was not evaluated before is evaluated; also in a scene that is not shown."""
    sample_scene.build(tmp_path)
    hidden = bpy.data.scenes.new("A third scene")
    before = SceneSnapshot()
    for scene in (None, hidden):
        one, other = (place_model(model, IN_A_ROW, scene=scene).root for _ in range(2))
        assert grid_layout.footprint(other).left > grid_layout.footprint(one).right
    before.assert_same(SceneSnapshot(), but_new=True)


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_side_by_side_in_an_excluded_collection(kind: str, tmp_path: Path) -> None:
    """“Mint” may be excluded from the view layer before the first result or after it."""
    home = bpy.data.collections.new("Mint")
    bpy.context.scene.collection.children.link(home)
    layer = bpy.context.view_layer.layer_collection.children["Mint"]
    model, roots = KINDS[kind](tmp_path / "lamp.glb"), []
    for excluded, count in ((False, 1), (True, 2), (False, 1)):
        layer.exclude = excluded
        where = PlaceOptions(at=(5, 3, 0))
        roots += [place_model(model, IN_A_ROW, where).root for _ in range(count)]
    bpy.context.view_layer.update()
    prints = [grid_layout.footprint(each) for each in roots]
    assert [each.left for each in prints] == pytest.approx([4.5, 5.6, 6.7, 7.8], abs=0.01)


def test_a_replacement_changes_no_data_of_the_user(tmp_path: Path) -> None:
    """A later version that replaces an earlier one changes nothing else."""
    sample_scene.build(tmp_path)
    root = place_model(glb_fixtures.animated(tmp_path / "a.glb"), NAMESAKE).root
    own = {("Object", each.name) for each in (root, *root.children_recursive)}
    before = SceneSnapshot()
    later = replace(NAMESAKE, job_id="k")
    replace_model(glb_fixtures.skinned(tmp_path / "b.glb"), later, root)
    before.blocks = {
        key: {name: value for name, value in values.items() if not _names(name, own)}
        for key, values in before.blocks.items()
        if key not in own and not values.get("[mint_made]")
    }
    before.assert_same(SceneSnapshot(), but_new=True)


def _names(member: str, own: set[tuple[str, str]]) -> bool:
    return any(f"<{each}>" in member for _, each in own)
