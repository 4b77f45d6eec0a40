# SPDX-License-Identifier: GPL-3.0-or-later
"""The job list as a person sees it: a row for each job, with a button and a menu."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .test_jobs import start

pytestmark = pytest.mark.window

SELECTED = "scene()['selected']"


def test_a_row_has_a_button_and_a_menu(blender: BlenderWindow) -> None:
    """A click on a row's button selects the result, and another one opens its menu."""
    start(blender, "a small ceramic lamp with an orange shade")
    blender.wait_for("placed")
    start(blender, "a wooden chair")
    start(blender, "an old greenhouse [partial]", kind="WORLD")
    start(blender, "a statue [stuck]")
    blender.wait_for("placed", title="chair")
    blender.wait_for("placed", title="greenhouse")
    statue = blender.wait("next(each for each in jobs() if 'statue' in each['title'])")
    blender.call("mint.cancel", job_id=statue["id"])
    blender.wait_for("canceled", title="statue")
    blender.settle()
    chair = next(each for each in blender.jobs() if "chair" in each["title"])
    blender.ask("[each.select_set(False) for each in bpy.context.view_layer.objects] and None")
    blender.click(f'mint.select_result(job_id="{chair["id"]}"')
    blender.wait(f"{SELECTED} != []")
    world = next(each for each in blender.jobs() if "greenhouse" in each["title"])
    blender.until_it_shows(lambda: blender.click(f'mint.job_menu(job_id="{world["id"]}"'))
    blender.key("Escape")
