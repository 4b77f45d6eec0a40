# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacing an edited model: the edits are kept, and a failed replacement changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.data_blocks import all_data_blocks  # noqa: E402
from mint_blender.scene.update import (  # noqa: E402
    animation,
    bones,
    fingerprint,
    match_parts,
    reparent_and_remap,
    replace,
    transfer,
)
from mint_blender.scene.update.replace import edited_objects, replace_model  # noqa: E402

from .replace_helpers import FIRST, SECOND, add_target, new_empty, place_first  # noqa: E402
from .scene_snapshot import SceneSnapshot  # noqa: E402


def _move_a_vertex(root: Any) -> None:
    root.data.vertices[0].co.x += 0.25
    root.data.update()


def _cut_a_face(root: Any) -> None:
    import bmesh

    edit = bmesh.new()
    edit.from_mesh(root.data)
    edit.faces.ensure_lookup_table()
    bmesh.ops.delete(edit, geom=[edit.faces[0]], context="FACES")
    edit.to_mesh(root.data)
    edit.free()


def _unwrap(root: Any) -> None:
    root.data.uv_layers[0].data[0].uv = (0.25, 0.75)


def _own_mesh(root: Any) -> None:
    root.data = bpy.data.meshes.new("My Mesh")
    root.data.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])


def _sculpt_finely(root: Any) -> None:
    root.modifiers.new("Multires", "MULTIRES")
    bpy.context.view_layer.objects.active = root
    bpy.ops.object.multires_subdivide(modifier="Multires")


@pytest.mark.covers("R-edited")
@pytest.mark.parametrize("edit", [_move_a_vertex, _cut_a_face, _unwrap, _own_mesh, _sculpt_finely])
def test_an_edited_mesh_is_kept(edit: Any, model: Path, tmp_path: Path) -> None:
    """It is hidden at its position with its mesh, material and modifiers, and a note says so."""
    root = place_first(model)
    root.location = (3, 2, 1)
    assert edited_objects(FIRST.asset_id) == []
    edit(root)
    assert edited_objects(FIRST.asset_id) == [root.name]
    mesh, vertices = root.data, [tuple(each.co) for each in root.data.vertices]
    material, modifiers = root.active_material, [each.type for each in root.modifiers]
    placed = replace_model(
        glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5)), SECOND, root
    )
    kept = bpy.data.objects["Lamp (earlier)"]
    assert kept.data == mesh and [tuple(each.co) for each in kept.data.vertices] == vertices
    assert (kept.active_material, [each.type for each in kept.modifiers]) == (material, modifiers)
    assert (
        kept.hide_viewport
        and kept.hide_render
        and tuple(kept.matrix_world.translation) == (3, 2, 1)
    )
    assert kept.users_collection == root.users_collection and kept not in placed.objects
    assert not [key for key in kept.keys() if key.startswith("mint_")]
    assert any("Lamp (earlier)" in note for note in placed.notes)
    # its modifier stays, and nobody can tell whether there is anything in it
    is_fine = edit is _sculpt_finely
    assert root.data != mesh and edited_objects(SECOND.asset_id) == ([root.name] if is_fine else [])


def test_a_mesh_that_was_only_viewed_is_not_edited(model: Path, tmp_path: Path) -> None:
    """Moving, Edit Mode, saving and another material do not count as edits of the mesh."""
    root = place_first(model)
    root.location.x = 5
    bpy.context.view_layer.objects.active = root
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    root = bpy.data.objects["Lamp"]
    assert edited_objects(FIRST.asset_id) == []
    replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root)
    replace_model(glb_fixtures.simple(tmp_path / "c.glb", high=(0.5, 2, 0.5)), SECOND, root)
    assert [each.name for each in bpy.data.objects] == ["Lamp"] and len(bpy.data.meshes) == 1


@pytest.mark.parametrize("kind", ["simple", "skinned", "animated"])
def test_a_new_version_is_not_edited(kind: str, tmp_path: Path) -> None:
    """Neither after placing nor after a replacement, scaled, joined or parented."""
    root = place_first(getattr(glb_fixtures, kind)(tmp_path / "a.glb"))
    assert edited_objects(FIRST.asset_id) == []
    root["mint_height"] = 0.5
    replace_model(glb_fixtures.simple(tmp_path / "b.glb"), SECOND, root)
    assert edited_objects(SECOND.asset_id) == []


