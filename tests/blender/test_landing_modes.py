# SPDX-License-Identifier: GPL-3.0-or-later
"""Something lands while the user is at work: nothing of the work is disturbed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from . import glbs

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

import bmesh  # noqa: E402

from mint_blender.blender.scene.landing import Landing, Provenance, land_model  # noqa: E402

from .dump import Picture  # noqa: E402

MODES = ("OBJECT", "EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT", "POSE", "EDIT an armature")
FILES = {"plain": glbs.simple, "skinned": glbs.skinned, "animated": glbs.animated}


def _at_work(mode: str) -> Any:
    """Somebody in the middle of something; the object worked on."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=8, ring_count=4, location=(4, 0, 0))
    bpy.context.object.name = "Bystander"
    if mode in ("POSE", "EDIT an armature"):
        bpy.ops.object.armature_add()
    else:
        bpy.ops.mesh.primitive_cube_add()
    worked_on = bpy.context.object
    bpy.context.scene.frame_set(17)
    if mode != "OBJECT":
        bpy.ops.object.mode_set(mode=mode.split()[0])
    if mode == "EDIT":
        mesh = bmesh.from_edit_mesh(worked_on.data)
        mesh.verts.ensure_lookup_table()
        mesh.verts[0].co.x = 7.0
        bmesh.update_edit_mesh(worked_on.data)
    return worked_on


def _state() -> dict[str, Any]:
    context = bpy.context
    return {
        "mode": context.mode,
        "selected": sorted(each.name for each in context.selected_objects),
        "active": context.view_layer.objects.active.name,
        "modes": {each.name: each.mode for each in bpy.data.objects if not each.get("mint_job_id") and "Lamp" not in each.name},
        "collection": context.collection.name,
        "scene": context.window.scene.name,
        "view layer": context.window.view_layer.name,
        "workspace": context.window.workspace.name,
        "frame": context.scene.frame_current,
        "scenes": [each.name for each in bpy.data.scenes],
    }


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("mode", MODES)
def test_mode_selection_and_frame_stay(mode: str, kind: str, tmp_path: Path) -> None:
    """In every mode: mode, selection, active object, active collection, frame and scene are the same after a landing."""
    _at_work(mode)
    before = _state()
    placed = land_model(FILES[kind](tmp_path / "lamp.glb"), Provenance(job_id="j", name="Lamp"), Landing(at=(1, 0, 0)))
    assert placed.root.name in bpy.context.scene.objects
    assert _state() == before


def test_an_edit_that_is_going_on_is_kept(model: Path) -> None:
    """A vertex moved in Edit Mode before the landing is still moved after it, and after leaving Edit Mode."""
    worked_on = _at_work("EDIT")
    land_model(model, Provenance(job_id="j", name="Lamp"))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert worked_on.data.vertices[0].co.x == 7.0


@pytest.mark.parametrize("kind", FILES)
def test_nothing_that_is_not_ours_changes(kind: str, tmp_path: Path) -> None:
    """All that RNA tells about every data-block that was there before is the same after a landing."""
    _at_work("OBJECT")
    bpy.context.object.modifiers.new("Bevel", "BEVEL")
    bpy.context.object.data.materials.append(bpy.data.materials.new("Lamp"))  # the very names that the model wants
    other = bpy.data.scenes.new("A second scene")
    other.world = bpy.data.worlds.new("Sky")
    other.collection.objects.link(bpy.data.objects["Bystander"])
    before = Picture()
    land_model(FILES[kind](tmp_path / "lamp.glb"), Provenance(job_id="j", name="Lamp", prompt="a lamp"))
    after = Picture()
    for shown in (before, after):  # the one thing that is to change: the scene has one collection more
        for key in list(scene := shown.blocks["Scene", "Scene"]):
            if key.startswith(("collection.", "objects", "view_layers", "depsgraph")):
                del scene[key]
    before.assert_same(after, but_new=True)
