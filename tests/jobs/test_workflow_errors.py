# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors while a workflow runs: what is repeated, what pauses, and how long it is polled."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from mint_blender.jobs.job_values import Cause, Delivery
from mint_blender.jobs.new_jobs import new_fetch, new_request
from mint_blender.jobs.paid_requests.record import PaidVerb, State, of_line
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.effects import (
    Fetch,
    Pay,
    Poll,
    ReadAsset,
    ReadPage,
    TakeSlot,
    Upload,
)
from mint_blender.mint.errors import KeyMissing, Unreachable
from mint_blender.mint.retry import PollIntervals
from mint_blender.mint.schema import Asset, Kind

from .workflow_harness import (
    GLB,
    Start,
    WorkflowHarness,
    a_job,
    decided,
    in_review,
    operation,
    problem,
    retried,
    seen,
    started,
    working,
)


def test_too_many_active_returns_to_the_queue() -> None:
    """The job waits for a slot with the same key, and a note says why."""
    job = a_job()
    run = WorkflowHarness(job).answer().fail(problem(429, "concurrency-limit-reached"))
    assert run.expect(TakeSlot).after == PollIntervals().longest
    assert run.job.phase is Phase.WAITING
    assert run.job.problem is not None
    assert run.answer().expect(Start).key == job.requests[0].key
    assert run.job.problem is None


def test_too_many_active_after_no_answer_says_why_it_waits() -> None:
    """It may be at Mint already, so it needs no slot here: the same start is sent again."""
    run = WorkflowHarness(a_job()).answer().fail(Unreachable("gone")).again()
    key = run.expect(Start).key
    run.fail(problem(429, "concurrency-limit-reached"))
    again = run.expect(Start)
    assert (again.key, again.after) == (key, PollIntervals().longest)
    assert run.job.problem is not None and "limit of active" in run.job.problem.message
    run.answer(operation("queued"))
    assert run.job.problem is None


def test_the_older_name_field_is_tried_once_under_another_key() -> None:
    """An error about `name` leads to `displayName`, once and under another record."""
    job = a_job(name="Lamp")
    run = WorkflowHarness(job).answer().fail(problem(400, field="name"))
    run.expect(TakeSlot)
    again = run.answer().expect(Start)
    assert (again.body["displayName"], "name" in again.body) == ("Lamp", False)
    refused, second = run.job.requests
    assert (refused.state, second.key) == (State.REFUSED, again.key)
    run.fail(problem(400, field="displayName"))
    assert run.rests
    assert run.job.phase is Phase.FAILED


def test_the_older_name_field_of_a_line_is_tried_under_its_own_key() -> None:
    """Another machine may have started the line with that key: another one could pay twice."""
    job = a_job(name="Lamp")
    line = new_request(of_line("batch", "tag"), PaidVerb.START, job.id, now=time.time())
    run = WorkflowHarness(replace(job, requests=(line,)))
    run.answer().fail(problem(400, field="name")).expect(TakeSlot)
    again = run.answer().expect(Start)
    assert (again.key, again.body["displayName"], "name" in again.body) == (line.key, "Lamp", False)
    (request,) = run.job.requests
    assert request.state is State.IN_DOUBT
    assert run.fail(problem(400, field="displayName")).expect(ReadPage).kind is Kind.MODEL


def test_missing_uploads_are_repeated_once() -> None:
    """An error about picture addresses leads to one more upload and start.

    They have other keys, and there is no pause.
    """
    job = a_job(images=("a.png", "https://example.org/b.png"))
    run = WorkflowHarness(job)
    assert not run.expect(Upload).force
    run.answer("https://mint/old").answer().fail(problem(400, field="sourceImages"))
    again = run.expect(Upload)
    assert again.force
    first = job.requests[0].key
    assert again.key != f"{first}-picture-1"
    assert run.answer("https://mint/new").expect(TakeSlot).after == 0
    start = run.answer().expect(Start)
    assert start.body["sourceImages"] == ["https://mint/new", "https://example.org/b.png"]
    assert start.key not in {first, again.key}
    run.fail(problem(400, field="sourceImages"))
    assert run.rests
    assert run.job.phase is Phase.FAILED


def test_an_address_of_the_users_is_not_brought_anywhere() -> None:
    """When Mint does not take it, that is the answer."""
    run = (
        WorkflowHarness(a_job(images=("https://example.org/b.png",)))
        .answer()
        .fail(problem(400, field="imageUrl"))
    )
    assert run.rests
    assert run.job.phase is Phase.FAILED


def test_an_invalid_request_is_over_and_nothing_was_charged() -> None:
    """Mint did not take the request: the job has failed and says that it cost nothing."""
    run = WorkflowHarness(a_job()).answer().fail(problem(400, detail="prompt: is too long"))
    assert run.rests
    assert run.job.phase is Phase.FAILED
    assert run.job.problem is not None
    assert run.job.problem.cause is Cause.REFUSED
    assert "Nothing was started or charged" in run.job.problem.message


