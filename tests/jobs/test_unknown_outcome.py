# SPDX-License-Identifier: GPL-3.0-or-later
"""Unclear and stale responses: the job and its key are kept, and nothing false is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath

import pytest

from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import Delivery, Role
from mint_blender.jobs.new_jobs import new_motions
from mint_blender.jobs.paid_requests.record import (
    SETTLED_AFTER,
    YOUNG_FOR,
    PaidVerb,
    State,
)
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Fetch,
    Pay,
    Poll,
    ReadAsset,
    ReadPage,
)
from mint_blender.mint import errors
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.motion_request import MotionRequest
from mint_blender.mint.schema import Asset, Kind, Mode, Operation, Page, PollResult

from .workflow_harness import (
    AT_CLICK,
    CLICK,
    FILES,
    FINISHED_MODEL,
    GLB,
    LATER,
    LOST,
    PAID,
    READS,
    Convert,
    Optimize,
    Retry,
    SendDecision,
    Start,
    WorkflowHarness,
    a_conversion,
    a_job,
    a_line,
    an_optimization,
    asset,
    decided,
    in_review,
    kept,
    operation,
    problem,
    retried,
    seen,
    shown,
    started,
    with_operation,
    working,
)

# -- no answer that proves anything

UNCLEAR: dict[str, errors.MintError] = {
    **{str(status): problem(status) for status in (408, 425, 499, 507, 520, 524, 530, 418, 599)},
    **{
        f"{status} HTML": errors.problem_error(errors.read_problem(status, None))
        for status in (400, 402, 403, 404, 405, 409, 413, 422, 524)
    },
    "generic 409": problem(409),
    "2xx without sense": errors.InvalidResponse("it is an operation without an id"),
    "redirect": errors.InvalidResponse("it redirects"),
}
MOTION = [MotionRequest("walk")]
CALLS: dict[str, Callable[[], WorkflowHarness]] = {
    **PAID,
    "animate": lambda: WorkflowHarness(
        new_motions(FINISHED_MODEL, a_job().request, MOTION, Delivery(), now=time.time())[0]
    ).answer(),
    "convert": lambda: WorkflowHarness(a_conversion()).answer(FINISHED_MODEL).answer(),
    "optimize": lambda: WorkflowHarness(an_optimization(), READS).answer(FINISHED_MODEL),
}


@pytest.mark.covers("C7-same-key")
@pytest.mark.parametrize("name", UNCLEAR)
@pytest.mark.parametrize("call", CALLS)
def test_an_unclear_answer_keeps_the_job_and_its_key(call: str, name: str) -> None:
    """The next paid call is the same one, and nothing says that nothing was started."""
    run = CALLS[call]()
    assert isinstance(run.effect, Pay)
    key = run.effect.call.key
    for _ in range(12):
        if isinstance(run.effect, Pay):
            assert run.effect.call.key == key
            run.fail(UNCLEAR[name])
        elif isinstance(run.effect, Poll):
            run.answer(shown(f"{FILES}p1.webp"))
        elif isinstance(run.effect, ReadAsset):
            run.answer(Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "failed"}))
    assert all(each.state is not State.REFUSED for each in run.job.requests)
    assert run.job.phase not in {Phase.FAILED, Phase.CANCELED}
    if run.rests and run.job.phase is Phase.PAUSED:
        again = run.again(READS)
        while isinstance(again.effect, Poll | ReadAsset):
            again.answer(seen("succeeded") if isinstance(again.effect, Poll) else FINISHED_MODEL)
        if run.job.requests[-1].state is State.OVER:  # it was looked for: nothing is sent again
            assert call == "optimize" and not isinstance(again.effect, Pay)
            return
        assert isinstance(again.effect, Pay) and again.effect.call.key == key


# -- what Mint has made, but does not name


def nameless() -> WorkflowHarness:
    """Mint says that it is done, and not what it has made."""
    return started(a_job()).answer(seen("succeeded", resource=None))


def test_without_a_resource_the_operation_is_looked_at_again() -> None:
    """Some seconds later it may tell. Nothing is started."""
    late = nameless().answer(seen("succeeded", resource="res_7"))
    assert late.expect(ReadAsset).asset_id == "res_7"


def test_where_nothing_is_found_resume_looks_again_at_no_cost() -> None:
    """It is paid for: it does not end as failed, and what is offered buys nothing."""
    run = nameless()
    while isinstance(run.effect, Poll):
        run.answer(seen("succeeded", resource=None))
    assert run.job.phase is Phase.PAUSED
    assert "Resume checks again, at no cost" in run.job.problem.message
    assert Verb.RETRY not in JobView(run.job).verbs
    assert run.again().expect(Poll).operation_id == "op_1"


# -- answers of before


P1, P2 = f"{FILES}p1.webp", f"{FILES}p2.webp"


def test_preview_ready_after_the_approval_is_polled_on() -> None:
    """Approve again would be offered otherwise; also after a restart, for as long as it takes."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE)).answer(
        operation("preview_ready", Mode.REVIEW, assets={"previewImageUrl": P1})
    )
    for _ in range(5):
        assert run.job.phase is Phase.WORKING
        run.answer(shown(P1))
    run = run.again()
    run.answer(shown(P1)).expect(Poll)
    run.answer(shown(None)).expect(Poll)
    assert run.answer(seen("succeeded", Mode.REVIEW)).job.phase is Phase.FETCHING


