# SPDX-License-Identifier: GPL-3.0-or-later
"""A result is one undo step; `test_place_modes.py` shows that in every mode."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.conftest import DOES_NOT_APPLY

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import undo_step  # noqa: E402
from mint_blender.scene.place import Provenance, place_model  # noqa: E402
from mint_blender.scene.update.replace import replace_model  # noqa: E402

from .place_helpers import PLAIN  # noqa: E402
from .undo_check import act_undo_redo  # noqa: E402


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


MAKERS = {
    "plain": glb_fixtures.simple,
    "skinned": glb_fixtures.skinned,
    "lifted": partial(glb_fixtures.skinned, lift=2),
    "animated": glb_fixtures.animated,
}


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
    root = place_model(MAKERS[earlier](tmp_path / "a.glb"), PLAIN).root
    for each in (root, *root.children_recursive):
        each.constraints.new("LIMIT_SCALE")
        if each.type == "MESH":
            each.modifiers.new("Mine", "BEVEL")
            each.vertex_groups.new(name="Mine").add([0, 1], 0.5, "REPLACE")
        if each.type == "ARMATURE":
            each.pose.bones["upper"].constraints.new("COPY_ROTATION").target = cube
    bpy.ops.ed.undo_push(message="The user's own")
    path, told = MAKERS[later](tmp_path / "b.glb"), Provenance(job_id="j2", name="Lamp")
    for _ in act_undo_redo(partial(replace_model, path, told, root)):
        bpy.context.view_layer.update()
