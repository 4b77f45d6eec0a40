# SPDX-License-Identifier: GPL-3.0-or-later
"""The age of an unanswered start: it is repeated, searched for, or left to the user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import ClaimedAssets, Role
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.workflow.context import REPEATED_FOR, WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Convert,
    Fetch,
    Optimize,
    Poll,
    ReadAsset,
    ReadClaimedAssets,
    ReadPage,
    SendDecision,
    Start,
    TakeSlot,
)
from mint_blender.mint.errors import MintError, Unreachable
from mint_blender.mint.schema import Asset, Kind, Mode, Page

from .engine_harness import Clock, EngineHarness
from .workflow_harness import (
    FILES,
    GLB,
    WorkflowHarness,
    a_conversion,
    a_job,
    an_optimization,
    asset,
    decided,
    kept,
    operation,
    problem,
    seen,
    working,
)

CLICK = 1_000_000.0  # 1970-01-12T13:46:40Z
BEFORE, AFTER = "1970-01-12T13:40:00Z", "1970-01-12T13:47:00Z"
ENTRY = {
    "id": "res_1",
    "prompt": "a lamp",
    "createdAt": AFTER,
    "status": "succeeded",
    "assets": {"glbUrl": GLB},
}
LATER = WorkflowConfig(now=lambda: CLICK + REPEATED_FOR)
LOST = Unreachable("the connection broke")


def sent(**more: Any) -> Job:
    """Return a job whose start was sent at the click and never answered."""
    run = WorkflowHarness(a_job(**more), WorkflowConfig(now=lambda: CLICK)).answer()
    run.expect(Start)
    return run.fail(LOST).job


def page(*entries: dict[str, Any], cursor: str | None = None) -> Page:
    """Return a page of Mint's list; missing members are those of the job's own result."""
    return Page.from_json(
        Kind.MODEL,
        {"data": [ENTRY | entry for entry in entries], "pagination": {"nextCursor": cursor}},
    )


# -- the first send
# ------------------------------------------------------------------------------------------------------------


def test_the_time_of_the_first_send_is_stored() -> None:
    """It is committed before the start is sent, and a repetition keeps it.

    A queued job has none.
    """
    run = WorkflowHarness(a_job(), WorkflowConfig(now=lambda: 5000.0))
    run.expect(TakeSlot)
    assert run.job.first_sent_at is None
    run.answer().expect(Start)
    assert run.job.first_sent_at == 5000.0
    run.fail(LOST)
    again = run.again(WorkflowConfig(now=lambda: 9000.0))
    again.expect(Start)
    assert again.job.first_sent_at == 5000.0


@pytest.mark.parametrize(
    "error", [problem(401), problem(402), problem(429, "concurrency-limit-reached"), problem(400)]
)
def test_what_was_turned_away_was_not_sent(error: Exception) -> None:
    """Mint has said that it did nothing: the time begins with the next send."""
    assert WorkflowHarness(a_job()).answer().fail(error).job.first_sent_at is None


def test_for_twelve_hours_the_same_start_is_repeated() -> None:
    """With its own key and body; the scheduler is told until when."""
    job = sent()
    start = WorkflowHarness(job, WorkflowConfig(now=lambda: CLICK + REPEATED_FOR - 1)).expect(Start)
    assert (start.key, start.until) == (job.key, CLICK + REPEATED_FOR)


@pytest.fixture
def engine(home: Path) -> Iterator[EngineHarness]:
    """A scheduler whose date moves with its clock."""
    clock = Clock()
    engine = EngineHarness(home, clock=clock, workflow_config=WorkflowConfig(now=clock))
    engine.clock = engine.mint.clock = clock
    yield engine
    engine.close()


# -- looked for
# ------------------------------------------------------------------------------------------------------------------


def test_after_twelve_hours_the_result_is_searched_and_adopted() -> None:
    """Pages are read back to the click, nothing is sent, and the result is downloaded."""
    run = WorkflowHarness(sent(), LATER)
    assert run.expect(ReadPage).cursor is None
    run.answer(page({"id": "other", "prompt": "a chair"}, cursor="next"))
    assert run.expect(ReadPage).cursor == "next"
    run.answer(page({}, {"id": "older", "createdAt": BEFORE}, cursor="more"))
    run.expect(ReadClaimedAssets)
    run.answer(ClaimedAssets(frozenset())).expect(ReadAsset)
    assert (run.job.phase, run.job.source_asset_id, run.job.operation) == (
        Phase.FETCHING,
        "res_1",
        None,
    )
    run.answer(asset(glbUrl=GLB))
    run.answer(kept(run.expect(Fetch)))
    assert run.job.phase is Phase.READY
    assert "was found in Mint's list" in run.job.notes[0]


@pytest.mark.parametrize(
    "entry",
    [{"prompt": "a chair"}, {"createdAt": BEFORE}, {"createdAt": None}, {"id": "taken"}],
    ids=["another prompt", "before the click", "nobody knows when", "another job's"],
)
def test_what_is_not_its_own_is_not_adopted(entry: dict[str, Any]) -> None:
    """Then a person decides; nothing was sent."""
    run = WorkflowHarness(sent(), LATER).answer(page(entry))
    if isinstance(run.effect, ReadClaimedAssets):
        run.answer(ClaimedAssets(frozenset({"taken"})))
    assert run.rests
    assert is_unanswered(run.job)
    assert run.job.problem is not None
    assert "Mint did not answer the start" in run.job.problem.message
    assert "may cost Credits again" in run.job.problem.message


def test_of_two_the_first_one_is_taken_and_the_name_counts() -> None:
    """Of things of one prompt the one of the same name, else the one that was begun first."""
    several = page(
        {"id": "c", "name": "Lamp"}, {"id": "b", "name": "Other"}, {"id": "a", "name": "Other"}
    )
    for name, taken in (("Lamp", "c"), (None, "a")):
        run = (
            WorkflowHarness(sent(name=name), LATER)
            .answer(several)
            .answer(ClaimedAssets(frozenset()))
        )
        assert run.job.source_asset_id == taken


def test_the_asset_of_another_job_in_progress_is_not_adopted() -> None:
    """Mint names an operation's asset late: with one prompt, nobody knows yet whose this is."""
    run = WorkflowHarness(sent(), LATER).answer(page({}))
    for _ in range(3):
        run.answer(ClaimedAssets(frozenset(), ("a  lamp",)))
        assert run.expect(ReadPage).after == 60.0
        assert "Another job with the same prompt" in run.job.notes[0]
        run.answer(page({}))
    run.answer(ClaimedAssets(frozenset(), ("a chair",)))
    assert run.job.source_asset_id == "res_1"
    assert not any("Another job" in note for note in run.job.notes)


