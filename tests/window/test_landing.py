# SPDX-License-Identifier: GPL-3.0-or-later
"""A result is seen: beside what is there, without a change of the selection, framed by a click."""

from __future__ import annotations

from pathlib import Path

import pytest

from .blender_window import BlenderWindow
from .test_arrival import ALL_OF_THE_VIEW, CHIPS, press
from .test_interruptions import OPEN, SAVE
from .test_jobs import place, start

pytestmark = pytest.mark.window

LEAVE_ALONE = "part('ui.viewport.arrival').leave_alone()"
"""The view is not to move when a result arrives."""
CHIP = """
arrival = part('ui.viewport.arrival')
arrival._add_chip(arrival.Chip('1', 'a bell', False))
area('VIEW_3D').tag_redraw()
"""
IS_STARTED = """
beats = part('ui.heartbeat')
result = not bpy.app.timers.is_registered(beats._resume) and not beats._state().is_file_new
"""


@pytest.mark.thorough
def test_a_chip_is_clicked_after_preferences_were_loaded(blender: BlenderWindow) -> None:
    """Blender then clears its own keymaps when the next file is opened."""
    blender.ask("bpy.ops.wm.read_userpref()")
    blender.fresh()
    blender.wait(IS_STARTED)
    blender.ask(CHIP)
    press(blender, 0, "close")
    assert blender.ask(CHIPS) == []


@pytest.mark.thorough
def test_what_is_clicked_before_the_add_on_has_started_counts(blender: BlenderWindow) -> None:
    """It resumes earlier jobs after a second, which is not another file."""
    blender.ask("leave()")
    blender.ask("[str(addon_utils.enable(MODULE))]")
    blender.ask(CHIP)
    blender.call("mint.generate", prompt="a lamp", preset="FAST")
    blender.wait(IS_STARTED)
    assert blender.ask(CHIPS)[0] == ["a bell", False]


@pytest.mark.parametrize(
    "meanwhile",
    [
        "navigated",
        *(
            pytest.param(each, marks=pytest.mark.thorough)
            for each in ("selected", "edited", "rendered")
        ),
    ],
)
def test_a_view_that_is_used_stays(blender: BlenderWindow, meanwhile: str) -> None:
    """A chip says that the result is here; its button shows it."""
    acts = {
        "navigated": "area('VIEW_3D').spaces.active.region_3d.view_distance += 1",
        "selected": "bpy.data.objects['Cube'].select_set(False)",
        "edited": "bpy.data.objects['Cube'].location.x += 1",
        "rendered": "area('VIEW_3D').spaces.active.shading.type = 'WIREFRAME'",
    }
    start(blender, "a wooden stool")
    blender.ask(acts[meanwhile])
    before = blender.ask(ALL_OF_THE_VIEW)
    blender.wait_for("placed")
    blender.settle()
    assert blender.ask(ALL_OF_THE_VIEW) == before
    assert blender.ask(CHIPS) == [["wooden stool", False]]


@pytest.mark.thorough
def test_a_file_with_results_is_nobody_s_first(blender: BlenderWindow, tmp_path: Path) -> None:
    """It is somebody's scene: opened again, its view stays when the next result comes."""
    place(blender, "a wooden stool")
    path = str(tmp_path / "own.blend")
    blender.ask(SAVE, path=path)
    blender.ask(OPEN, path=path)
    blender.open_sidebar()
    before = blender.ask(ALL_OF_THE_VIEW)
    place(blender, "a lamp")
    blender.settle()
    assert blender.ask(ALL_OF_THE_VIEW) == before
    assert blender.ask(CHIPS) == [["lamp", False]]
