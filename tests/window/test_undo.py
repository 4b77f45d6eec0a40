# SPDX-License-Identifier: GPL-3.0-or-later
"""An import is an undo step of its own, and does not change the user's work."""

from __future__ import annotations

from typing import Any

import pytest

from .blender_window import BlenderError, BlenderWindow
from .conftest import Since
from .test_jobs import place

pytestmark = pytest.mark.window

STEPS = "len(stack.steps) if (stack := getattr(bpy.context.window_manager, 'undo_stack', None)) else None"
"""None in a Blender that does not list its undo steps: before 5.3."""
LEFT = "min((each.matrix_world @ __import__('mathutils').Vector(corner)).x for each in bpy.data.objects if each.name in names and each.type == 'MESH' for corner in each.bound_box)"
UNDONE = "set(scene()['objects']) == set(objects)"


def own_work(blender: BlenderWindow) -> dict[str, Any]:
    """Add a monkey of the user's as one undo step; return what is there then."""
    blender.call("mesh.primitive_monkey_add", location=(3, 0, 0))
    blender.ask("bpy.ops.ed.undo_push(message='Add Monkey')")
    made: dict[str, Any] = blender.ask("scene()")
    assert "Suzanne" in made["objects"]
    return made


CHIPS = "part('ui.viewport.arrival').chips()"


def undo(blender: BlenderWindow, before: dict[str, Any]) -> dict[str, Any]:
    """Undo what has arrived since, until no object of it is left; return what was there with it."""
    after: dict[str, Any] = blender.ask("scene()")
    assert set(after["objects"]) > set(before["objects"])
    blender.over()
    blender.key("ctrl+z")
    blender.wait(UNDONE, objects=before["objects"])
    return after


@pytest.mark.feature("import of models")
@pytest.mark.feature("one undo step for an import")
def test_undo_right_after_an_import(blender: BlenderWindow) -> None:
    """Ctrl+Z removes the result and not the user's last action; redo restores it."""
    before, steps = own_work(blender), blender.ask(STEPS)
    place(blender)
    (root,) = blender.ask("roots()")
    assert blender.ask(LEFT, names=[root]) >= 1.0, "it comes beside the cube"
    assert steps is None or blender.ask(STEPS) == steps + 1
    assert blender.ask(f"len({CHIPS})") == 1
    after = undo(blender, before)
    for felt in ("mode", "selected", "active"):
        assert after[felt] == before[felt]
    assert blender.ask("scene()") == before
    assert blender.ask(f"all(each.is_gone for each in {CHIPS})"), "it is not said to be here"
    blender.key("ctrl+shift+z")
    blender.wait(UNDONE, objects=after["objects"])
    assert blender.ask("scene()") == after


def test_show_is_no_undo_step(blender: BlenderWindow) -> None:
    """To look at a result changes the view; Ctrl+Z takes back the result itself."""
    place(blender)
    blender.click("mint.select_result")
    blender.over()
    blender.key("ctrl+z")
    blender.wait("roots() == []")


@pytest.mark.thorough
def test_an_import_in_sculpt_mode(blender: BlenderWindow) -> None:
    """Undo removes the result alone, although Blender undoes no first change in that mode."""
    own_work(blender)
    blender.call("object.mode_set", mode="SCULPT")
    before = blender.ask("scene()")
    place(blender)
    after = undo(blender, before)
    assert blender.ask("scene()['mode']") == "SCULPT"
    blender.key("ctrl+shift+z")
    blender.wait(UNDONE, objects=after["objects"])


VERTICES = """
import bmesh
cube = bpy.context.edit_object.data
result = sorted(round(each.co.x, 3) for each in bmesh.from_edit_mesh(cube).verts)
"""


@pytest.mark.feature("import that keeps mode and selection")
def test_an_import_in_edit_mode_after_an_edit(blender: BlenderWindow) -> None:
    """Mode, selection, active object and the edit stay, also when the import is undone and redone."""
    blender.over()
    blender.key("Tab")
    blender.wait("scene()['mode'] == 'EDIT'")
    untouched = blender.ask(VERTICES)
    blender.call("transform.translate", value=(3, 0, 0))
    blender.ask("bpy.ops.ed.undo_push(message='Move')")
    edited = blender.ask(VERTICES)
    assert edited != untouched
    before = blender.ask("scene()")
    place(blender)
    after = blender.ask("scene()")
    for felt in ("mode", "selected", "active"):
        assert after[felt] == before[felt]
    assert blender.ask(VERTICES) == edited
    blender.over()
    blender.key("ctrl+z")
    blender.wait(UNDONE, objects=before["objects"])
    assert blender.ask("scene()['mode']") == "EDIT"
    assert blender.ask(VERTICES) == edited
    blender.key("ctrl+shift+z")
    blender.wait(UNDONE, objects=after["objects"])
    assert blender.ask(VERTICES) == edited
    blender.key("ctrl+z", "ctrl+z")
    blender.wait(UNDONE, objects=before["objects"])
    assert blender.ask(VERTICES) == untouched


GENERATE = """
with within('VIEW_3D'):
    bpy.ops.mint.generate('EXEC_DEFAULT', True, prompt='a lamp', preset='FAST', mode='AUTO')
"""
LAST = "bpy.context.window_manager.operators[-1].bl_idname"
REPEAT = "with within('VIEW_3D'):\n    bpy.ops.screen.repeat_last()"
REPEAT_HISTORY = """
with within('VIEW_3D'):
    bpy.ops.screen.repeat_history(index=len(bpy.context.window_manager.operators) - 1)
"""


@pytest.mark.parametrize(
    "repeat", [REPEAT, pytest.param(REPEAT_HISTORY, marks=pytest.mark.thorough)]
)
def test_repeating_an_operator_is_free(blender: BlenderWindow, since: Since, repeat: str) -> None:
    """Shift R and Repeat History after a click that has cost Credits: nothing is started."""
    blender.ask(GENERATE)
    assert blender.ask(LAST) == "MINT_OT_generate"
    try:
        blender.ask(repeat)
    except BlenderError as refusal:
        assert "Nothing was started" in str(refusal)
    blender.wait_for("placed")
    assert since.starts == 1 and len(blender.jobs()) == 1