def test_a_list_that_goes_round_ends() -> None:
    """The same cursor again is the end."""
    run = WorkflowHarness(sent(), LATER)
    run.answer(page({"prompt": "x"}, cursor="a")).answer(page({"prompt": "x"}, cursor="a"))
    assert is_unanswered(run.job)


def test_what_is_still_made_is_watched() -> None:
    """The result is on its way: it is waited for, and fetched."""
    run = (
        WorkflowHarness(sent(), LATER)
        .answer(page({"status": "running", "assets": None}))
        .answer(ClaimedAssets(frozenset()))
    )
    running = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"})
    for _ in range(4):
        run.answer(running).expect(ReadAsset)
    while isinstance(run.effect, ReadAsset):
        run.answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB


def test_what_was_adopted_and_broken_off_is_not_started_again() -> None:
    """A download that failed is resumed as a download; a cancel sends nothing either."""
    run = (
        WorkflowHarness(sent(), LATER)
        .answer(page({}))
        .answer(ClaimedAssets(frozenset()))
        .answer(asset(glbUrl=GLB))
        .fail(LOST)
    )
    assert run.job.phase is Phase.PAUSED
    run.again(LATER).expect(ReadAsset)
    canceled = WorkflowHarness(decided(run.job, Verb.CANCEL), LATER)
    assert canceled.rests
    assert canceled.job.phase is Phase.CANCELED


def test_the_last_error_at_the_end_of_the_time_leads_to_the_list() -> None:
    """Nobody has to resume it for that."""
    now = [CLICK]
    run = WorkflowHarness(a_job(), WorkflowConfig(now=lambda: now[0])).answer()
    now[0] += REPEATED_FOR
    run.fail(LOST).expect(ReadPage)


# -- a person decides
# ------------------------------------------------------------------------------------------------------------


def unanswered(**more: Any) -> Job:
    """A job of which nothing was found."""
    return WorkflowHarness(sent(**more), LATER).answer(page()).job


def test_what_was_not_found_waits_for_a_person() -> None:
    """Look again at no cost, start again, or cancel; by itself it does not go on."""
    job = unanswered()
    assert not job.is_resumable
    assert presenter.verbs(job) == (Verb.RESUME, Verb.RETRY, Verb.CANCEL)
    assert Verb.RETRY not in presenter.verbs(sent()), (
        "a job that is only paused goes on: it is not started twice"
    )


def test_resume_looks_again() -> None:
    """No start."""
    WorkflowHarness(unanswered(), LATER).expect(ReadPage)


def test_start_again_is_a_new_start() -> None:
    """Under the new click's key, with a new date."""
    run = WorkflowHarness(decided(unanswered(), Verb.RETRY), LATER)
    run.expect(TakeSlot)
    start = run.answer().expect(Start)
    assert (start.key, run.job.first_sent_at) == ("click-retry", CLICK + REPEATED_FOR)


