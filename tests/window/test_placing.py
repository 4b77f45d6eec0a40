# SPDX-License-Identifier: GPL-3.0-or-later
"""A click places a result, whatever the user is doing."""

from __future__ import annotations

from typing import Any

import pytest

from .blender_window import BlenderWindow
from .test_jobs import place, start

pytestmark = pytest.mark.window


def ready(blender: BlenderWindow) -> dict[str, Any]:
    """Return a job ready to place, whose prompt was clicked in a file that is not open any more."""
    start(blender, "a lamp")
    blender.ask("part('ui.session').document_changed()")
    return blender.wait_for("ready")


REDO_PANEL = "[r.height for r in area('VIEW_3D').regions if r.type == 'HUD'][0]"
CUBES = "sorted(max(each.dimensions) for each in bpy.data.objects if each.name.startswith('Cube'))"


def add_cube(blender: BlenderWindow) -> None:
    """Add a cube, and open Adjust Last Operation."""
    blender.ask(
        "with within('VIEW_3D'):\n    bpy.ops.mesh.primitive_cube_add('INVOKE_DEFAULT', True, location=(0, 0, 5))"
    )
    blender.wait(f"{REDO_PANEL} > 1")
    left, top, right, bottom = blender.ask("box('VIEW_3D', 'HUD')")
    blender.rest_at((left + right) / 2, (top + bottom) / 2)
    blender.until_it_shows(lambda: blender.display.press())
    assert blender.find("(field)", name="HUD")


@pytest.mark.thorough
def test_adjusting_the_last_operation_removes_no_result(blender: BlenderWindow) -> None:
    """After a result was placed the panel is closed, since it would remove the result."""
    add_cube(blender)
    blender.write("(field)", "4", name="HUD")
    blender.wait(f"max({CUBES}) == 4")
    blender.over()  # nothing lands while the pointer rests on a field that may be typed into
    place(blender)
    here = blender.ask("roots()")
    assert len(here) == 1
    if "(field)" in blender.buttons(name="HUD"):
        blender.write("(field)", "6", name="HUD")
    blender.over()
    blender.key("shift+r")
    assert blender.ask("roots()") == here
    assert max(blender.ask(CUBES)) == 4
    blender.key("ctrl+z")
    blender.wait("roots() == []")
    assert max(blender.ask(CUBES)) == 4
    blender.key("ctrl+shift+z")
    blender.wait("len(roots()) == 1")


def offers_place(blender: BlenderWindow, offered: bool) -> None:
    """Wait until the row says whether the result is there; and look at its button."""
    blender.wait(
        "(part('ui.job_list.placed_results').shown(job_service().jobs()[0]).phase.value == 'ready') is offered",
        offered=offered,
    )
    blender.settle()
    if offered:
        assert blender.find("mint.place")
    else:
        assert not blender.is_still_there("mint.place")


@pytest.mark.covers("R-undo", "R-again")
def test_a_row_is_right_about_the_open_file(blender: BlenderWindow) -> None:
    """After undo, redo, deleting and File > New a missing result can be placed again."""
    place(blender)
    offers_place(blender, False)
    blender.over()
    blender.key("ctrl+z")
    blender.wait("roots() == []")
    offers_place(blender, True)
    blender.over()
    blender.key("ctrl+shift+z")
    blender.wait("len(roots()) == 1")
    offers_place(blender, False)
    blender.ask(
        "for each in bpy.data.objects:\n    each.select_set(any('mint' in key for key in each.keys()))"
    )
    blender.over()
    blender.until_it_shows(lambda: blender.key("Delete"))
    blender.wait("roots() == []")
    offers_place(blender, True)
    blender.click("mint.place")
    blender.wait("len(roots()) == 1")
    offers_place(blender, False)
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()")
    blender.open_sidebar()
    offers_place(blender, True)
    blender.click("mint.place")
    blender.wait("len(roots()) == 1")
    offers_place(blender, False)
    assert blender.jobs()[0]["phase"] == "placed"
