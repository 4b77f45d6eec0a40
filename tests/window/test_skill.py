# SPDX-License-Identifier: GPL-3.0-or-later
"""The code of the skill for agents in a Blender with a window, run from a timer as agents do."""

from __future__ import annotations

import pytest

from ..code import skill_file
from .blender_window import BlenderWindow
from .conftest import Since

pytestmark = pytest.mark.window

START, GENERATE, WAIT = (
    skill_file.code_block(part) for part in ("sys.modules", "INVOKE_DEFAULT", "jobs")
)


def test_the_price_is_confirmed_in_blender(blender: BlenderWindow, since: Since) -> None:
    """The code opens the dialog and starts nothing; the user's click starts it once."""
    blender.over("VIEW_3D", "WINDOW")
    blender.until_it_shows(lambda: blender.ask(GENERATE + "\nresult = None"))
    blender.settle()
    assert since.starts == 0, "nothing was confirmed yet"
    blender.key("Return")  # ends the text
    blender.pay()
    job = blender.wait_for("review")
    code = f"{START}\njob = next(mint.jobs())\n"
    code += "result = [job.job_id, job.previews, job.title, sorted(job.files)]"
    assert blender.ask(code) == [job["id"], 1, "Lamp", ["preview"]]
    blender.call("mint.approve", job_id=job["id"], preview=1)
    blender.wait_for("placed")
    assert since.starts == 1
    count = "len([each for each in bpy.data.objects if each.get('mint_job_id') == job_id])"
    assert blender.ask(count, job_id=job["id"]) >= 1