PLACES = {
    "upload": lambda: WorkflowHarness(a_job(images=("/tmp/lamp.png",))),
    "start": lambda: WorkflowHarness(a_job()).answer(),
    "poll": lambda: started(a_job()),
    "approve": lambda: WorkflowHarness(decided(in_review().job, Verb.APPROVE)),
    "resume": lambda: WorkflowHarness(
        decided(replace(working(), phase=Phase.BILLING), Verb.RESUME)
    ),
    "retry": lambda: WorkflowHarness(
        retried(replace(working(), phase=Phase.FAILED, operation=operation("failed")))
    ).answer(),
    "cancel": lambda: WorkflowHarness(decided(working(), Verb.CANCEL)),
    "asset": lambda: started(a_job()).answer(seen("succeeded")),
}
TROUBLES = {
    "key": (problem(401), Cause.KEY),
    "no key": (KeyMissing(), Cause.KEY),
    "network": (Unreachable("no route"), Cause.UNREACHABLE),
    "503": (problem(503), Cause.UNREACHABLE),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("place", PLACES)
def test_no_key_and_no_network_pause_and_can_be_resumed(place: str, trouble: str) -> None:
    """Resuming sends the same request again or first reads the operation."""
    run = PLACES[place]()
    effect = run.effect
    error, cause = TROUBLES[trouble]
    run.fail(error)
    assert run.rests
    assert run.job.phase is Phase.PAUSED
    assert run.job.problem is not None
    assert run.job.problem.cause is cause
    again = run.again()
    if again.effect != effect and not (
        isinstance(again.effect, TakeSlot) and isinstance(effect, Pay)
    ):
        assert isinstance(again.effect, Poll), f"{again.effect} instead of {effect}"
    assert again.job.phase is not Phase.PAUSED or again.job.decision is not None


@pytest.mark.covers("C7-timeout", "R-slow")
def test_after_half_an_hour_polling_goes_on_once_a_minute() -> None:
    """Polling continues less often with a note, until the job ends."""
    run = started(a_job())
    waited = 0.0
    while run.job.problem is None:
        waited += run.expect(Poll).after
        run.answer(seen("running"))
    assert 30 * 60 <= waited <= 30 * 60 + 15
    for _ in range(24 * 60):
        assert run.expect(Poll).after == 60.0
        run.answer(seen("running"))
    assert run.job.phase is Phase.WORKING
    assert run.job.problem.cause is Cause.PATIENCE
    assert (
        run.job.problem.message
        == "Still running at Mint after 30 minutes. Checking continues once a minute; this is free."
    )
    assert run.again().expect(Poll).after == 0.0
    run.answer(seen("succeeded"))
    assert (run.job.phase, run.job.problem) == (Phase.FETCHING, None)


def test_an_asset_generated_elsewhere_is_read_once_a_minute() -> None:
    """After half an hour an unfinished asset is read less often."""
    job = new_fetch(
        Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"}), Delivery(), now=1.0
    )
    run, busy = (
        WorkflowHarness(job),
        Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"}),
    )
    run.answer(busy)
    while run.job.problem is None:
        run.expect(ReadAsset)
        run.answer(busy)
    assert (run.job.phase, run.job.problem.cause) == (Phase.FETCHING, Cause.PATIENCE)
    assert run.expect(ReadAsset).after == 60.0
    run.answer(
        Asset.from_json(
            Kind.MODEL, {"id": "res_1", "status": "succeeded", "assets": {"glbUrl": GLB}}
        )
    )
    assert run.job.problem is None
    run.expect(Fetch)


def test_the_schedule_of_polls() -> None:
    """2 s, times 1.6 each round, never more than 15 s."""
    run = started(a_job())
    waits = []
    for _ in range(8):
        waits.append(run.expect(Poll).after)
        run.answer(seen("running"))
    assert waits == pytest.approx([2, 3.2, 5.12, 8.192, 13.1072, 15, 15, 15])


def test_retry_after_replaces_the_schedule() -> None:
    """What Mint asks for is done instead, up to 15 s; afterwards the schedule goes on."""
    run = started(a_job()).answer(seen("running", retry_after=7.0))
    assert run.expect(Poll).after == 7.0
    assert run.answer(seen("running", retry_after=600.0)).expect(Poll).after == 15.0
    assert run.answer(seen("running")).expect(Poll).after == pytest.approx(8.192)


def test_a_job_of_another_project_can_be_picked_up_again() -> None:
    """Mint does not know the operation: perhaps the key is another project's.

    Nothing that may have been paid for is given up.
    """
    run, tries = started(a_job()), 0
    while not run.rests:  # a new operation may not be shown for a moment
        run.fail(problem(404))
        tries += 1
    assert 1 < tries < 20
    assert run.job.phase is Phase.PAUSED
    assert run.again().expect(Poll).operation_id == "op_1"
