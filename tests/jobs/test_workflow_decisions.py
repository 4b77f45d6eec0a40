# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions of the user, and how the workflow continues."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import PurePath

import pytest

from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.effects import (
    Fetch,
    Poll,
    ReadAsset,
    ReadPage,
    SendDecision,
    Start,
    TakeSlot,
)
from mint_blender.mint.polling import PollIntervals
from mint_blender.mint.schema import Kind, Mode, Page

from .workflow_harness import (
    FILES,
    GLB,
    WorkflowHarness,
    a_job,
    asset,
    decided,
    fetch_all,
    in_review,
    kept,
    operation,
    problem,
    seen,
    started,
    working,
)


def test_revise_keeps_the_earlier_previews() -> None:
    """A revision goes out under its click's key; its preview comes beside the earlier one."""
    run = WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener"))
    act = run.expect(SendDecision)
    assert (act.decision.key, act.decision.feedback, act.target_id) == (
        "click-revise",
        "greener",
        "op_1",
    )
    # Mint still shows the earlier picture while it works on the next one.
    earlier = {"previewImageUrl": f"{FILES}p1.webp"}
    run.answer(operation("running", Mode.REVIEW, assets=earlier))
    assert run.job.decision is None
    run.answer(seen("running", Mode.REVIEW, assets=earlier)).expect(Poll)
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p2.webp"}))
    run.answer(kept(run.expect(Fetch)))
    assert run.rests
    assert [PurePath(one.path).stem for one in run.job.previews] == ["preview-1", "preview-2"]


@pytest.mark.covers("R-decide")
def test_approve_goes_on_to_the_files() -> None:
    """After the approval the final stage is polled and its files are fetched."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    run.expect(SendDecision)
    run.answer(operation("running", Mode.REVIEW)).answer(seen("succeeded", Mode.REVIEW)).answer(
        asset(glbUrl=GLB)
    )
    assert fetch_all(run).job.phase is Phase.READY


def test_the_answer_may_name_another_operation() -> None:
    """What an action answers is followed, whatever its id."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    assert (
        run.answer(operation("running", Mode.REVIEW, id="op_2")).expect(Poll).operation_id == "op_2"
    )


