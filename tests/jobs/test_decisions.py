# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions of the user, and how the workflow continues."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.files import urls
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, LocalFile, Role
from mint_blender.jobs.paid_requests.record import (
    SETTLED_AFTER,
    YOUNG_FOR,
    PaidRequest,
    State,
    of_preview,
)
from mint_blender.jobs.paid_requests.send import Sent
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Cancel,
    Fetch,
    Pay,
    Poll,
    ReadAsset,
    ReadPage,
    TakeSlot,
)
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.retry import PollIntervals
from mint_blender.mint.schema import Mode, Page

from .engine_harness import Engines, NoDownloader
from .workflow_harness import (
    FILES,
    GLB,
    SendDecision,
    Start,
    WorkflowHarness,
    a_job,
    asset,
    decided,
    fetch_all,
    in_review,
    job_in_review,
    kept,
    operation,
    problem,
    retried,
    seen,
    sent,
    shown,
    with_operation,
    working,
)


@pytest.mark.covers("R-decide")
def test_approve_goes_on_to_the_files() -> None:
    """What Mint answers is followed, whatever its id. The final stage's files are fetched."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    run.expect(SendDecision)
    run.answer(operation("running", Mode.REVIEW, id="op_2"))
    assert run.expect(Poll).operation_id == "op_2"
    run.answer(seen("succeeded", Mode.REVIEW)).answer(asset(glbUrl=GLB))
    assert fetch_all(run).job.phase is Phase.READY


@pytest.mark.parametrize("status", [404, 405, 409])
def test_a_decision_that_is_refused_is_said_and_the_operation_looked_at_anew(status: int) -> None:
    """The reason becomes a note, and Mint is asked how things are.

    After a conflict the click is not over before that, and its price counts: a second copy of what
    Mint has just carried out gets one, too.
    """
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE)).fail(problem(status))
    poll = run.expect(Poll)
    assert poll.after == 0.0
    assert (run.job.decision is None) == (status != 409)
    run.answer(seen("running", Mode.REVIEW))
    assert run.job.decision is None
    assert "because" in run.job.notes[-1]
    assert run.expect(Poll).after == PollIntervals().first, "the operation has just been looked at"


@pytest.mark.parametrize("status", ["running", "preview_ready"])
def test_nobody_decides_anew_while_mint_may_still_carry_a_decision_out(status: str) -> None:
    """The first attempt had no answer, and Mint says to the second that the first is under way."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    run.fail(Unreachable("the connection broke"))
    run = WorkflowHarness(run.job).fail(problem(409))
    run.expect(Poll)
    assert run.job.decision is not None
    run.answer(seen(status, Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p1.webp"}))
    assert (run.waited > 599.0) == (status == "preview_ready")
    run.expect(Poll)
    assert run.job.decision is not None, "nor before Mint was asked what came of it"
    run.answer(seen(status, Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p1.webp"}))
    assert run.job.decision is None


NEWER = seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p2.webp"})
"""Somebody has revised the Preview elsewhere."""


def approval_without_answer() -> tuple[WorkflowHarness, PaidRequest]:
    """Return a job that is about to send its approval again, and the row of the approval."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    run.fail(Unreachable("the connection broke"))
    run = WorkflowHarness(run.job)
    run.expect(Pay)
    (request,) = (each for each in run.job.requests if each.key == run.job.decision.key)
    return run, request


def test_nobody_decides_anew_after_another_key_was_entered() -> None:
    """The attempt with the first key may still arrive: it would approve a Preview that nobody saw."""
    run, request = approval_without_answer()
    run.answer(Sent(request)).expect(Poll)
    preview = seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p1.webp"})
    run.answer(preview).expect(Poll)
    assert run.waited > 599.0 and run.job.decision is not None
    assert run.answer(preview).job.decision is None


def test_nobody_decides_about_a_newer_preview_while_an_approval_may_arrive() -> None:
    """Somebody has revised the Preview elsewhere after the attempt that had no answer."""
    run, request = approval_without_answer()
    run.answer(Sent(request, shown=NEWER.operation)).expect(Poll)
    assert run.waited > 599.0 and run.job.decision is not None
    assert run.answer(NEWER).job.decision is None and run.job.has_note("newer_preview")


def test_a_late_approval_of_a_newer_preview_leaves_nothing_to_decide() -> None:
    """Mint has carried it out meanwhile: nobody is told to look at the newer Preview."""
    run, request = approval_without_answer()
    run.answer(Sent(request, shown=NEWER.operation)).expect(Poll)
    run.answer(seen("running", Mode.REVIEW))
    assert (run.job.phase, run.job.has_note("newer_preview")) == (Phase.WORKING, False)


def test_nobody_waits_after_a_decision_that_was_answered() -> None:
    """The process has ended between Mint's answer and what follows from it."""
    job = decided(in_review().job, Verb.REVISE)
    (request,) = (each for each in job.requests if each.key == job.decision.key)
    answer = replace(request, attempts=1, attempted=time.time(), operation="op_1")
    run = WorkflowHarness(job.with_request(answer))
    run.expect(Poll)
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p2.webp"}))
    assert (run.job.decision, run.waited) == (None, 0.0)


def lost() -> Job:
    """Return a job whose start was sent just now, and not answered."""
    return replace(sent(a_job(), time.time()), phase=Phase.SENDING)


def test_cancel_after_a_lost_answer_starts_nothing() -> None:
    """The start is not repeated to find out: Mint's list is read when nothing can be on its way."""
    run = WorkflowHarness(decided(lost(), Verb.CANCEL))
    run.expect(ReadPage)
    assert 599.0 < run.waited <= SETTLED_AFTER
    assert run.answer(Page((), None)).rests
    assert (run.job.phase, run.job.decision) == (Phase.CANCELED, None)
    assert run.job.has_note("canceled_in_doubt")
    assert run.job.requests[0].state is State.OVER


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.SENDING])
def test_the_answer_that_comes_after_the_cancel_is_canceled_at_mint(phase: Phase) -> None:
    """It is stored although the request was given up. What is done and paid for is kept."""
    job = decided(replace(lost(), phase=phase), Verb.CANCEL)
    job = job.with_request(replace(job.requests[0], operation="op_1"))
    run = WorkflowHarness(job)
    assert run.expect(Poll).operation_id == "op_1"
    assert run.answer(seen("running")).expect(Cancel).operation_id == "op_1"
    assert run.answer(operation("canceled")).rests
    assert (run.job.phase, run.job.decision) == (Phase.CANCELED, None)
    run = WorkflowHarness(job).answer(seen("succeeded"))
    run.expect(ReadAsset)
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


@pytest.mark.covers("C14-cancel")
@pytest.mark.parametrize("phase", [Phase.WORKING, Phase.REVIEW, Phase.BILLING, Phase.PAUSED])
def test_cancel_at_mint(phase: Phase) -> None:
    """Wherever the operation may still run, Mint is told."""
    run = WorkflowHarness(decided(replace(working(), phase=phase), Verb.CANCEL))
    assert run.expect(Cancel).operation_id == "op_1"
    assert run.answer(operation("canceled")).job.phase is Phase.CANCELED


@pytest.mark.parametrize("verb", [Verb.CANCEL, Verb.APPROVE, Verb.REVISE])
def test_a_decision_that_comes_too_late_is_said_and_loses_nothing(verb: Verb) -> None:
    """The result was made in the meantime: it is fetched, and the click is answered with a note."""
    fetching = with_operation(replace(working(), phase=Phase.FETCHING), operation("succeeded"))
    run = WorkflowHarness(decided(fetching, verb, "greener"))
    run.expect(ReadAsset)
    assert run.job.decision is None
    assert run.job.notes == (f"Too late to {verb}: the job had already finished.",)


def test_retry_without_a_resource_is_a_new_start_with_the_new_clicks_key() -> None:
    """Nothing exists that could be retried: a new wish, a new key, and the line for a slot again."""
    failed = with_operation(
        replace(working(), phase=Phase.FAILED), operation("failed", resource=None)
    )
    run = WorkflowHarness(retried(failed))
    run.expect(TakeSlot)
    assert (run.job.phase, run.job.operation) == (Phase.WAITING, None)
    first, second = run.job.requests
    assert run.answer().expect(Start).key == second.key != first.key


# -- a decision is about what Mint shows now: otherwise a person is asked again


LONG_AFTER = WorkflowConfig(now=lambda: YOUNG_FOR + 1.0)


def test_old_decision_stays_until_mint_was_polled() -> None:
    """Otherwise a kill before the answer leaves an earlier Preview to be approved."""
    job = decided(job_in_review(), Verb.REVISE, "greener", now=0.0)
    run = WorkflowHarness(job, LONG_AFTER)
    run.expect(Poll)
    assert run.job.decision == job.decision
    again = run.again(LONG_AFTER)
    assert again.expect(Poll)
    again.answer(shown(f"{FILES}p2.webp"))
    assert again.job.phase is Phase.REVIEW and again.job.decision is None
    assert again.job.has_note("decision_not_sent")


def test_refused_decision_is_polled_for_again_after_a_kill() -> None:
    """Mint may show another Preview by then, so the earlier one is not left to be approved."""
    run = WorkflowHarness(decided(in_review().job, Verb.CANCEL)).fail(problem(405))
    assert (run.job.phase, run.job.decision) == (Phase.WORKING, None)
    run = run.again()
    assert run.expect(Poll).after == 0.0
    fetch = run.answer(shown(f"{FILES}p2.webp")).expect(Fetch)
    assert (fetch.url, fetch.name) == (f"{FILES}p2.webp", "preview-2")
    assert run.answer(kept(fetch)).rests
    assert [file.url for file in run.job.previews] == [f"{FILES}p1.webp", f"{FILES}p2.webp"]


def test_what_mint_shows_is_read_before_a_refused_resume_is_over() -> None:
    """Another computer may have resumed the operation with the same request."""
    job = decided(replace(working(), phase=Phase.BILLING), Verb.RESUME)
    run = WorkflowHarness(job).fail(problem(403))
    run.expect(Poll)
    assert run.job.decision == job.decision
    run.answer(seen("billing_required"))
    assert run.job.decision is None


def test_resuming_and_starting_are_about_no_preview() -> None:
    """They go on with the operation, whatever it shows."""
    job = replace(job_in_review(), phase=Phase.BILLING)
    assert not WorkflowHarness(decided(job, Verb.RESUME)).expect(Pay).call.is_about_preview


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.REVISE])
def test_a_newer_preview_is_not_decided_about_unseen(verb: Verb) -> None:
    """Somebody has revised it on another computer: the newer Preview is shown first."""
    run = WorkflowHarness(decided(in_review().job, verb, "greener"))
    run.expect(SendDecision)
    picture = {"previewImageUrl": f"{FILES}p2.webp"}
    shown = operation("preview_ready", Mode.REVIEW, assets=picture)
    fetch = run.answer(Sent(run.job.requests[-1], shown=shown)).expect(Fetch)
    assert (fetch.url, fetch.name) == (f"{FILES}p2.webp", "preview-2")
    assert run.job.phase is Phase.REVIEW and run.job.decision is None
    assert run.job.has_note("newer_preview")


