# SPDX-License-Identifier: GPL-3.0-or-later
"""Unclear and stale responses: the job and its key are kept, and nothing false is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import ClaimedAssets, Role
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Fetch,
    Pay,
    Poll,
    ReadAsset,
    ReadClaimedAssets,
    ReadPage,
)
from mint_blender.mint.errors import (
    CannotCancel,
    Conflict,
    InvalidResponse,
    MintError,
    Problem,
    problem_error,
    read_problem,
)
from mint_blender.mint.schema import (
    Asset,
    Kind,
    Mode,
    Operation,
    Page,
    PollResult,
)

from .workflow_harness import (
    FILES,
    FINISHED_MODEL,
    GLB,
    WorkflowHarness,
    a_conversion,
    a_job,
    an_optimization,
    asset,
    decided,
    in_review,
    kept,
    operation,
    problem,
    retried,
    seen,
    started,
    working,
)

READS = WorkflowConfig(readable=OPTIMIZED_NEEDS)

# -- no answer that proves anything
# ----------------------------------------------------------------------------------------------

UNCLEAR: dict[str, MintError] = {
    **{str(status): problem(status) for status in (408, 425, 499, 507, 520, 524, 530, 418, 599)},
    **{
        f"{status} HTML": problem_error(read_problem(status, None))
        for status in (400, 402, 403, 404, 405, 409, 413, 422, 524)
    },
    "generic 409": problem(409),
    "2xx without sense": InvalidResponse("it is an operation without an id"),
    "redirect": InvalidResponse("it redirects"),
}
PAID: dict[str, Callable[[], WorkflowHarness]] = {
    "start": lambda: WorkflowHarness(a_job()).answer(),
    "convert": lambda: WorkflowHarness(a_conversion()).answer(FINISHED_MODEL).answer(),
    "optimize": lambda: WorkflowHarness(an_optimization(), READS).answer(FINISHED_MODEL),
    "retry": lambda: WorkflowHarness(
        retried(replace(working(), phase=Phase.FAILED, operation=operation("failed")))
    ).answer(),
    "approve": lambda: WorkflowHarness(decided(in_review().job, Verb.APPROVE)),
    "revise": lambda: WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener")),
    "resume": lambda: WorkflowHarness(
        decided(replace(working(), phase=Phase.BILLING), Verb.RESUME)
    ),
}


@pytest.mark.parametrize("name", UNCLEAR)
@pytest.mark.parametrize("call", PAID)
def test_an_unclear_answer_keeps_the_job_and_its_key(call: str, name: str) -> None:
    """The next paid call is the same one, and nothing says that nothing was started."""
    run = PAID[call]()
    assert isinstance(run.effect, Pay)
    key = run.effect.call.key
    for _ in range(12):
        if isinstance(run.effect, Pay):
            assert run.effect.call.key == key
            run.fail(UNCLEAR[name])
        elif isinstance(run.effect, Poll):
            run.answer(
                seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p1.webp"})
            )
        elif isinstance(run.effect, ReadAsset):
            run.answer(Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "failed"}))
    assert all(each.state is not State.REFUSED for each in run.job.requests)
    is_conflict = isinstance(UNCLEAR[name], Conflict) and call in {"convert", "retry", "optimize"}
    if is_conflict:  # the only attempt was answered, and the model shows nothing of it
        assert run.job.requests[-1].state is State.OVER
        assert run.job.phase is (Phase.PAUSED if call == "optimize" else Phase.FAILED)
        return
    assert run.job.phase not in {Phase.FAILED, Phase.CANCELED}
    if run.rests and run.job.phase is Phase.PAUSED:
        again = run.again(READS)
        while isinstance(again.effect, Poll | ReadAsset):
            again.answer(seen("succeeded") if isinstance(again.effect, Poll) else FINISHED_MODEL)
        assert isinstance(again.effect, Pay) and again.effect.call.key == key


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 413, 422])
def test_a_clear_refusal_ends_a_start(status: int) -> None:
    """In Mint's own words: nothing was started, and it is not sent again by itself."""
    run = WorkflowHarness(a_job()).answer().fail(problem(status))
    assert run.job.phase is (Phase.BILLING if status == 402 else Phase.FAILED)
    assert not run.job.is_resumable


# -- what Mint has made, but does not name
# ----------------------------------------------------------------------------------------


