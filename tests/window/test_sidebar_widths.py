# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar as narrow as it is used, and as wide: pictures to look at, and nothing is cut off."""

from __future__ import annotations

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .sections import scroll
from .test_appearance import looking
from .test_jobs import start

pytestmark = pytest.mark.window

NARROW, WIDE = 240, 529
JOBS = {
    "a wooden treasure chest with iron bands [stuck]": "working",
    "a garden bench [no-credits]": "billing",
    "a soldier [moderation]": "failed",
    "a vase with a long title [transient]": "failed",
    "an old greenhouse": "placed",
    "a green bottle": "placed",
}
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
        for look in ("dark", "german", "japanese"):
            with looking(blender, look):
                blender.screenshot(f"width_{width}_list_{count}{group}_{look}")


def test_every_kind_of_row_fits(blender: BlenderWindow, service: Service) -> None:
    """What is too long for a row is cut off, and in the job's menu."""
    service.scenario(credits=10_000)
    for prompt, phase in JOBS.items():
        start(blender, prompt, kind="WORLD" if "greenhouse" in prompt else "MODEL")
        blender.wait(
            "any(each['phase'] == phase and each['prompt'] == prompt for each in jobs())",
            phase=phase,
            prompt=prompt,
        )
    for width in (NARROW, WIDE):
        blender.set_sidebar_width(width)
        for look in ("dark", "light", "german", "japanese"):
            with looking(blender, look):
                blender.screenshot(f"width_{width}_jobs_{look}")
                scroll(blender)
                blender.screenshot(f"width_{width}_jobs_{look}_below")
                for _ in range(20):
                    blender.display.tool("click", 4)
                blender.settle()


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
    for width in (NARROW, WIDE):
        blender.set_sidebar_width(width)
        for look in ("dark", "japanese", "german"):
            with looking(blender, look):
                blender.screenshot(f"width_{width}_{'world' if is_world else 'model'}_{look}")
                if look == "german":
                    blender._known.clear()
                    heights = blender.find(first)[1], blender.find(second)[1]
                    is_beside = abs(heights[0] - heights[1]) < 10
                    assert is_beside is (width == WIDE)
