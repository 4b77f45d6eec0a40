# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a model: what is kept of an edited one, what is refused; a failure changes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..jobs.workflow_harness import a_job
from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.delivery import import_job
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.scene import data_blocks, undo_step
from mint_blender.scene.place import SceneImportError, place_model
from mint_blender.scene.update import exchange, replace
from mint_blender.scene.update.replace import replace_model

from .replace_helpers import (
    FIRST,
    KEPT,
    SECOND,
    add_target,
    height_of,
    named_parts,
    new_empty,
    place_first,
)
from .scene_snapshot import SceneSnapshot


def _weight(root: Any) -> None:
    root.vertex_groups.new(name="Mine").add([0], 0.5, "REPLACE")
    root.modifiers.new("Mine", "DISPLACE").vertex_group = "Mine"


EDITS: dict[str, Callable[[Any], object]] = {
    "a vertex": lambda root: setattr(root.data.vertices[0].co, "x", 0.25),
    "a shape": lambda root: [root.shape_key_add(name=name) for name in ("Basis", "My shape")],
    "a weight": _weight,
    "another mesh": lambda root: setattr(root, "data", bpy.data.meshes.new("My Mesh")),
}


@pytest.mark.covers("R-edited")
@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_mesh_is_kept(edit: Any, model: Path, tmp_path: Path) -> None:
    """It is hidden at its position with its mesh, material and modifiers, and a note says so."""
    root = place_first(model)
    root.location = (3, 2, 1)
    edit(root)
    mesh, vertices = root.data, [each.co[:] for each in root.data.vertices]
    material, modifiers = root.active_material, [each.type for each in root.modifiers]
    groups = [each.name for each in root.vertex_groups]
    later = glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5))
    placed = replace_model(later, SECOND, root)
    kept = bpy.data.objects["Lamp (earlier)"]
    assert kept.data == mesh and [each.co[:] for each in kept.data.vertices] == vertices
    assert (kept.active_material, [each.type for each in kept.modifiers]) == (material, modifiers)
    assert [each.name for each in kept.vertex_groups] == groups and not root.vertex_groups
    assert kept.hide_viewport
    assert kept.hide_render
    assert kept.matrix_world.translation[:] == (3, 2, 1)
    assert kept.users_collection == root.users_collection and kept not in placed.objects
    assert not [key for key in kept.keys() if key.startswith("mint_")]
    assert placed.notes == (KEPT,) and root.data != mesh


STEPS = [
    (replace, "_scale_to_earlier_height"),
    (exchange, "_exchange_data"),
    (exchange, "_repair_modifiers"),
    (exchange, "_take_animation"),
    (exchange, "_take_pose"),
    (exchange, "_parent_parts"),
    (data_blocks, "reparent_children"),
]


def _break_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    whole = getattr(owner, name)

    def breaks(*words: Any, **more: Any) -> None:
        whole(*words, **more)
        raise RuntimeError("broken in the middle")

    monkeypatch.setattr(owner, name, breaks)


FAILURES = [("skinned", *step) for step in STEPS]
FAILURES += [("simple", *step) for step in STEPS if step[1] != "_take_pose"]
"""What is replaced, and the step that fails; only an armature has a pose to take."""


@pytest.mark.parametrize(("kind", "owner", "name"), FAILURES)
def test_a_replacement_that_fails_changes_nothing(
    kind: str, owner: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any failed step, data, names, transforms, drivers and selection are as before."""
    root = place_first(getattr(glb_fixtures, kind)(tmp_path / "a.glb"))
    later = getattr(glb_fixtures, kind)(tmp_path / "b.glb")
    body = next(each for each in (root, *root.children_recursive) if each.type == "MESH")
    needle, child = new_empty("Needle"), new_empty("Child")
    root.location = (3, 2, 1)
    child.parent = body
    material = body.active_material
    data = "MATERIAL" if material else "MESH"
    add_target(needle, "location", material or body.data, "name", data)
    body.modifiers.new("Bevel", "BEVEL")
    bpy.context.view_layer.objects.active = body
    body.select_set(True)
    bpy.context.view_layer.update()
    before, body_name = SceneSnapshot(), body.name
    _break_after(monkeypatch, owner, name)
    with pytest.raises(RuntimeError, match="in the middle"):
        replace_model(later, SECOND, root)
    monkeypatch.undo()
    after = SceneSnapshot()
    before.assert_same(after)
    view = bpy.context.view_layer.objects
    assert (view.active.name, [each.name for each in view.selected]) == (body_name, [body_name])


def test_a_failed_cleanup_keeps_the_new_version(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cleanup fails after the replacement: the new version is complete."""
    root = place_first(model)

    def breaks(*_: object) -> None:
        raise RuntimeError("broken while tidying up")

    monkeypatch.setattr(replace, "_clean_up", breaks)
    with pytest.raises(RuntimeError, match="tidying"):
        replace_model(glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5)), SECOND, root)
    bpy.context.view_layer.update()
    assert len(root.data.vertices) and root.dimensions.z == pytest.approx(2)


# -- Shared meshes


def _wheels(path: Path, *, shared: bool) -> Path:
    """Write two wheels; a third one shows the second mesh, which would not be imported alone."""
    glb, meshes = glb_fixtures.Glb(), []
    for side in (0, 1):
        box = glb_fixtures.box(glb, (-0.5, 0, -0.5), (0.5, 1 + side, 0.5))
        meshes.append(glb.mesh(box, name=f"wheel{side}"))
    for side, name in enumerate(("left", "right", "third")[: 3 if shared else 2]):
        mesh = meshes[0 if shared and side < 2 else min(side, 1)]
        glb.node(mesh=mesh, name=name, translation=[3 * side, 0, 0])
    return glb.save(path)


