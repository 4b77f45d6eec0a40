# SPDX-License-Identifier: GPL-3.0-or-later
"""What drawing and a beat cost does not depend on how many jobs and library entries there are."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.one_blender]

from mint_blender.jobs.job_values import Cause, Delivery, Problem
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import (
    Balance,
    ListPage,
    QueryAnswered,
)
from mint_blender.jobs.service import JobService
from mint_blender.message import Message
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Estimate, Kind, Page, Usage
from mint_blender.ui import heartbeat, menus, panel, session
from mint_blender.ui.create import properties as create_properties
from mint_blender.ui.library_browser import entries as library_entries
from mint_blender.ui.library_browser.properties import library_state
from mint_blender.ui.viewport import chips, targets

from ..harness.call_counts import calls_of, count_lines
from ..jobs.library_helpers import an_asset
from .drawings import Draw, drawn_by, in_class, sidebar
from .sample_jobs import a_job
from .test_library_jobs import made

FEW_LINES = 30
"""The steps of a bisection, or of a check whose result Python keeps."""


def lines_of(draw: Draw) -> int:
    """Return how many lines a drawing executes when everything was drawn before."""
    context = sidebar()
    drawn_by(in_class(draw), context)
    return count_lines(lambda: drawn_by(in_class(draw), context))


def answer_prices(job_service: JobService) -> None:
    """Let the form know its price and the balance, so that it shows what would be left."""
    form = bpy.context.window_manager.mint
    usage = Usage.from_json({"credits": {"totalAvailable": 5000}})
    price = create_properties.price_of(form)
    for answer in (
        QueryAnswered(price, Estimate(None, None, 798.0)),
        QueryAnswered(Balance(), usage),
    ):
        job_service.queries.answers[answer.query] = answer


def add_jobs(job_service: JobService, count: int) -> None:
    """Add so many jobs in each of some phases."""
    problem = Problem(Cause.WORK, Message("The generation failed at Mint. Retry."))
    for phase in (Phase.WAITING, Phase.PAUSED, Phase.FAILED, Phase.READY, Phase.PLACED):
        jobs = [a_job(phase, now=time.time(), estimate=800.0) for _ in range(count)]
        job_service.cache.add(*(replace(job, problem=problem) for job in jobs))
    heartbeat.redraw()


JOB_DRAWINGS: tuple[Draw, ...] = (
    panel.MINT_PT_main.draw,
    panel.MINT_PT_main.draw_header_preset,
    menus._draw_status_bar,
)


def test_drawing_does_not_grow_with_the_jobs(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 500 jobs the panel, the balance and the status bar execute as many lines as with 100."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    answer_prices(job_service)
    add_jobs(job_service, 20)
    few = [lines_of(draw) for draw in JOB_DRAWINGS]
    add_jobs(job_service, 80)
    many = [lines_of(draw) for draw in JOB_DRAWINGS]
    assert many == pytest.approx(few, abs=FEW_LINES)


def test_drawing_does_not_grow_with_the_library(job_service: JobService) -> None:
    """With 1,000 entries, each made by a job, as many lines are executed as with 100."""
    bpy.context.window_manager.mint_library.words = "thing"
    lines, beats = [], []
    for count in (100, 1000):
        job_service.cache.add(*(made(number) for number in range(count, count - 20, -1)))
        assets = tuple(an_asset(number) for number in range(count, 0, -1))
        library_state().library.add_page(ListPage(Kind.MODEL), Page(assets, None))
        library_state().library.add_page(ListPage(Kind.WORLD), Page((), None))
        library_entries.prepare(job_service)
        lines.append(lines_of(lambda self, context: read_page()))
        beats.append(calls_of_later_beat())
    assert lines[1] <= lines[0] + FEW_LINES and beats[1] <= beats[0] + FEW_LINES


def read_page() -> None:
    """Read what the bar in the 3D Viewport draws of a page of the library."""
    fields = bpy.context.window_manager.mint_library
    page = library_entries.on_screen(fields)
    assert len(page) == library_entries.cells_used(fields) == 12
    for asset in page:
        assert library_entries.cell(asset) and "Done" in library_entries.facts_of(asset)
    for name in ("status", "range_words", "filter_words", "has_next_screen"):
        getattr(library_entries, name)(fields)


def test_chips_cost_no_more_than_fit(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 100 jobs as many lines are executed as with 22, which do not fit either."""
    for name in ("draw_box", "draw_lines", "draw_text", "draw_picture"):
        monkeypatch.setattr(chips, name, lambda *_: None)
    monkeypatch.setattr("bpy_extras.view3d_utils.location_3d_to_region_2d", lambda *_: None)
    region = SimpleNamespace(x=0, y=0, width=800, height=500, type="WINDOW", as_pointer=lambda: 1)
    overlay = SimpleNamespace(show_overlays=False)
    context: Any = SimpleNamespace(
        region=region,
        region_data=None,
        scene=bpy.context.scene,
        area=SimpleNamespace(regions=[region], as_pointer=lambda: 1),
        space_data=SimpleNamespace(overlay=overlay, region_3d=None),
        preferences=bpy.context.preferences,
    )
    where = Delivery(at=(0.0, 0.0, 0.0), document=session.document_id())
    state, found = session.state(targets._State), []
    for count in (22, 78):
        jobs = [a_job(Phase.WAITING, delivery=where, now=time.time()) for _ in range(count)]
        job_service.cache.add(*jobs)
        targets._choose(state, job_service, count)
        state.targets = tuple(targets._target(state, job_service, job) for job in state.jobs)
        chips.draw(context, None)
        found.append(count_lines(lambda: chips.draw(context, None)))
    assert found[0] > 100
    assert abs(found[1] - found[0]) <= FEW_LINES


# -- a beat when nothing has changed


def add_lamps(service: JobService, count: int) -> None:
    """Add so many jobs in each of some other phases."""
    for phase in (Phase.READY, Phase.PLACED, Phase.PAUSED, Phase.REVIEW):
        service.cache.add(*(a_job(phase, f"lamp {number}", now=number) for number in range(count)))


def calls_of_later_beat() -> int:
    """Return how many functions a beat calls, some beats after the last change."""
    for _ in range(3):
        heartbeat.beat()
    # at the end of a second, panels are redrawn too
    return min(calls_of(heartbeat.beat) for _ in range(5))


@pytest.mark.parametrize("is_active", [False, True])
def test_a_beat_looks_at_no_job(job_service: JobService, is_active: bool) -> None:
    """A beat in which nothing has changed calls as many functions with 400 jobs as with 40."""
    if is_active:  # offline: it stays in the queue
        job_service.start(GenerationRequest(Kind.MODEL, "a lamp"))
    add_lamps(job_service, 10)
    few = calls_of_later_beat()
    add_lamps(job_service, 90)
    assert calls_of_later_beat() == few