def test_the_old_picture_after_a_revision_is_polled_on() -> None:
    """It is never shown as the new Preview: only another picture is, beside the earlier one."""
    run = WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener"))
    act, key = run.expect(SendDecision), run.job.requests[-1].key
    assert (act.key, act.body, act.target) == (key, {"feedback": "greener"}, "op_1")
    earlier = {"previewImageUrl": P1}
    run.answer(operation("running", Mode.REVIEW, assets=earlier))
    assert run.job.decision is None
    run.answer(seen("running", Mode.REVIEW, assets=earlier)).expect(Poll)
    run.answer(shown(P1, "2026-08-03T22:46:00Z")).expect(Poll)
    assert (run.job.phase, len(run.job.previews)) == (Phase.WORKING, 1)
    run = run.again().answer(shown(P1, "2026-08-03T22:47:00Z"))
    run.expect(Poll)
    run.answer(shown(P2))
    run.answer(kept(run.expect(Fetch)))
    assert (run.job.phase, [one.url for one in run.job.previews]) == (Phase.REVIEW, [P1, P2])
    assert [PurePath(one.path).stem for one in run.job.previews] == ["preview-1", "preview-2"]
    third = WorkflowHarness(decided(run.job, Verb.REVISE, "bluer")).answer(
        operation("running", Mode.REVIEW)
    )
    third.answer(shown(P1)).expect(Poll)
    assert third.job.phase is Phase.WORKING, "an answer of two revisions before"


def test_after_half_an_hour_of_the_old_picture_a_person_decides() -> None:
    """The job stops with a note, and the old picture is not shown as a new Preview."""
    run = WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener"))
    run.answer(operation("running", Mode.REVIEW))
    waited = 0.0
    while run.job.phase is Phase.WORKING:
        waited += run.expect(Poll).after
        run.answer(shown(P1, "2026-08-03T22:47:00Z"))
    assert 30 * 60 <= waited <= 31 * 60
    assert (run.rests, run.job.phase, len(run.job.previews)) == (True, Phase.REVIEW, 1)
    said = "Mint still returns the previous Preview. View the new one on mint.gg before you approve"
    assert run.job.notes == (f"{said} it.",)


def test_a_revision_without_a_picture_is_told_by_its_time() -> None:
    """The same moment is the old Preview; another one is the new, of which no picture came."""
    before = in_review().job
    dated = {**before.operation.raw, "updatedAt": "2026-08-03T22:46:00Z"}
    before = with_operation(before, Operation.from_json(dated))
    run = WorkflowHarness(decided(before, Verb.REVISE, "greener"))
    run.answer(operation("running", Mode.REVIEW))
    run.answer(shown(None, "2026-08-03T22:46:00Z")).expect(Poll)
    assert run.answer(shown(None, "2026-08-03T22:47:00Z")).job.phase is Phase.REVIEW


