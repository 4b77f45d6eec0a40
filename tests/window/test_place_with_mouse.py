# SPDX-License-Identifier: GPL-3.0-or-later
"""Place with Mouse: a result is dragged over surfaces, and clicked where it shall be."""

from __future__ import annotations

from typing import Any

import pytest

from .blender_window import BlenderWindow
from .test_jobs import place
from .test_landing import LEAVE_ALONE
from .test_placing import ready

pytestmark = pytest.mark.window

RUNNING = "'MINT_OT_place_with_mouse' in [each.bl_idname for each in window().modal_operators]"
PIXEL = """
from bpy_extras import view3d_utils
here = region('VIEW_3D', 'WINDOW')
found = view3d_utils.location_3d_to_region_2d(here, area('VIEW_3D').spaces.active.region_3d, point)
result = [here.x + found.x, window().height - here.y - found.y]
"""
WHERE = "[list(bpy.data.objects[name].matrix_world.translation), list(bpy.data.objects[name].rotation_euler)]"
TALL = """
bpy.data.objects['Cube'].location = (-3, 0, 1)
bpy.ops.ed.undo_push(message='Move the cube')
"""


def pixel(blender: BlenderWindow, *point: float) -> tuple[float, float]:
    """Return where a point of the scene is on the screen."""
    x, y = blender.ask(PIXEL, point=point)
    return x, y


def begin(blender: BlenderWindow, **arguments: Any) -> None:
    """Begin with the pointer over the viewport."""
    blender.over()
    assert blender.call("mint.place_with_mouse", "INVOKE_DEFAULT", **arguments) == ["RUNNING_MODAL"]
    assert blender.ask(RUNNING)


def placed(blender: BlenderWindow) -> str:
    """Have an active model in the scene, beside a cube on the floor; return its name."""
    blender.ask(LEAVE_ALONE)
    blender.ask(TALL)
    place(blender, "a lamp")
    (root,) = blender.ask("roots()")
    blender.ask("bpy.context.view_layer.objects.active = bpy.data.objects[root]", root=root)
    return str(root)


def test_a_model_is_put_onto_a_cube(blender: BlenderWindow) -> None:
    """A click places it on top, turned by the wheel; Ctrl+Z brings it back."""
    root = placed(blender)
    before = blender.ask(WHERE, name=root)
    begin(blender, job_id=blender.jobs()[0]["id"])
    blender.rest_at(*pixel(blender, -3.0, 0.0, 2.0))
    blender.display.tool("click", "4")
    blender.settle()
    assert blender.ask(WHERE, name=root) == before
    blender.display.press()
    blender.wait(f"not {RUNNING}")
    location, rotation = blender.ask(WHERE, name=root)
    assert location == pytest.approx([-3.0, 0.0, 2.0], abs=0.05)
    assert rotation == pytest.approx([0, 0, 0.2618], abs=1e-3)
    assert blender.ask("scene()")["selected"] == [root]
    blender.key("ctrl+z")
    blender.wait(f"{WHERE} == before", name=root, before=before)


@pytest.mark.thorough
def test_escape_leaves_it_as_it_was(blender: BlenderWindow) -> None:
    """Escape and a right click end it; a result that comes meanwhile waits for that."""
    is_busy = "part('ui.job_list.auto_import')._is_busy()"
    root = placed(blender)
    before = blender.ask(WHERE, name=root), blender.ask("scene()")
    for end in ("Escape", 3):
        begin(blender)
        blender.rest_at(*pixel(blender, 1.0, -2.0, 0.0))
        assert blender.ask(is_busy)
        if isinstance(end, str):
            blender.key(end)
        else:
            blender.display.tool("click", str(end))
        blender.wait(f"not {RUNNING}")
        assert (blender.ask(WHERE, name=root), blender.ask("scene()")) == before
        assert not blender.ask(is_busy)


@pytest.mark.thorough
def test_ctrl_snaps_to_the_grid(blender: BlenderWindow) -> None:
    """On the floor it goes to the nearest crossing of grid lines."""
    root = placed(blender)
    begin(blender)
    blender.rest_at(*pixel(blender, 1.2, -2.3, 0.0))
    blender.display.tool("keydown", "ctrl")
    blender.rest_at(*pixel(blender, 1.25, -2.3, 0.0))
    blender.display.press()
    blender.display.tool("keyup", "ctrl")
    blender.wait(f"not {RUNNING}")
    location, _ = blender.ask(WHERE, name=root)
    assert location == pytest.approx([1, -2, 0], abs=1e-4)


@pytest.mark.thorough
def test_a_ready_result_is_imported_where_it_is_clicked(blender: BlenderWindow) -> None:
    """It is exactly there, on the cube, in one undo step."""
    job = ready(blender)
    blender.ask(TALL)
    begin(blender, job_id=job["id"])
    blender.rest_at(*pixel(blender, -3.0, 0.0, 2.0))
    blender.display.press()
    blender.wait_for("placed")
    (root,) = blender.ask("roots()")
    location, _ = blender.ask(WHERE, name=root)
    assert location == pytest.approx([-3.0, 0.0, 2.0], abs=0.05)
    blender.over()
    blender.key("ctrl+z")
    blender.wait("roots() == []")
    assert blender.ask("list(bpy.data.objects['Cube'].location)") == [-3, 0, 1]