@pytest.mark.parametrize("status", [404, 405, 409])
def test_a_decision_that_is_refused_is_said_and_the_operation_looked_at_anew(status: int) -> None:
    """A conflict settles the click: the reason becomes a note, and Mint is asked how things are."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE)).fail(problem(status))
    poll = run.expect(Poll)
    assert poll.after == 0.0
    assert run.job.decision is None
    assert "because" in run.job.notes[-1]
    run.answer(seen("running", Mode.REVIEW))
    assert run.expect(Poll).after == PollIntervals().first, "the operation has just been looked at"


@pytest.mark.covers("C14-cancel")
def test_cancel_while_waiting_sends_nothing() -> None:
    """A job that still waits here is over at once, without a word to Mint."""
    run = WorkflowHarness(decided(a_job(), Verb.CANCEL))
    assert run.rests
    assert run.job.phase is Phase.CANCELED
    assert run.job.decision is None


def test_cancel_after_a_lost_answer_repeats_the_start_first() -> None:
    """What the start made is found by its key, and then canceled: nothing is left running at Mint."""
    sending = started(a_job()).job
    sending = replace(sending, phase=Phase.SENDING, operation=None)
    run = WorkflowHarness(decided(sending, Verb.CANCEL))
    start = run.expect(Start)
    assert (start.key, start.body) == (sending.key, sending.body)
    act = run.answer(operation("running")).expect(SendDecision)
    assert (act.decision.verb, act.target_id) == (Verb.CANCEL, "op_1")
    assert run.answer(operation("canceled")).rests
    assert run.job.phase is Phase.CANCELED


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (problem(402), Phase.CANCELED),
        (problem(400, field="name"), Phase.CANCELED),
    ],
)
def test_cancel_of_a_start_that_mint_never_took(error: Exception, phase: Phase) -> None:
    """When the repeated start shows that nothing was started, the job is simply over."""
    job = replace(
        a_job(name="Lamp"),
        phase=Phase.SENDING,
        first_sent_at=time.time(),
        body={"prompt": "a lamp", "name": "Lamp"},
    )
    run = WorkflowHarness(decided(job, Verb.CANCEL)).fail(error)
    assert run.rests
    assert run.job.phase is phase
    assert run.job.decision is None


def test_cancel_of_a_start_without_a_free_slot() -> None:
    """The first request may have been accepted, so its operation is searched for.

    If nothing is found the job is canceled.
    """
    job = replace(
        a_job(), phase=Phase.SENDING, first_sent_at=time.time(), body={"prompt": "a lamp"}
    )
    run = WorkflowHarness(decided(job, Verb.CANCEL)).fail(problem(429, "concurrency-limit-reached"))
    run.expect(ReadPage)
    run.answer(Page((), None))
    assert (run.rests, run.job.phase, run.job.decision) == (True, Phase.CANCELED, None)


def test_cancel_of_a_start_that_mint_refuses_leaves_no_decision_behind() -> None:
    """The start turns out to be refused: the job is over, and nothing is left to be decided."""
    job = replace(
        a_job(), phase=Phase.SENDING, first_sent_at=time.time(), body={"prompt": "a lamp"}
    )
    run = WorkflowHarness(decided(job, Verb.CANCEL)).fail(problem(400))
    assert run.rests
    assert run.job.phase is Phase.FAILED
    assert run.job.decision is None


@pytest.mark.covers("C14-cancel")
@pytest.mark.parametrize("phase", [Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED])
def test_cancel_at_mint(phase: Phase) -> None:
    """Wherever the operation may still run, Mint is told."""
    run = WorkflowHarness(decided(replace(working(), phase=phase), Verb.CANCEL))
    assert run.expect(SendDecision).target_id == "op_1"
    assert run.answer(operation("canceled")).job.phase is Phase.CANCELED


@pytest.mark.parametrize("status", [404, 405])
def test_cancel_that_mint_does_not_offer_goes_on(status: int) -> None:
    """Mint cannot cancel: that is said, and the job goes on."""
    run = WorkflowHarness(decided(working(), Verb.CANCEL)).fail(problem(status, detail="Not here."))
    run.answer(seen("running")).expect(Poll)
    assert run.job.phase is Phase.WORKING
    assert "Not here" in run.job.notes[-1]


@pytest.mark.parametrize("verb", [Verb.CANCEL, Verb.APPROVE, Verb.REVISE])
def test_a_decision_that_comes_too_late_is_said_and_loses_nothing(verb: Verb) -> None:
    """The result was made in the meantime: it is fetched, and the click is answered with a note."""
    fetching = replace(working(), phase=Phase.FETCHING, operation=operation("succeeded"))
    run = WorkflowHarness(decided(fetching, verb, "greener"))
    run.expect(ReadAsset)
    assert run.job.decision is None
    assert run.job.notes == (f"Too late to {verb}: the job had already finished.",)


def test_cancel_of_a_resumed_start_in_the_queue() -> None:
    """A start repeated after a billing stop can be canceled while it waits for a slot."""
    billing = replace(
        working(), phase=Phase.BILLING, operation=operation("billing_required", resource=None)
    )
    run = WorkflowHarness(decided(billing, Verb.RESUME)).fail(
        problem(429, "concurrency-limit-reached")
    )
    assert run.job.phase is Phase.WAITING
    run = WorkflowHarness(decided(run.job, Verb.CANCEL))
    assert run.rests
    assert run.job.phase is Phase.CANCELED


def test_retry_with_a_resource_is_a_new_operation_of_it() -> None:
    """The failed model is retried under the click's key; the answer's operation is followed."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    run = WorkflowHarness(decided(failed, Verb.RETRY))
    act = run.expect(SendDecision)
    assert (act.target_id, act.kind, act.decision.key) == ("res_1", Kind.MODEL, "click-retry")
    assert run.answer(operation("queued", id="op_2")).expect(Poll).operation_id == "op_2"
    assert run.job.problem is None


def test_retry_without_a_resource_is_a_new_start_with_the_new_clicks_key() -> None:
    """Nothing exists that could be retried: a new wish, a new key, and the line for a slot again."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed", resource=None))
    run = WorkflowHarness(decided(failed, Verb.RETRY))
    run.expect(TakeSlot)
    assert run.job.phase is Phase.WAITING
    assert run.job.operation is None
    assert run.answer().expect(Start).key == "click-retry"


def test_a_retry_that_finds_no_free_place_asks_again() -> None:
    """As many generations are active as Mint allows: the retry stands in line instead of giving up."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    run = WorkflowHarness(decided(failed, Verb.RETRY)).fail(
        problem(429, "concurrency-limit-reached")
    )
    act = run.expect(SendDecision)
    assert (act.decision.key, act.after) == ("click-retry", PollIntervals().longest)
    assert run.answer(operation("queued", id="op_2")).job.phase is Phase.WORKING


def test_a_refused_retry_reads_the_model() -> None:
    """When there is nothing to retry, the model is read, since it may have a result."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("succeeded"))
    run = WorkflowHarness(decided(failed, Verb.RETRY)).fail(problem(409, detail="It succeeded."))
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=GLB)).answer(asset(glbUrl=GLB))
    assert fetch_all(run).job.phase is Phase.READY
    assert "It succeeded" in run.job.notes[0]