def test_what_was_decided_elsewhere_is_followed() -> None:
    """No Preview waits any more: nothing was sent, and the operation is polled."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    shown = operation("running", Mode.REVIEW)
    run.answer(Sent(run.job.requests[-1], shown=shown)).expect(Poll)
    assert (run.job.phase, run.job.decision) == (Phase.WORKING, None)
    assert not run.job.has_note("newer_preview")


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_revision_again_after_a_crash(engines: Engines, is_elsewhere: bool) -> None:
    """Mint's answer was stored, but not in the job: the same click orders nothing more.

    If another window has revised the Preview, the second click is not counted.
    """
    engine = engines(downloader=lambda local: NoDownloader())
    picture = LocalFile(Role.PREVIEW, "/home/p1.webp", f"{FILES}p1.webp")
    job = replace(job_in_review(), files=(picture,))
    engine.journal.add(job)
    assert engine.journal.decide(job.id, Decision(Verb.REVISE, "", "greener"))
    engine.journal.paid_requests.answer(engine.job(job).requests[-1].key, "op_1")
    assert engine.job(job).decision is None
    assert engine.journal.decide(job.id, Decision(Verb.REVISE, "", "greener"))
    if is_elsewhere:
        engine.journal.save(replaced(engine.job(job)))
    newer = {"previewImageUrl": f"{FILES}p2.webp"}
    engine.mint.says = lambda what, which: operation("preview_ready", Mode.REVIEW, assets=newer)
    engine.scheduler.receive(Wake(job.id))
    engine.run()
    after = engine.job(job)
    assert (after.phase, after.revision, after.decision) == (Phase.REVIEW, 1, None)
    assert is_elsewhere or after.requests[-1].closed is State.OVER
    assert after.has_note("newer_preview") is is_elsewhere
    assert engine.mint.times("revise") == []


# -- a Preview that another process has replaced meanwhile is not decided about unseen


DECISIONS: dict[Verb, Callable[[JobService, str, Job | None], None]] = {
    Verb.APPROVE: lambda service, job_id, seen: service.approve(job_id, seen=seen),
    Verb.REVISE: lambda service, job_id, seen: service.revise(job_id, "greener", seen=seen),
}


def replaced(job: Job) -> Job:
    """Return the job as another process leaves it after a revision."""
    (first,) = job.previews
    path = Path(first.path).with_stem("preview-2")
    second = replace(first, path=str(path), url=f"{FILES}p2.webp")
    return replace(job, revision=1, files=(*job.files, second))


def save_elsewhere(job_service: JobService, job: Job) -> None:
    """Let another process change a job."""
    with closing(Journal(job_service.home)) as journal:
        journal.save(job)


@pytest.mark.parametrize("verb", DECISIONS)
@pytest.mark.parametrize(
    ("is_listed", "says_what_was_seen"), [(False, True), (True, True), (False, False)]
)
def test_a_newer_preview_is_looked_at_first(
    offline: JobService, verb: Verb, is_listed: bool, says_what_was_seen: bool
) -> None:
    """Whether this process has read of it or not. Unless told, the list shows what was seen."""
    (job,) = offline.cache.add(in_review().job)
    seen = offline.job(job.id) if says_what_was_seen else None
    save_elsewhere(offline, replaced(job))
    if is_listed:
        offline.catch_up()
    with pytest.raises(NotPossible, match="newer Preview"):
        DECISIONS[verb](offline, job.id, seen)
    assert offline.job(job.id).decision is None
    assert offline.job(job.id).previews == replaced(job).previews


def test_a_fresh_link_is_no_newer_preview(offline: JobService) -> None:
    """Another process has downloaded the same picture again."""
    (job,) = offline.cache.add(in_review().job)
    (picture,) = job.previews
    fresh = replace(picture, url=f"{picture.url}?expires=2")
    save_elsewhere(offline, replace(job, files=(fresh,)))
    offline.approve(job.id)
    assert offline.job(job.id).decision.verb is Verb.APPROVE


def test_a_canceled_job_says_what_an_earlier_start_may_have_made(offline: JobService) -> None:
    """It was started again, and the new start was refused, or not sent yet, when it was canceled."""
    again = retried(replace(sent(a_job(), 1.0), phase=Phase.PAUSED))
    stopped = replace(again, phase=Phase.BILLING)
    run = WorkflowHarness(decided(stopped, Verb.CANCEL))
    assert run.job.phase is Phase.CANCELED and run.job.has_note("canceled_in_doubt")
    offline.cache.add(again)
    offline.cancel(again.id)
    waiting = offline.job(again.id)
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
    job = with_operation(job, operation("preview_ready", Mode.REVIEW, assets=pictures))
    job = decided(job, verb, "greener" if verb is Verb.REVISE else None)
    *others, request = job.requests
    request = replace(request, subject=of_preview("op_1", urls.content_key(clicked)))
    run = WorkflowHarness(replace(job, requests=(*others, request)))
    call = run.expect(Pay).call
    assert call.is_about_preview and call.seen == seen_pictures
