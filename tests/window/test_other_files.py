# SPDX-License-Identifier: GPL-3.0-or-later
"""A result that was made for another file says so, and lands when that file is open again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .test_jobs import start

pytestmark = pytest.mark.window

SAVE = "with within('VIEW_3D'):\n    bpy.ops.wm.save_as_mainfile(filepath=path)"
OPEN = "with within('VIEW_3D'):\n    bpy.ops.wm.open_mainfile(filepath=path)"
STATE = """
service = job_service()
job = part('ui.job_list.placed_results').shown(service.jobs()[0])
result = part('ui.job_list.placed_results').view_of(service, job).short_state
"""


def open_file(blender: BlenderWindow, path: Path) -> None:
    """Open a file and the sidebar."""
    blender.ask(OPEN, path=str(path))
    blender.wait("bpy.data.filepath == path", path=str(path))
    blender.open_sidebar()


@pytest.mark.thorough
def test_a_result_lands_when_its_file_is_open_again(
    blender: BlenderWindow, service: Service, leisurely: None, tmp_path: Path
) -> None:
    """The file got its name after the click; meanwhile another one is open."""
    other, own = tmp_path / "other.blend", tmp_path / "scene2.blend"
    blender.ask(SAVE, path=str(other))
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.wm.read_homefile()")
    blender.open_sidebar()
    start(blender, "a lamp")
    blender.wait("jobs()[0]['previews']")
    blender.ask(SAVE, path=str(own))
    open_file(blender, other)
    service.advance(2000)
    blender.wait_for("ready")
    blender.settle()
    assert blender.ask("roots()") == []
    assert blender.ask(STATE) == "Ready: made for scene2.blend"
    open_file(blender, own)
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert blender.ask(STATE) != "Ready: made for scene2.blend"
    assert not blender.ask("part('ui.heartbeat').is_beating()")
    open_file(blender, other)
    assert blender.ask("roots()") == []
