# SPDX-License-Identifier: GPL-3.0-or-later
"""No button of the sidebar moves while jobs, Previews, results, problems and balances arrive.

For this test all buttons are drawn in one color, with invisible texts. So each picture of the
sidebar shows where the buttons are, to the pixel.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from .blender_window import SCREENSHOTS, BlenderWindow

pytestmark = pytest.mark.window

Box = tuple[int, int, int, int]

PAINT = """
theme = bpy.context.preferences.themes[0].user_interface
for name in (
    "tool", "regular", "radio", "text", "option", "toggle", "num", "numslider", "menu", "pulldown"
):
    widget = getattr(theme, "wcol_" + name)
    widget.show_shaded, widget.roundness = False, 0.0
    for part in ("inner", "inner_sel", "item", "outline"):
        setattr(widget, part, (1.0, 0.0, 1.0, 1.0))
    widget.text = widget.text_sel = (1.0, 0.0, 1.0)
theme.icon_alpha = 0.0
"""
RESET = "bpy.ops.preferences.reset_default_theme()"
ARRIVE = """
import dataclasses, time
from pathlib import Path
values = part("jobs.job_values")
new_jobs, schema = part("jobs.new_jobs"), part("mint.schema")
Phase = part("jobs.phases").Phase
Message = part("message").Message
service = part("ui.session").service()
queries, messages = part("jobs.queries"), part("jobs.engine.thread_messages")
here = service.jobs()
if what in ("start", "batch"):
    request = part("mint.generation_request").GenerationRequest(
        schema.Kind.WORLD if number % 3 == 0 else schema.Kind.MODEL, f"a wooden chest {number}"
    )
    delivery = values.Delivery(group="batch" if what == "batch" else "")
    job = new_jobs.new_job(request, delivery, now=time.time(), estimate=800.0)
    service.cache.add(dataclasses.replace(job, phase=Phase.WORKING))
    service._active[job.id] = 1
elif what == "balance":
    told = schema.Usage.from_json({"credits": {"totalAvailable": number * 977}})
    service.queries.answers[queries.Balance()] = messages.QueryAnswered(queries.Balance(), told)
elif here:
    job = here[number % len(here)]
    problem = values.Problem(values.Cause.WORK, Message("The generation failed at Mint. " * 5))
    preview = values.LocalFile(values.Role.PREVIEW, picture, "https://files.example/preview.png")
    changes = {
        "preview": {"phase": Phase.REVIEW, "files": (preview,)},
        "problem": {"phase": Phase.FAILED, "problem": problem},
        "billing": {"phase": Phase.BILLING},
        "ready": {"phase": Phase.READY, "notes": (Message("This model has no textures."),)},
        "placed": {"phase": Phase.PLACED, "files": (preview,)},
        "working": {"phase": Phase.WORKING},
    }[what]
    service.cache.save(dataclasses.replace(job, decision=None, **changes))
    if what == "working":
        service._active[job.id] = 1
    else:
        service._active.pop(job.id, None)
service._note_activity()
heartbeat = part("ui.heartbeat")
heartbeat.jobs_changed(service)
heartbeat.redraw()
result = True
"""
KINDS = ("start", "batch", "balance", "preview", "problem", "billing", "ready", "placed", "working")


def buttons(blender: BlenderWindow) -> set[Box]:
    """Return the boxes of all buttons that the sidebar shows: left, top, right, bottom."""
    blender.settle()
    box = blender.ask("box('VIEW_3D', 'UI')")
    shown, before = blender.display.picture(box), None
    while before is None or not np.array_equal(before, shown):
        time.sleep(0.03)
        before, shown = shown, blender.display.picture(box)
    red, green, blue = shown.astype(int).transpose(2, 0, 1)
    return set(_boxes((red - green > 60) & (blue - green > 60)))


def _boxes(is_button: NDArray[np.bool_]) -> Iterator[Box]:
    """Yield the box of each group of touching rows of pixels."""
    open_boxes: dict[tuple[int, int], int] = {}
    for y in range(len(is_button) + 1):
        runs = set(_runs(is_button[y])) if y < len(is_button) else set()
        for run in [each for each in open_boxes if each not in runs]:
            yield run[0], open_boxes.pop(run), run[1], y
        for run in runs - open_boxes.keys():
            open_boxes[run] = y


def _runs(row: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(int), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 12]


def moved(before: set[Box], after: set[Box]) -> list[tuple[Box, Box]]:
    """Return the buttons that are partly where another one was: one of them has moved."""
    return [
        (old, new)
        for old in before - after
        for new in after - before
        if old[0] < new[2] and new[0] < old[2] and old[1] < new[3] and new[1] < old[3]
    ]


@pytest.mark.feature("sections in the sidebar")
@pytest.mark.parametrize(
    ("width", "arrivals"),
    [
        pytest.param(240, 60, marks=pytest.mark.thorough),
        pytest.param(240, 200, marks=pytest.mark.nightly),
        pytest.param(400, 200, marks=pytest.mark.nightly),
    ],
)
def test_no_button_moves(blender: BlenderWindow, width: int, arrivals: int) -> None:
    """Things arrive in a random order; every button that stays, stays where it is."""
    chance = random.Random(width)
    blender.fill(prompt="a typed prompt")
    blender.set_sidebar_width(width)
    blender.display.move(300, 500)
    picture = SCREENSHOTS / "arrival_preview.png"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 64), (40, 90, 200)).save(picture)
    blender.ask(PAINT)
    try:
        blender.ask(ARRIVE, what="start", number=0, picture=str(picture))  # examples make way
        start = before = buttons(blender)
        assert len(start) >= 5, "the buttons are not seen"
        for number in range(arrivals):
            what = chance.choice(KINDS)
            values = {"what": what, "number": chance.randrange(1000), "picture": str(picture)}
            blender.ask(ARRIVE, **values)
            after = buttons(blender)
            if moved(before, after) or start - after:
                blender.screenshot(f"moved_{width}_{number}_{what}")
            assert moved(before, after) == [], f"arrival {number}: {what}"
            assert start - after == set(), f"arrival {number}: {what}"
            before = after
    finally:
        blender.ask(RESET)