def test_a_missing_mode_is_that_of_the_request() -> None:
    """The journal keeps the requested mode."""
    run = started(a_job(mode=Mode.REVIEW))
    silent = Operation.from_json(
        {"id": "op_1", "status": "preview_ready", "resource": {"type": "model", "id": "res_1"}}
    )
    run.answer(PollResult(silent))
    assert (run.job.phase, run.again().job.phase) == (Phase.REVIEW, Phase.REVIEW)
    assert started(a_job()).answer(PollResult(silent)).job.phase is Phase.WORKING, "in auto mode"


# -- cancel


@pytest.mark.covers("C14-cancel")
@pytest.mark.parametrize(
    "job",
    [a_job(), a_job(images=("/tmp/a.png",)), a_line()],
    ids=["in line", "its pictures are on their way", "of a batch"],
)
def test_cancel_of_what_was_never_sent_sends_nothing(job: Job) -> None:
    """Canceled at once, also in the moment between the free place and the start."""
    for phase in (Phase.WAITING, Phase.SENDING):
        run = WorkflowHarness(decided(replace(job, phase=phase), Verb.CANCEL))
        assert (run.rests, run.job.phase, run.job.decision) == (True, Phase.CANCELED, None)
        assert run.job.notes == ()


def test_cancel_of_what_may_have_been_sent_looks_what_became_of_it() -> None:
    """Nothing is sent for it any more. A person decides whether what was made is this."""
    lost = WorkflowHarness(a_job()).answer().fail(errors.InvalidResponse("a poem")).job
    run = WorkflowHarness(decided(lost, Verb.CANCEL))
    run.expect(ReadPage)
    made = {"id": "res_1", "prompt": "a lamp", "name": "a lamp", "status": "succeeded"}
    made["createdAt"] = datetime.fromtimestamp(lost.requests[0].attempted + 1, UTC).isoformat()
    run.answer(Page.from_json(Kind.MODEL, {"data": [made]}))
    assert run.rests and is_unanswered(run.job)
    assert [each.id for each in run.job.candidates] == ["res_1"]


@pytest.mark.parametrize("status", [404, 405])
def test_where_mint_cannot_cancel_it_goes_on_and_is_kept(status: int) -> None:
    """That is said, with what it costs; the result comes as if nobody had clicked."""
    error = errors.CannotCancel(errors.Problem(status))
    job = working(kind=Kind.WORLD).with_prices(1650.0, None)
    run = WorkflowHarness(decided(job, Verb.CANCEL)).fail(error)
    run.answer(seen("running", kind=Kind.WORLD)).expect(Poll)
    assert (run.job.phase, run.job.decision) == (Phase.WORKING, None)
    assert run.job.notes[-1] == (
        "Mint cannot cancel this now. It continues, is paid for, and its result will be kept."
    )
    run.answer(seen("succeeded", kind=Kind.WORLD)).answer(
        asset(Kind.WORLD, panoUrl=f"{FILES}p.webp")
    )
    assert kept(run.expect(Fetch)).role is Role.PANORAMA


def test_at_its_preview_it_stays_there() -> None:
    """Nothing goes on, and nothing more is paid. A fresh link shows the same picture."""
    run = WorkflowHarness(decided(in_review().job, Verb.CANCEL)).fail(
        errors.CannotCancel(errors.Problem(405))
    )
    assert run.answer(shown(f"{P1}?expires=2")).rests
    assert run.job.phase is Phase.REVIEW and len(run.job.previews) == 1
    assert "costs nothing more unless you approve it" in run.job.notes[-1]


# -- mint's list is read when nothing can be on its way, and what others may have made is left alone


