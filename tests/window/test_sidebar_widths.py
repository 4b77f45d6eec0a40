# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar as narrow as it is used, and as wide: what is below each other, and what stays."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .test_jobs import start
from .test_languages import SWITCH

pytestmark = pytest.mark.window

NARROW, WIDE = 240, 529

ACTIVATE = """
found = [bpy.data.objects[name] for name in roots()]
bpy.context.view_layer.objects.active = next(
    each for each in found if ("mint_flipped" in each.keys()) == is_world
)
"""


ADD = """
import dataclasses
values, new_jobs = part("jobs.job_values"), part("jobs.new_jobs")
Kind, Phase = part("mint.schema").Kind, part("jobs.phases").Phase
request = part("mint.generation_request").GenerationRequest
phases = (Phase.PLACED, Phase.REVIEW, Phase.WORKING, Phase.CANCELED, Phase.READY)
service = part("ui.session").service()
for number in range(count):
    asked = request(Kind.WORLD if number % 4 == 3 else Kind.MODEL, f"a chest with {number} bands")
    job = new_jobs.new_job(asked, values.Delivery(group=group), now=1000.0 + number)
    service.cache.add(dataclasses.replace(job, phase=phases[number % len(phases)]))
part("ui.heartbeat").redraw()
"""


@pytest.mark.parametrize(("count", "group"), [(0, ""), (1, ""), (5, ""), (30, ""), (30, "one")])
def test_the_list_is_as_high_with_few_jobs_as_with_many(
    blender: BlenderWindow, count: int, group: str
) -> None:
    """So what is below it stays where it is."""
    for width in (NARROW, 400):
        blender.set_sidebar_width(width)
        if width == NARROW:
            before = blender.find("mint.browse_library")
            blender.ask(ADD, count=count, group=group)
            assert blender.find("mint.browse_library") == before
        blender.screenshot(f"width_{width}_list_{count}{group}")


@pytest.mark.parametrize("is_world", [False, True])
def test_what_is_selected_fits(blender: BlenderWindow, is_world: bool) -> None:
    """The steps of a German panel are below each other where they do not fit side by side."""
    start(blender, "an old greenhouse of glass", kind="WORLD" if is_world else "MODEL")
    blender.wait_for("placed")
    blender.ask(ACTIVATE, is_world=is_world)
    blender.settle()
    first, second = (
        ("mint.walk_inside", "mint.restore_view") if is_world else ("mint.optimize", "mint.animate")
    )
    blender.ask(SWITCH, language="de_DE")
    try:
        for width in (NARROW, WIDE):
            blender.set_sidebar_width(width)
            blender.screenshot(f"width_{width}_{'world' if is_world else 'model'}")
            heights = blender.find(first)[1], blender.find(second)[1]
            is_beside = abs(heights[0] - heights[1]) < 10
            assert is_beside is (width == WIDE)
    finally:
        blender.ask(SWITCH, language="en_US")