def nameless(**more: Any) -> WorkflowHarness:
    """Mint says that it is done, and not what it has made."""
    return started(a_job()).answer(seen("succeeded", resource=None, **more))


def test_without_a_resource_the_operation_and_then_the_list_are_looked_at() -> None:
    """Some seconds later the operation may tell; else the list does. Nothing is started."""
    run = nameless()
    for _ in range(3):
        assert run.expect(Poll).after == 3.0
        run.answer(seen("succeeded", resource=None))
    run.expect(ReadPage)
    entry = {
        "id": "res_9",
        "prompt": "a lamp",
        "createdAt": "2100-01-01T00:00:00Z",
        "status": "succeeded",
    }
    run.answer(Page.from_json(Kind.MODEL, {"data": [entry]})).expect(ReadClaimedAssets)
    assert run.answer(ClaimedAssets(frozenset())).expect(ReadAsset).asset_id == "res_9"
    run.answer(asset(glbUrl=GLB))
    run.answer(kept(run.expect(Fetch)))
    assert run.job.phase is Phase.READY


def test_an_operation_that_tells_later_is_enough() -> None:
    """The resource comes with the second look."""
    run = nameless().answer(seen("succeeded", resource="res_7"))
    assert run.expect(ReadAsset).asset_id == "res_7"


def test_where_nothing_is_found_resume_looks_again_at_no_cost() -> None:
    """It is paid for: it does not end as failed, and what is offered buys nothing."""
    run = nameless()
    while isinstance(run.effect, Poll):
        run.answer(seen("succeeded", resource=None))
    run.answer(Page.from_json(Kind.MODEL, {"data": []})).answer(ClaimedAssets(frozenset()))
    assert run.job.phase is Phase.PAUSED
    assert run.job.problem is not None
    assert "Resume checks again, at no cost" in run.job.problem.message
    assert Verb.RETRY not in JobView(run.job).verbs
    assert run.again().expect(Poll).operation_id == "op_1"


@pytest.mark.parametrize("word", ["Model", "MODEL", "asset", "", "world"])
def test_the_type_is_the_jobs_own_kind(word: str) -> None:
    """In other casing, unknown, or not told: a job that asked for a model has one."""
    made = Operation.from_json(
        {"id": "op_1", "status": "succeeded", "resource": {"type": word, "id": "res_1"}}
    )
    effect = started(a_job()).answer(PollResult(made)).expect(ReadAsset)
    assert (effect.kind, effect.asset_id) == (Kind.MODEL, "res_1")


# -- answers of before
# -----------------------------------------------------------------------------------------------------------


def shown(picture: str | None, at: str | None = None) -> PollResult:
    """A Preview that waits, as Mint tells it."""
    return seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": picture}, updatedAt=at)


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
    """It is never shown as the new Preview: only another picture is."""
    run = WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener")).answer(
        operation("running", Mode.REVIEW)
    )
    run.answer(shown(P1, "2026-08-03T22:46:00Z")).expect(Poll)
    assert (run.job.phase, len(run.job.previews)) == (Phase.WORKING, 1)
    run = run.again().answer(shown(P1, "2026-08-03T22:47:00Z"))
    run.expect(Poll)
    run.answer(shown(P2))
    run.answer(kept(run.expect(Fetch)))
    assert (run.job.phase, [one.url for one in run.job.previews]) == (Phase.REVIEW, [P1, P2])
    third = WorkflowHarness(decided(run.job, Verb.REVISE, "bluer")).answer(
        operation("running", Mode.REVIEW)
    )
    third.answer(shown(P1)).expect(Poll)
    assert third.job.phase is Phase.WORKING, "an answer of two revisions before"


def test_after_half_an_hour_of_the_old_picture_a_person_decides() -> None:
    """The job stops with a note, and the old picture is not shown as a new Preview."""
    run = WorkflowHarness(decided(in_review().job, Verb.REVISE, "greener")).answer(
        operation("running", Mode.REVIEW)
    )
    waited = 0.0
    while run.job.phase is Phase.WORKING:
        waited += run.expect(Poll).after
        run.answer(shown(P1, "2026-08-03T22:47:00Z"))
    assert 30 * 60 <= waited <= 31 * 60
    assert (run.rests, run.job.phase, len(run.job.previews)) == (True, Phase.REVIEW, 1)
    assert run.job.notes == (
        "Mint still returns the previous Preview. View the new one on mint.gg before you "
        "approve it.",
    )


