# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions of the user, and how the workflow continues."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import PurePath

import pytest

from mint_blender.files import urls
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import ClaimedAssets
from mint_blender.jobs.paid_requests.record import SETTLED_AFTER, State, of_preview
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow.effects import (
    Cancel,
    Fetch,
    Pay,
    Poll,
    ReadAsset,
    ReadPage,
    TakeSlot,
)
from mint_blender.mint.retry import PollIntervals
from mint_blender.mint.schema import Mode, Page

from .workflow_harness import (
    FILES,
    GLB,
    Retry,
    SendDecision,
    Start,
    WorkflowHarness,
    a_job,
    asset,
    decided,
    fetch_all,
    in_review,
    kept,
    operation,
    problem,
    retried,
    seen,
    sent,
    working,
)


def test_a_canceled_job_says_what_an_earlier_start_may_have_made(
    offline_job_service: JobService,
) -> None:
    """It was started again, and the new start was refused, or not sent yet, when it was canceled."""
    again = retried(replace(sent(a_job(), 1.0), phase=Phase.PAUSED))
    stopped = replace(again, phase=Phase.BILLING)
    run = WorkflowHarness(decided(stopped, Verb.CANCEL))
    assert run.job.phase is Phase.CANCELED and run.job.has_note("canceled_in_doubt")
    offline_job_service.cache.add(again)
    offline_job_service.cancel(again.id)
    waiting = offline_job_service.job(again.id)
    assert waiting.phase is Phase.CANCELED and waiting.has_note("canceled_in_doubt")


P1, P2, P3 = (f"{FILES}p{number}.webp" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("clicked", "shown_now", "seen_pictures"),
    [
        (P1, P2, (P1,)),  # a newer one has come since the click
        (P2, P2, (P2,)),
        (P3, P2, (P1, P2)),  # of an earlier version, or a picture that is not here
        (P3, P3, (P1, P2, P3)),  # it could not be downloaded: the person was told so
        (P3, None, (P1, P2)),
    ],
)
@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.REVISE])
def test_a_decision_names_the_previews_that_were_seen(
    verb: Verb, clicked: str, shown_now: str | None, seen_pictures: tuple[str, ...]
) -> None:
    """At the click, or else by the job: only with one of them Mint is asked for anything."""
    job = in_review().job
    first = job.previews[0]
    job = replace(job, files=(first, replace(first, url=P2)))
    pictures = {"previewImageUrl": shown_now} if shown_now else {}
    job = replace(job, operation=operation("preview_ready", Mode.REVIEW, assets=pictures))
    job = decided(job, verb, "greener" if verb is Verb.REVISE else None)
    *others, request = job.requests
    request = replace(request, subject=of_preview("op_1", urls.content_key(clicked)))
    run = WorkflowHarness(replace(job, requests=(*others, request)))
    assert isinstance(run.effect, Pay) and run.effect.call.seen == seen_pictures


def test_revise_keeps_the_earlier_previews() -> None:
    """A revision goes out under its click's key; its preview comes beside the earlier one."""
    run = WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener"))
    act = run.expect(SendDecision)
    assert (act.key, act.body, act.target) == (
        run.job.requests[-1].key,
        {"feedback": "greener"},
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


def lost() -> Job:
    """Return a job whose start was sent just now, and not answered."""
    return replace(sent(a_job(), time.time()), phase=Phase.SENDING)


def test_cancel_after_a_lost_answer_starts_nothing() -> None:
    """The start is not repeated to find out: Mint's list is read when nothing can be on its way."""
    run = WorkflowHarness(decided(lost(), Verb.CANCEL))
    run.expect(ReadPage)
    assert 599.0 < run.waited <= SETTLED_AFTER
    assert run.answer(Page((), None)).answer(ClaimedAssets(frozenset())).rests
    assert (run.job.phase, run.job.decision) == (Phase.CANCELED, None)
    assert run.job.has_note("canceled_in_doubt")
    assert run.job.requests[0].state is State.OVER


def test_cancel_after_a_look_says_that_mint_may_have_started_it() -> None:
    """Nothing was found, and the person was told so; it may still appear."""
    job = lost()
    told = replace(job.requests[0], closed=State.OVER)
    run = WorkflowHarness(decided(replace(job, phase=Phase.PAUSED, requests=(told,)), Verb.CANCEL))
    assert run.rests and run.job.phase is Phase.CANCELED
    assert run.job.has_note("canceled_in_doubt")


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.SENDING])
def test_the_answer_that_comes_after_the_cancel_is_canceled_at_mint(phase: Phase) -> None:
    """It is stored although the request was given up: nothing is left running at Mint."""
    job = decided(replace(lost(), phase=phase), Verb.CANCEL)
    job = job.with_request(replace(job.requests[0], operation="op_1"))
    run = WorkflowHarness(job)
    assert run.expect(Poll).operation_id == "op_1"
    assert run.answer(seen("running")).expect(Cancel).operation_id == "op_1"
    assert run.answer(operation("canceled")).rests
    assert (run.job.phase, run.job.decision) == (Phase.CANCELED, None)


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.SENDING])
def test_a_result_that_is_there_before_the_cancel_is_kept(phase: Phase) -> None:
    """It is finished and paid for. The click is answered with a note."""
    job = decided(replace(lost(), phase=phase), Verb.CANCEL)
    run = WorkflowHarness(job.with_request(replace(job.requests[0], operation="op_1")))
    run.expect(Poll)
    run.answer(seen("succeeded")).expect(ReadAsset)
    assert (run.job.phase, run.job.decision) == (Phase.FETCHING, None)
    assert run.job.has_note("too_late")