@pytest.mark.parametrize(
    "error", [*map(problem, (400, 403, 404, 422)), problem(409, "idempotency-conflict")]
)
def test_a_refusal_does_not_answer_the_attempt_before(error: errors.MintError) -> None:
    """That one may still arrive for ten minutes: "not found" would be told too early.

    So may a second copy of the request, if Mint has its key with other content.
    """
    run = WorkflowHarness(a_job()).answer()
    run.expect(Start)
    if not isinstance(error, errors.Conflict):
        run = run.fail(LOST).again()
        run.expect(Start)
    run.fail(error).expect(ReadPage)
    assert run.waited > SETTLED_AFTER - 10.0


# -- an asset whose operation is not known here, and that waits at Mint for a person


def unfinished(status: str) -> Asset:
    return Asset.from_json(Kind.MODEL, {"id": "res_1", "status": status})


def adopted(status: str) -> Job:
    """Return a job whose start was never answered, and which has found what it has started."""
    return replace(a_job(), phase=Phase.FETCHING, source_asset_id="res_1", asset=unfinished(status))


@pytest.mark.parametrize("status", ["preview_ready", "billing_required"])
def test_stops_for_a_person(status: str) -> None:
    """Nobody can approve or pay here: the job says where, and is resumed, or canceled."""
    run = WorkflowHarness(adopted(status))
    for _ in range(200):
        if not run.rests:
            run.expect(ReadAsset)
            run.answer(unfinished(status))
    assert run.job.phase is Phase.PAUSED
    assert "mint.gg" in run.job.problem.message
    assert {Verb.RESUME, Verb.CANCEL} <= set(JobView(run.job).verbs)
    again = run.again()
    again.expect(ReadAsset)
    assert again.answer(FINISHED_MODEL).expect(Fetch)


@pytest.mark.parametrize("status", ["succeeded", "partially_succeeded"])
def test_goes_on_when_it_is_finished(status: str) -> None:
    """A Preview may be approved elsewhere, and files may follow some seconds after the end."""
    run = WorkflowHarness(adopted("preview_ready"))
    for said in ("preview_ready", "running", "running", status):
        run.expect(ReadAsset)
        run.answer(unfinished(said))
    run.expect(ReadAsset)
    assert run.answer(FINISHED_MODEL).expect(Fetch)


# -- follow-up calls that were not answered for twelve hours: nothing is bought again


def old_conversion() -> Job:
    """A conversion that was sent and not answered."""
    lamp = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "succeeded"})
    run = WorkflowHarness(a_conversion(lamp, now=CLICK), AT_CLICK)
    run.answer(asset(glbUrl=GLB)).answer().expect(Convert)
    return run.fail(LOST).job


def test_a_conversion_is_found_at_the_model_or_a_person_decides() -> None:
    """The model says whether it was converted."""
    run = WorkflowHarness(old_conversion(), LATER)
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=GLB, fbxUrl=f"{FILES}a.fbx")).answer(
        asset(glbUrl=GLB, fbxUrl=f"{FILES}a.fbx")
    )
    assert run.expect(Fetch).role is Role.FBX
    assert is_unanswered(WorkflowHarness(old_conversion(), LATER).answer(asset(glbUrl=GLB)).job)


@pytest.mark.parametrize("error", [LOST, problem(503)])
def test_an_optimization_that_became_too_old_is_looked_for(error: errors.MintError) -> None:
    """The computer slept between two tries: the model is read once more before it is fetched."""
    now = [CLICK]
    config = replace(READS, now=lambda: now[0])
    for optimized in (None, f"{FILES}optimized.glb"):
        now[0] = CLICK
        run = WorkflowHarness(an_optimization(now=CLICK), config).answer(asset(glbUrl=GLB))
        run.expect(Optimize)
        lost = run.fail(error).job
        now[0] += YOUNG_FOR
        run = WorkflowHarness(lost, config).answer(asset(glbUrl=GLB))
        run.answer(asset(glbUrl=GLB, optimizedGlbUrl=optimized))
        assert run.expect(Fetch).url == (optimized or GLB)
        assert any("did not answer the optimization" in note for note in run.job.notes) == (
            optimized is None
        )


