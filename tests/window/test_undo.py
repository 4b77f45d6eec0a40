# SPDX-License-Identifier: GPL-3.0-or-later
"""An arrival is one undo step of its own, and disturbs nobody's work."""

from __future__ import annotations

from typing import Any

import pytest

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

UNDONE = "set(scene()['objects']) == set(objects)"


def arrive(blender: BlenderWindow) -> None:
    """A model lands while the user does something else."""
    assert blender.call("mint.generate", prompt="a lamp", mode="AUTO", preset="FAST") == [
        "FINISHED"
    ]
    blender.wait_for("placed")


def own_work(blender: BlenderWindow) -> dict[str, Any]:
    """The user adds a monkey of their own, as one undo step; what is there then."""
    blender.call("mesh.primitive_monkey_add", location=(3, 0, 0))
    blender.ask("bpy.ops.ed.undo_push(message='Add Monkey')")
    made: dict[str, Any] = blender.ask("scene()")
    assert "Suzanne" in made["objects"]
    return made


def test_undo_right_after_arrival(blender: BlenderWindow) -> None:
    """Ctrl+Z takes away exactly what arrived, not the user's own last action; redo brings it back."""
    before = own_work(blender)
    arrive(blender)
    after = blender.ask("scene()")
    assert set(after["objects"]) > set(before["objects"])
    blender.over()
    blender.key("ctrl+z")
    blender.wait(UNDONE, objects=before["objects"])
    assert blender.ask("scene()") == before
    blender.key("ctrl+shift+z")
    blender.wait(UNDONE, objects=after["objects"])
    assert blender.ask("scene()") == after


def test_arrival_in_edit_mode(blender: BlenderWindow) -> None:
    """Who is in Edit Mode stays there, with the same selection and active object; undo takes away
    the arrival alone.
    """
    own_work(blender)
    blender.over()
    blender.key("Tab")
    blender.wait("scene()['mode'] == 'EDIT'")
    before = blender.ask("scene()")
    arrive(blender)
    after = blender.ask("scene()")
    assert {name: after[name] for name in ("mode", "selected", "active")} == {
        name: before[name] for name in ("mode", "selected", "active")
    }
    blender.screenshot("arrival_in_edit_mode_there")
    blender.key("ctrl+z")
    blender.wait(UNDONE, objects=before["objects"])
    assert blender.ask("scene()['mode']") == "EDIT"


VERTICES = """
import bmesh
cube = bpy.context.edit_object.data
result = sorted(round(each.co.x, 3) for each in bmesh.from_edit_mesh(cube).verts)
"""


def test_arrival_in_edit_mode_after_an_edit(blender: BlenderWindow) -> None:
    """What was edited before the arrival, in the same Edit Mode, stays when the arrival is undone
    and redone, and can be undone itself.
    """
    blender.over()
    blender.key("Tab")
    blender.wait("scene()['mode'] == 'EDIT'")
    untouched = blender.ask(VERTICES)
    blender.call("transform.translate", value=(3, 0, 0))
    blender.ask("bpy.ops.ed.undo_push(message='Move')")
    edited = blender.ask(VERTICES)
    assert edited != untouched
    before = blender.ask("scene()")
    arrive(blender)
    after = blender.ask("scene()")
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