STEPS = [
    (replace, "_scale_to_earlier_height"),
    (match_parts, "_exchange_data"),
    (transfer, "_transfer_shape_keys"),
    (transfer, "_missing_layers"),
    (animation, "retarget_drivers"),
    (match_parts, "_transfer_modifiers"),
    (match_parts, "_transfer_animation"),
    (bones.BoneUsers, "relink"),
    (match_parts, "parent_parts"),
    (replace, "_lost_work_notes"),
    (reparent_and_remap, "reparent_children"),
]


def _break_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    whole = getattr(owner, name)

    def breaks(*words: Any, **more: Any) -> None:
        whole(*words, **more)
        raise RuntimeError("broken in the middle")

    monkeypatch.setattr(owner, name, breaks)


@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize(
    "kinds",
    [("simple", "simple"), ("skinned", "skinned"), ("skinned", "simple"), ("animated", "skinned")],
)
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
    add_target(
        needle,
        "location",
        body.active_material or body.data,
        "name",
        "MATERIAL" if body.active_material else "MESH",
    )
    body.modifiers.new("Bevel", "BEVEL")
    bpy.context.view_layer.objects.active = body
    body.select_set(True)
    bpy.context.view_layer.update()
    before, body_name = SceneSnapshot(), body.name
    _break_after(monkeypatch, owner, name)
    try:
        replace_model(later, SECOND, root)
    except RuntimeError as mistake:
        assert "in the middle" in str(mistake)
    else:
        pytest.skip("this step is not taken for these")
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

    monkeypatch.setattr(replace, "_remove_unused", breaks)
    with pytest.raises(RuntimeError, match="tidying"):
        replace_model(glb_fixtures.simple(tmp_path / "b.glb", high=(0.5, 2, 0.5)), SECOND, root)
    bpy.context.view_layer.update()
    assert len(root.data.vertices) and root.dimensions.z == pytest.approx(2)


# -- Materials across versions of Blender


def test_a_material_of_another_blender_is_not_edited(model: Path) -> None:
    """A newer Blender has other sockets and settings: only those that both know are compared."""
    import json

    root = place_first(model)
    material = root.active_material
    seen = json.loads(material[fingerprint.FINGERPRINT])
    seen["settings"]["gone_in_this_version"] = True
    del seen["settings"]["use_backface_culling"]
    node = next(
        each for each in seen["nodes"].values() if each["kind"] == "ShaderNodeBsdfPrincipled"
    )
    node["inputs"]["Gone"] = [0.5]
    del node["inputs"]["IOR"]
    material[fingerprint.FINGERPRINT] = json.dumps(seen)
    assert not fingerprint.is_modified(material)
    tree: Any = material.node_tree
    principled = next(each for each in tree.nodes if each.bl_idname == "ShaderNodeBsdfPrincipled")
    principled.inputs["Roughness"].default_value += 0.25
    assert fingerprint.is_modified(material)


@pytest.mark.parametrize("change", ["value", "unlink", "node", "mute", "setting", "name"])
def test_changes_of_a_material_are_noticed(change: str, model: Path) -> None:
    """A value, a link, a node, muting or a setting counts; the name does not."""
    root = place_first(model)
    material: Any = root.active_material
    tree = material.node_tree
    principled = next(each for each in tree.nodes if each.bl_idname == "ShaderNodeBsdfPrincipled")
    if change == "value":
        principled.inputs["IOR"].default_value = 2
    elif change == "unlink":
        tree.links.remove(tree.links[0])
    elif change == "node":
        tree.nodes.new("ShaderNodeValue")
    elif change == "mute":
        principled.mute = True
    elif change == "setting":
        material.use_backface_culling = not material.use_backface_culling
    else:
        material.name = "Mine"
    assert fingerprint.is_modified(material) is (change != "name")


def test_models_placed_in_an_older_blender_are_not_edited() -> None:
    """A file of Blender 4.2 has models of several kinds, none of them changed."""
    bpy.ops.wm.open_mainfile(filepath=str(Path(__file__).parent / "data" / "landed_in_4_2.blend"))
    known = [each for each in all_data_blocks() if fingerprint.FINGERPRINT in each.keys()]
    assert {type(each).__name__ for each in known} >= {"Material", "Mesh", "Action", "Object"}
    assert [each.name for each in known if fingerprint.is_modified(each)] == []
