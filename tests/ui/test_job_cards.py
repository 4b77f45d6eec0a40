# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches, what a row says after a click, and what Dismiss All removes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.job_values import UNANSWERED, Cause, Decision, Delivery, Problem  # noqa: E402
from mint_blender.jobs.phases import Phase, Verb  # noqa: E402
from mint_blender.jobs.presentation.job_view import duration  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.message import Message  # noqa: E402
from mint_blender.ui.job_list import grouped_jobs, panel  # noqa: E402
from mint_blender.ui.job_list.list_operators import MINT_OT_dismiss_finished  # noqa: E402
from mint_blender.ui.job_list.panel import MOST  # noqa: E402

from ..jobs.workflow_harness import operation  # noqa: E402
from .sample_jobs import a_job  # noqa: E402
from .test_finished_line import in_menu  # noqa: E402
from .test_job_list import CARD, add, begin, drawn, said  # noqa: E402


def add_batch(job_service: JobService, *phases: Phase) -> None:
    """Add a batch of a job in each of these phases."""
    for number, phase in enumerate(phases):
        job_service.cache.add(a_job(phase, delivery=Delivery(group="one"), now=float(number)))


def test_a_batch_is_one_row_that_opens(job_service: JobService) -> None:
    """It has one bar; open, there is a row for each of its jobs below it."""
    add_batch(job_service, *[Phase.PLACED] * 10, *[Phase.WAITING] * 40)
    closed = drawn(job_service)
    assert (closed["progress"], closed["50 jobs: a lamp"], closed[CARD]) == (1, 1, 0)
    assert (closed["mint.toggle_batch"], closed["mint.cancel_waiting"]) == (1, 1)
    assert bpy.ops.mint.toggle_batch(batch="one") == {"FINISHED"}
    opened = drawn(job_service)
    assert (opened[CARD], len(grouped_jobs.rows())) == (MOST - 1, 51)
    assert bpy.ops.mint.toggle_batch(batch="one") == {"FINISHED"}
    assert drawn(job_service) == closed
    for job in job_service.jobs():
        job_service.cache.save(replace(job, phase=Phase.PLACED))
    ended = drawn(job_service)
    assert (ended["progress"], ended["mint.dismiss_finished"]) == (0, 1)
    add(job_service, Phase.PLACED, 1)
    assert bpy.ops.mint.dismiss_finished(batch="one") == {"FINISHED"}
    assert [job.title for job in job_service.jobs()] == ["a lamp that is placed"]


def test_a_batch_leads_to_its_previews(job_service: JobService) -> None:
    """Its row says how many jobs need a decision, and its button opens the first of them."""
    add_batch(job_service, Phase.WAITING, Phase.REVIEW, Phase.PAUSED)
    shown = drawn(job_service)
    assert any("2 need a decision" in call for call in said())
    assert shown["mint.review"] == 2  # and the one in the title
    assert not shown["mint.cancel_waiting"]


@pytest.mark.parametrize(
    ("phase", "verb", "says"),
    [(Phase.BILLING, Verb.RESUME, "Resuming"), (Phase.WORKING, Verb.CANCEL, "Canceling")],
)
def test_a_card_says_what_a_click_does(
    job_service: JobService, phase: Phase, verb: Verb, says: str
) -> None:
    """Its row has no button, until Mint answers."""
    add(job_service, phase, 1)
    (job,) = job_service.jobs()
    reason = Problem(Cause.WORK, Message("The generation failed at Mint."))
    job = replace(job, problem=reason, operation=job.operation or operation("running"))
    job_service.cache.save(job)
    assert job_service.cache.decide(job, Decision(verb)) is not None
    begin(job_service, [job])
    grouped_jobs.prepare(job_service)
    shown = drawn(job_service)
    assert (shown[says], shown[CARD]) == (1, 1)
    assert not in_menu(job_service.job(job.id))["The generation failed at Mint."]


@pytest.mark.parametrize("code", [None, UNANSWERED])
def test_a_job_that_is_retried_is_queued(job_service: JobService, code: str | None) -> None:
    """The reason why it had stopped is gone, and with it the way to retry it."""
    phase = Phase.PAUSED if code else Phase.FAILED
    add(job_service, phase, 1)
    (job,) = job_service.jobs()
    reason = Problem(Cause.WORK, Message("The generation failed at Mint."), code)
    job = replace(job, problem=reason)
    job_service.cache.save(job)
    assert drawn(job_service)[CARD] == 2  # Details… opens the menu, too
    menu = in_menu(job)
    assert (menu["mint.retry"], menu["The generation failed at Mint."]) == (1, 1)
    job_service.retry(job.id)
    shown = drawn(job_service)
    assert (shown["mint.cancel"], shown[CARD]) == (1, 1)
    assert not in_menu(job_service.job(job.id))["The generation failed at Mint."]


def test_elapsed_and_remaining_time_look_different(job_service: JobService) -> None:
    """What is left is in minutes; what has passed is more exact."""
    add(job_service, Phase.WORKING, 1)
    assert [panel.time_left(seconds) for seconds in (10, 61)] == ["1 min left", "2 min left"]
    assert panel.with_time("Generating", duration(16)) == "Generating, 16 s"
    assert drawn(job_service)["progress"] == 1


def test_dismiss_all_says_what_is_removed_and_kept(job_service: JobService) -> None:
    """A click takes failed jobs too, after a question; a script has to ask for that."""
    for phase, count in {Phase.PLACED: 3, Phase.FAILED: 2, Phase.READY: 1}.items():
        add(job_service, phase, count)
    said: dict[str, Any] = {}
    asks = SimpleNamespace(invoke_confirm=lambda *_, **words: said.update(words) or {"RUNNING"})
    click = SimpleNamespace(batch="", failed=False)
    context = SimpleNamespace(window_manager=asks)
    MINT_OT_dismiss_finished.invoke(click, context, None)  # type: ignore[arg-type]
    assert said["message"] == (
        "This removes from the list: 3 finished, 2 failed. Objects in your scene and files on "
        "disk stay. Jobs that stay on the list: 1."
    )
    assert click.failed
    assert bpy.ops.mint.dismiss_finished() == {"FINISHED"}
    assert len(job_service.jobs()) == 3
    assert bpy.ops.mint.dismiss_finished(failed=True) == {"FINISHED"}
    assert [job.phase for job in job_service.jobs()] == [Phase.READY]