@pytest.mark.parametrize("status", [402, 429])
def test_cancel_of_a_start_that_mint_never_took(status: int) -> None:
    """Every attempt was clearly refused: the job is simply over, without a look."""
    slug = "concurrency-limit-reached" if status == 429 else None
    refused = WorkflowHarness(a_job()).answer().fail(problem(status, slug)).job
    run = WorkflowHarness(decided(refused, Verb.CANCEL))
    assert (run.rests, run.job.phase, run.job.decision) == (True, Phase.CANCELED, None)
    assert run.job.notes == ()
    assert run.job.requests[0].state is State.CANCELED


def test_a_cancel_after_no_answer_and_a_full_queue_is_looked_for() -> None:
    """The first attempt may have been accepted, so "canceled" alone would not be true."""
    run = WorkflowHarness(lost()).fail(problem(429, "concurrency-limit-reached"))
    assert run.job.requests[0].state is State.IN_DOUBT
    run = WorkflowHarness(decided(run.job, Verb.CANCEL))
    run.expect(ReadPage)


@pytest.mark.covers("C14-cancel")
@pytest.mark.parametrize("phase", [Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED])
def test_cancel_at_mint(phase: Phase) -> None:
    """Wherever the operation may still run, Mint is told."""
    run = WorkflowHarness(decided(replace(working(), phase=phase), Verb.CANCEL))
    assert run.expect(Cancel).operation_id == "op_1"
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
    """What is resumed after a billing stop can be canceled while it waits for a slot."""
    billing = replace(
        working(), phase=Phase.BILLING, operation=operation("billing_required", resource=None)
    )
    run = WorkflowHarness(decided(billing, Verb.RESUME))
    run.fail(problem(429, "concurrency-limit-reached"))
    assert run.expect(SendDecision).after == PollIntervals().longest
    run = WorkflowHarness(decided(run.job, Verb.CANCEL))
    assert run.expect(Cancel).operation_id == "op_1"
    assert run.answer(operation("canceled")).job.phase is Phase.CANCELED


def test_retry_with_a_resource_is_a_new_operation_of_it() -> None:
    """The failed model is retried under the click's key; the answer's operation is followed."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    run = WorkflowHarness(retried(failed)).answer()
    act = run.expect(Retry)
    assert (act.target, act.body, act.key) == ("res_1", {}, run.job.requests[-1].key)
    assert run.answer(operation("queued", id="op_2")).expect(Poll).operation_id == "op_2"
    assert run.job.problem is None


def test_retry_without_a_resource_is_a_new_start_with_the_new_clicks_key() -> None:
    """Nothing exists that could be retried: a new wish, a new key, and the line for a slot again."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed", resource=None))
    run = WorkflowHarness(retried(failed))
    run.expect(TakeSlot)
    assert run.job.phase is Phase.WAITING
    assert run.job.operation is None
    first, second = run.job.requests
    assert run.answer().expect(Start).key == second.key != first.key


def test_a_retry_that_finds_no_free_place_asks_again() -> None:
    """As many generations are active as Mint allows: the retry stands in line instead of giving up."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    run = WorkflowHarness(retried(failed)).answer()
    key = run.expect(Retry).key
    run.fail(problem(429, "concurrency-limit-reached"))
    assert run.expect(TakeSlot).after == PollIntervals().longest
    assert run.answer().expect(Retry).key == key
    assert run.answer(operation("queued", id="op_2")).job.phase is Phase.WORKING


def test_a_refused_retry_reads_the_model() -> None:
    """When there is nothing to retry, the model is read, since it may have a result."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("succeeded"))
    run = WorkflowHarness(retried(failed)).answer().fail(problem(409, detail="It succeeded."))
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=GLB)).answer(asset(glbUrl=GLB))
    assert fetch_all(run).job.phase is Phase.READY