def test_a_revision_without_a_picture_is_told_by_its_time() -> None:
    """The same moment is the old Preview; another one is the new, of which no picture came."""
    before = in_review().job
    assert before.operation is not None
    before = replace(
        before,
        operation=Operation.from_json(
            {**before.operation.raw, "updatedAt": "2026-08-03T22:46:00Z"}
        ),
    )
    run = WorkflowHarness(decided(before, Verb.REVISE, "greener")).answer(
        operation("running", Mode.REVIEW)
    )
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
    assert run.again().job.operation is not None
    assert started(a_job()).answer(PollResult(silent)).job.phase is Phase.WORKING, (
        "in auto mode it passes by"
    )


@pytest.mark.parametrize(
    ("type_", "done"),
    [("model_generation", True), ("model_optimization", False), ("model_conversion", False)],
)
def test_no_status_but_files_means_done(type_: str, done: bool) -> None:
    """The files that an operation makes, not those of the model that it makes them of."""
    run = Operation.from_json(
        {"id": "op_1", "type": type_, "status": None, "assets": {"glbUrl": GLB}}
    )
    assert run.succeeded is done
    assert run.is_busy is not done
    assert Operation.from_json(
        {"id": "op_1", "type": type_, "assets": {"previewImageUrl": P1}}
    ).is_busy


# -- cancel
# ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "images", [(), ("/tmp/a.png",)], ids=["in line", "its pictures are on their way"]
)
def test_cancel_of_what_was_never_sent_sends_nothing(images: tuple[str, ...]) -> None:
    """Canceled at once, also in the moment between the free place and the start."""
    for phase in (Phase.WAITING, Phase.SENDING):
        run = WorkflowHarness(decided(replace(a_job(images=images), phase=phase), Verb.CANCEL))
        assert (run.rests, run.job.phase) == (True, Phase.CANCELED)


def test_cancel_of_what_may_have_been_sent_looks_what_became_of_it() -> None:
    """Nothing is sent for it any more. What is in Mint's list was paid for, and is kept."""
    lost = WorkflowHarness(a_job()).answer().fail(InvalidResponse("a poem")).job
    run = WorkflowHarness(decided(lost, Verb.CANCEL))
    run.expect(ReadPage)
    made = {"id": "res_1", "prompt": "a lamp", "name": "a lamp", "status": "succeeded"}
    run.answer(Page.from_json(Kind.MODEL, {"data": [made | {"createdAt": "2100-01-01T00:00:00Z"}]}))
    run.answer(ClaimedAssets(frozenset())).expect(ReadAsset)
    assert (run.job.phase, run.job.decision) == (Phase.FETCHING, None)
    assert run.job.has_note("start_found", "too_late")


def running(**more: Any) -> Job:
    """A World that Mint works on."""
    return replace(working(kind=Kind.WORLD, **more), estimate=1650.0)


@pytest.mark.parametrize("status", [404, 405])
def test_where_mint_cannot_cancel_it_goes_on_and_is_kept(status: int) -> None:
    """That is said, with what it costs; the result comes as if nobody had clicked."""
    error = CannotCancel(Problem(status))
    run = WorkflowHarness(decided(running(), Verb.CANCEL)).fail(error)
    run.answer(seen("running", kind=Kind.WORLD)).expect(Poll)
    assert (run.job.phase, run.job.decision) == (Phase.WORKING, None)
    assert run.job.notes[-1] == (
        "Mint cannot cancel this now. It continues, costs about 1,650 Credits, and its result will be kept."
    )
    run.answer(seen("succeeded", kind=Kind.WORLD)).answer(
        asset(Kind.WORLD, panoUrl=f"{FILES}p.webp")
    )
    assert kept(run.expect(Fetch)).role is Role.PANORAMA


def test_at_its_preview_it_stays_there() -> None:
    """Nothing goes on, and nothing more is paid."""
    run = WorkflowHarness(decided(in_review().job, Verb.CANCEL)).fail(CannotCancel(Problem(405)))
    run.answer(shown(P1))
    assert run.job.phase is Phase.REVIEW
    assert "costs nothing more unless you approve it" in run.job.notes[-1]
