# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing a model keeps the earlier one; a failure changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import data_blocks  # noqa: E402
from mint_blender.scene.update import exchange, replace  # noqa: E402
from mint_blender.scene.update.replace import replace_model  # noqa: E402

from .replace_helpers import KEPT, SECOND, add_target, new_empty, place_first  # noqa: E402
from .scene_snapshot import SceneSnapshot  # noqa: E402


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
    mesh, vertices = root.data, [tuple(each.co) for each in root.data.vertices]
    material, modifiers = root.active_material, [each.type for each in root.modifiers]
    groups = [each.name for each in root.vertex_groups]
    later = glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5))
    placed = replace_model(later, SECOND, root)
    kept = bpy.data.objects["Lamp (earlier)"]
    assert kept.data == mesh and [tuple(each.co) for each in kept.data.vertices] == vertices
    assert (kept.active_material, [each.type for each in kept.modifiers]) == (material, modifiers)
    assert [each.name for each in kept.vertex_groups] == groups and not root.vertex_groups
    assert kept.hide_viewport
    assert kept.hide_render
    assert tuple(kept.matrix_world.translation) == (3, 2, 1)
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


KINDS = [
    ("simple", "simple"),
    ("skinned", "skinned"),
    ("skinned", "simple"),
    ("animated", "skinned"),
]
FAILURES = [
    pytest.param(
        *(kinds, owner, name),
        marks=[] if kinds[0] == kinds[1] else pytest.mark.thorough,
        id=f"{'-'.join(kinds)}-{name}",
    )
    for kinds in KINDS
    for owner, name in STEPS
    if name != "_take_pose" or kinds == ("skinned", "skinned")
]
"""What is replaced by what, and the step that fails; only an armature has a pose to take."""


@pytest.mark.parametrize(("kinds", "owner", "name"), FAILURES)
def test_a_replacement_that_fails_changes_nothing(
    kinds: tuple[str, str], owner: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After any failed step, data, names, transforms, drivers and selection are as before."""
    root = place_first(getattr(glb_fixtures, kinds[0])(tmp_path / "a.glb"))
    later = getattr(glb_fixtures, kinds[1])(tmp_path / "b.glb")
    body = next(each for each in (root, *root.children_recursive) if each.type == "MESH")
    needle, child = new_empty("Needle"), new_empty("Child")
    root.location = (3, 2, 1)
    child.parent = body
    material = body.active_material
    kind = "MATERIAL" if material else "MESH"
    add_target(needle, "location", material or body.data, "name", kind)
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