def test_a_shared_mesh_may_become_two(tmp_path: Path) -> None:
    """Two wheels shared one mesh; each gets its own of the new version."""
    root = place_first(_wheels(tmp_path / "a.glb", shared=True))
    left, right = named_parts(root, "left", "right")
    assert left.data == right.data
    replace_model(_wheels(tmp_path / "b.glb", shared=False), SECOND, root)
    assert [max(vertex.co.z for vertex in each.data.vertices) for each in (left, right)] == [1, 2]


# -- Materials


def _colored(path: Path, *names: str) -> Path:
    """Write one mesh with so many materials."""
    glb, boxes = glb_fixtures.Glb(), []
    for number, name in enumerate(names):
        material = glb.material(name=name, texture=glb_fixtures.png((200, 40, 40)))
        boxes.append(glb_fixtures.box(glb, (number, 0, 0), (number + 1, 1, 1), material))
    glb.node(mesh=glb.mesh(*boxes, name="body"), name="body")
    return glb.save(path)


def test_a_material_of_the_user_keeps_its_slot(tmp_path: Path) -> None:
    """Mint's materials are replaced, and a slot that the user has added stays."""
    root = place_first(_colored(tmp_path / "a.glb", "wood", "brass"))
    names = ["My gold", "My glass", "My paint"]
    gold, glass, paint = (bpy.data.materials.new(name) for name in names)
    earlier = root.data.materials[0]
    root.data.materials[1] = gold
    root.data.materials.append(glass)
    later = _colored(tmp_path / "b.glb", "wood", "brass")
    assert replace_model(later, SECOND, root).notes == (KEPT,)
    assert [each.name for each in root.data.materials][1:] == ["My gold", "My glass"]
    assert root.data.materials[0] != earlier and "wood" in root.data.materials[0].name
    root.material_slots[0].link = "OBJECT"
    root.material_slots[0].material = paint
    replace_model(later, SECOND, root)
    assert [each.material for each in root.material_slots] == [paint, gold, glass]


# -- What is refused


def _linked(model: Path, tmp_path: Path) -> bpy.types.Object:
    place_model(model, FIRST)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "other.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "other.blend"), link=True) as (there, here):
        here.objects = [name for name in there.objects if name == "Lamp"]
    bpy.context.scene.collection.objects.link(here.objects[0])
    return here.objects[0]


@pytest.mark.parametrize("kind", ["linked", "override", "mesh"])
def test_linked_data_is_not_replaced(kind: str, model: Path, tmp_path: Path) -> None:
    """Linked, overridden, or with a linked mesh: a sentence, and nothing has changed."""
    root = _linked(model, tmp_path)
    if kind == "override":
        root = root.override_create(remap_local_usages=True)
    if kind == "mesh":
        root = root.copy()
        bpy.context.scene.collection.objects.link(root)
        assert root.library is None and root.data.library is not None
    before = SceneSnapshot()
    says = "library override" if kind == "override" else "linked from another file"
    with pytest.raises(SceneImportError, match=says):
        replace_model(model, SECOND, root)
    before.assert_same(SceneSnapshot())


@pytest.mark.parametrize("mode", ["EDIT", "SCULPT"])
def test_a_linked_duplicate_in_edit_mode_prevents_the_replacement(
    mode: str, model: Path, tmp_path: Path
) -> None:
    """It would keep the earlier mesh: a sentence, and the edit can go on."""
    root = place_first(model)
    duplicate = bpy.data.objects.new("My lamp", root.data)
    bpy.context.scene.collection.objects.link(duplicate)
    bpy.context.view_layer.objects.active = duplicate
    bpy.ops.object.mode_set(mode=mode)
    with pytest.raises(SceneImportError, match=f"“My lamp” is in {mode.title()} Mode"):
        replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root)
    assert duplicate.data == root.data and duplicate.mode == mode
    bpy.ops.object.mode_set(mode="OBJECT")
    replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root)
    assert duplicate.data == root.data


# -- Copies


def _later(path: Path) -> Job:
    """Return a job whose model is to replace the ones of `_copies`."""
    files = (LocalFile(Role.MODEL, str(path), "https://files.example/x"),)
    return dataclasses.replace(
        a_job(), files=files, source_asset_id=FIRST.asset_id, delivery=Delivery(replaces=True)
    )


def _copies(model: Path) -> list[bpy.types.Object]:
    first = place_first(model)
    second = first.copy()
    second.data = first.data.copy()
    bpy.context.scene.collection.objects.link(second)
    return [first, second]


@pytest.mark.parametrize("edited", [0, 1])
def test_no_copy_is_replaced_if_one_cannot_be(edited: int, model: Path, tmp_path: Path) -> None:
    """Neither the copy in Edit Mode nor the others change, as the sentence says."""
    copies = _copies(model)
    bpy.context.view_layer.objects.active = copies[edited]
    bpy.ops.object.mode_set(mode="EDIT")
    before = SceneSnapshot()
    with pytest.raises(SceneImportError, match="Edit Mode"):
        import_job.place(_later(glb_fixtures.simple(tmp_path / "b.glb", high=(1, 2, 1))))
    before.assert_same(SceneSnapshot())


def test_all_copies_are_replaced_in_one_step(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One click is one undo step, however many copies of the model there are."""
    steps: list[object] = []
    monkeypatch.setattr(undo_step, "push", steps.append)
    copies = _copies(model)
    steps.clear()
    import_job.place(_later(glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5))))
    assert [height_of(each) for each in copies] == [2, 2] and len(steps) == 1