def test_cancel_looks_and_starts_nothing() -> None:
    """A key that Mint has forgotten would start it once more: it is looked for instead."""
    run = WorkflowHarness(decided(unanswered(), Verb.CANCEL), LATER)
    run.expect(ReadPage)
    run.answer(page())
    assert (run.rests, run.job.phase) == (True, Phase.CANCELED)
    found = (
        WorkflowHarness(decided(sent(), Verb.CANCEL), LATER)
        .answer(page({}))
        .answer(ClaimedAssets(frozenset()))
    )
    assert (found.job.phase, found.job.decision) == (Phase.FETCHING, None), (
        "it is there, and paid for: it is kept"
    )


# -- other calls that are paid for
# -----------------------------------------------------------------------------------------------


def old_conversion() -> Job:
    """A conversion that was sent and not answered."""
    lamp = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "succeeded"})
    run = WorkflowHarness(
        a_conversion(lamp, now=CLICK),
        WorkflowConfig(now=lambda: CLICK),
    )
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


def test_an_optimization_is_not_bought_again() -> None:
    """The model is looked at; where it is not optimized, the original is taken, with a note."""
    job = an_optimization(now=CLICK)
    run = WorkflowHarness(job, WorkflowConfig(readable=OPTIMIZED_NEEDS, now=lambda: CLICK)).answer(
        asset(glbUrl=GLB)
    )
    run.expect(Optimize)
    assert run.job.optimize_sent_at == CLICK
    run = WorkflowHarness(
        run.fail(LOST).job, WorkflowConfig(readable=OPTIMIZED_NEEDS, now=LATER.now)
    ).answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB
    assert "did not answer the optimization request" in run.job.notes[0]


@pytest.mark.parametrize("error", [LOST, problem(503)])
def test_an_optimization_that_became_too_old_is_looked_for(error: MintError) -> None:
    """The computer slept between two tries: the model is read once more before it is fetched."""
    now = [CLICK]
    config = WorkflowConfig(readable=OPTIMIZED_NEEDS, now=lambda: now[0])
    for optimized in (None, f"{FILES}optimized.glb"):
        now[0] = CLICK
        run = WorkflowHarness(an_optimization(now=CLICK), config).answer(asset(glbUrl=GLB))
        run.expect(Optimize)
        now[0] += REPEATED_FOR
        run.fail(error).expect(ReadAsset)
        run.answer(asset(glbUrl=GLB, **({"optimizedGlbUrl": optimized} if optimized else {})))
        assert run.expect(Fetch).url == (optimized or GLB)
        assert any("did not answer the optimization" in note for note in run.job.notes) == (
            optimized is None
        )


def test_the_result_of_an_old_retry_is_searched() -> None:
    """A model that is still failed is left to the user; anything else is downloaded."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
    job = decided(failed, Verb.RETRY)
    assert job.decision is not None
    job = replace(job, decision=replace(job.decision, at=CLICK))
    run = WorkflowHarness(job, LATER)
    run.expect(ReadAsset)
    run.answer(Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "failed"}))
    assert (run.rests, run.job.phase, run.job.decision) == (True, Phase.FAILED, None)
    assert Verb.RETRY in presenter.verbs(run.job)
    run = WorkflowHarness(job, LATER).answer(asset(glbUrl=GLB)).answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB
    assert (
        WorkflowHarness(job, WorkflowConfig(now=lambda: CLICK + 1)).expect(SendDecision).until
        == CLICK + REPEATED_FOR
    )


def test_an_approval_of_long_ago_is_not_sent() -> None:
    """A week later, the operation is looked at; if it still waits, the person decides anew."""
    job = decided(replace(working(Mode.REVIEW), phase=Phase.REVIEW), Verb.APPROVE)
    assert job.decision is not None
    job = replace(job, decision=replace(job.decision, at=CLICK))
    run = WorkflowHarness(job, LATER)
    run.expect(Poll)
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    assert (run.job.phase, run.job.decision) == (Phase.REVIEW, None)


# -- at the scheduler
# -----------------------------------------------------------------------------------------------------------------


def test_the_scheduler_retries_for_twelve_hours_and_then_looks(engine: EngineHarness) -> None:
    """With a 524 for every start the key is used for 12 hours, then the list is read."""
    job = a_job()
    engine.clock.now = CLICK
    engine.mint.page = lambda kind, cursor=None, limit=None: Page.from_json(kind, {"data": [ENTRY]})  # type: ignore[attr-defined]
    engine.mint.says = lambda what, which: problem(524) if what == "start" else asset(glbUrl=None)
    engine.add(job)
    for _ in range(200):
        engine.run(300)
        if engine.job(job).source_asset_id is not None:
            break
    starts = engine.mint.times("start")
    assert 0.9 * REPEATED_FOR < starts[-1] - starts[0] <= REPEATED_FOR
    assert engine.job(job).source_asset_id == "res_1"
    assert engine.job(job).key == job.key