def test_the_result_of_an_old_retry_is_searched() -> None:
    """A model that is still failed is left to the user; anything else is downloaded."""
    failed = with_operation(replace(working(), phase=Phase.FAILED), operation("failed"))
    run = WorkflowHarness(retried(failed, now=CLICK), AT_CLICK).answer()
    run.expect(Retry)
    job = run.fail(LOST).job
    run = WorkflowHarness(job, LATER)
    run.expect(ReadAsset)
    run.answer(Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "failed"}))
    assert run.rests and is_unanswered(run.job)
    assert Verb.RETRY in JobView(run.job).verbs
    run = WorkflowHarness(job, LATER).answer(asset(glbUrl=GLB)).answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB
    WorkflowHarness(job, WorkflowConfig(now=lambda: CLICK + 1)).expect(Retry)


@pytest.mark.parametrize(("is_copied", "later"), [(False, YOUNG_FOR), (True, 0.0)])
def test_a_start_that_stopped_for_credits_is_resumed(is_copied: bool, later: float) -> None:
    """Long after, or in a copy of the journal, it is not replayed: Mint may have forgotten it."""
    run = WorkflowHarness(a_job(), AT_CLICK).answer()
    job = run.answer(operation("billing_required", resource=None)).job
    job = job.with_request(replace(job.requests[0], is_copied=is_copied))
    now = CLICK + later
    run = WorkflowHarness(decided(job, Verb.RESUME, now=now), WorkflowConfig(now=lambda: now))
    resume = run.expect(SendDecision)
    assert (resume.verb, resume.target) == (PaidVerb.RESUME, "op_1")
    assert run.job.operation.id == "op_1"
    assert run.answer(operation("queued", resource=None)).expect(Poll).operation_id == "op_1"


WORLD = {"id": "res_1", "status": "succeeded", "name": "Lamp", "createdAt": "2099-01-01T00:00:00Z"}
A_WORLD = GenerationRequest(Kind.WORLD, "a hall", name="Lamp")


@pytest.mark.parametrize("assets", [(), (Asset.from_json(Kind.WORLD, WORLD),)])
@pytest.mark.parametrize("is_canceled", [False, True])
def test_an_incomplete_list_proves_nothing(assets: tuple[Asset, ...], is_canceled: bool) -> None:
    """What was left out may be what the start has made: a person decides, and nothing is over."""
    lost = WorkflowHarness(replace(a_job(), request=A_WORLD)).answer()
    if is_canceled:
        run = WorkflowHarness(decided(lost.fail(errors.Unreachable("gone")).job, Verb.CANCEL))
    else:
        run = lost.fail(problem(409, "idempotency-conflict"))
    run.expect(ReadPage)
    run.answer(Page(assets, None, left_out=1))
    request = run.job.start_request
    assert request is not None and request.may_be_started and request.closed is not State.OVER
    if is_canceled and not assets:
        assert run.job.phase is Phase.CANCELED and run.job.has_note("canceled_in_doubt")
        return
    assert is_unanswered(run.job) and run.job.problem is not None
    assert [each.id for each in run.job.candidates] == [each.id for each in assets]
    assert ("could not be read" in run.job.problem.message) is not bool(assets)
    assert "is not in your library" not in run.job.problem.message


# -- an operation that only the folder of a batch names


@pytest.mark.parametrize(("prompt", "is_taken"), [("a lamp", True), ("a mug", False)])
def test_a_resumed_line_does_not_take_the_operation_of_others(prompt: str, is_taken: bool) -> None:
    """Whoever then revised or canceled it would do that to the operation of another job."""
    heard = replace(a_line().requests[0], operation="op_1", answer=operation("running"))
    job = replace(working(), phase=Phase.PAUSED, requests=(heard,))
    run = WorkflowHarness(job.moved(Phase.WORKING))
    run.expect(Poll)
    run.answer(seen("running", prompt=prompt))
    assert (run.job.operation is not None) is is_taken
    assert run.rests is not is_taken
