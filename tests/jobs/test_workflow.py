# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow of a job, run by hand: no clock, thread, socket or disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePath

import pytest

from mint_blender.files.errors import DiskError, DownloadFailed, InvalidGlb, LinkExpired
from mint_blender.jobs.job_values import Cause, Delivery, Role
from mint_blender.jobs.new_jobs import new_fetch
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.paid_requests.send import Sent
from mint_blender.jobs.phases import MOVES, IllegalMove, Phase, Verb
from mint_blender.jobs.workflow.effects import (
    Fetch,
    OptionalFetch,
    Pay,
    Poll,
    ReadAsset,
    ReadPage,
    TakeSlot,
    Upload,
)
from mint_blender.mint.errors import KeyMissing, Unreachable
from mint_blender.mint.retry import PollIntervals
from mint_blender.mint.schema import Asset, Kind, Mode, Page, PollResult

from .workflow_harness import (
    FILES,
    FINISHED_MODEL,
    GLB,
    PAID,
    PREVIEW,
    READS,
    THUMB,
    Optimize,
    PaidEffect,
    Retry,
    Start,
    WorkflowHarness,
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
    working,
)

# -- the straight way


@pytest.mark.covers("C3-optimized")
def test_auto_runs_from_the_click_to_the_files() -> None:
    """Auto mode runs through slot, start, polls, resource and files, and nothing else."""
    job = a_job()
    run = WorkflowHarness(job)
    assert run.expect(TakeSlot) == TakeSlot(Kind.MODEL)
    start = run.answer().expect(Start)
    assert (start.key, start.body) == (job.requests[0].key, job.request.body(()))
    assert run.job.phase is Phase.SENDING
    assert run.answer(operation("queued")).expect(Poll).operation_id == "op_1"
    assert run.answer(seen("succeeded")).expect(ReadAsset).asset_id == "res_1"
    run.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    for role, url in ((Role.MODEL, GLB), (Role.PICTURE, THUMB)):
        assert (run.expect(Fetch).role, run.expect(Fetch).url) == (role, url)
        run.answer(kept(run.expect(Fetch)))
    assert (run.rests, run.job.phase, run.job.notes) == (True, Phase.READY, ())


@pytest.mark.covers("C4-auto")
def test_auto_does_not_stop_at_the_preview() -> None:
    """Its picture is asked for after each poll until it is here; then once is enough."""
    run = started(a_job())
    for _ in range(2):
        run.answer(shown(mode=Mode.AUTO)).expect(OptionalFetch)
        run.answer(None).expect(Poll)
    run.answer(shown(mode=Mode.AUTO))
    run.answer(kept(run.expect(OptionalFetch).fetch)).expect(Poll)
    run.answer(shown(mode=Mode.AUTO)).expect(Poll)
    assert (run.job.phase, len(run.job.previews)) == (Phase.WORKING, 1)


def test_the_preview_comes_with_the_end_of_the_work_in_auto_mode() -> None:
    """It is asked for once more when the work is done, and kept.

    If its link has expired, a fresh one is tried. If it is broken, that was all.
    """
    run = started(a_job()).answer(shown(mode=Mode.AUTO)).answer(None).answer(seen("succeeded"))
    run.answer(kept(run.expect(OptionalFetch).fetch)).expect(ReadAsset)
    assert len(run.job.previews) == 1
    run = started(a_job()).answer(shown(mode=Mode.AUTO))
    run.fail(LinkExpired("It is old.")).answer(shown(f"{FILES}q.webp", mode=Mode.AUTO))
    assert run.expect(OptionalFetch).fetch.url == f"{FILES}q.webp"
    run.fail(DownloadFailed("It broke.")).expect(Poll)
    run.answer(seen("running", assets={"previewImageUrl": PREVIEW})).expect(Poll)


@pytest.mark.covers("C4-review")
def test_review_stops_and_brings_the_preview() -> None:
    """The workflow ends at the Preview with its picture, which a restart does not fetch again."""
    run = in_review()
    assert (run.rests, run.job.phase, run.again().rests) == (True, Phase.REVIEW, True)
    assert [PurePath(one.path).stem for one in run.job.previews] == ["preview-1"]


def test_the_first_preview_of_a_retry_is_downloaded_once() -> None:
    """The earlier attempt had no Preview."""
    run = WorkflowHarness(retried(replace(working(Mode.REVIEW), phase=Phase.FAILED))).answer()
    run.expect(Retry)
    run.answer(operation("running", Mode.REVIEW)).answer(shown())
    run.answer(kept(run.expect(Fetch)))
    assert run.again().rests
    assert len(run.again().job.previews) == 1


def test_a_preview_that_cannot_be_fetched_is_a_note() -> None:
    """A person can still decide. There is one note at most, and none once the picture is here."""
    run = started(a_job(mode=Mode.REVIEW)).answer(shown())
    for reason in ("It broke.", "It broke again."):
        run.fail(DownloadFailed(reason))
        assert (run.rests, run.job.phase) == (True, Phase.REVIEW)
        assert run.job.notes == (f"The preview picture could not be downloaded. {reason}",)
        run = run.again()
    assert run.answer(kept(run.expect(Fetch))).job.notes == ()
    run = started(a_job(mode=Mode.REVIEW)).answer(shown(None))
    said = "Mint sent no preview picture. View the Preview on mint.gg before you approve it."
    assert (run.rests, run.job.notes) == (True, (said,))


# -- Credits


@pytest.mark.covers("C5-same-start")
def test_resume_without_a_resource_repeats_the_same_start() -> None:
    """Without one the start is repeated with the SAME key and body, which cannot be charged twice."""
    run = WorkflowHarness(a_job()).answer()
    first = run.expect(Start)
    run.answer(operation("billing_required", resource=None))
    assert run.rests
    run = WorkflowHarness(decided(run.job, Verb.RESUME))
    assert run.expect(Start) == first
    assert run.answer(operation("queued")).job.phase is Phase.WORKING


# -- reference images


@pytest.mark.covers("C13-upload")
def test_pictures_are_uploaded_once_and_in_order() -> None:
    """Local pictures are uploaded first, each with its own key.

    Addresses are used as they are.
    """
    job = a_job(images=("/tmp/a.png", "https://example.org/b.png", "/tmp/c.png"))
    run = WorkflowHarness(job)
    first = run.expect(Upload)
    second = run.answer(f"{FILES}a").expect(Upload)
    assert (first.path, second.path) == ("/tmp/a.png", "/tmp/c.png")
    assert first.key != second.key
    assert run.again().expect(Upload) == second, "what is uploaded is remembered"
    run.answer(f"{FILES}c").expect(TakeSlot)
    urls = [f"{FILES}a", "https://example.org/b.png", f"{FILES}c"]
    assert run.answer().expect(Start).body["sourceImages"] == urls


def test_a_picture_that_is_no_picture_is_over() -> None:
    """A bad picture is the user's to change: nothing was sent."""
    run = WorkflowHarness(a_job(images=("/tmp/a.png",))).fail(InvalidGlb("It is not a picture."))
    assert (run.job.phase, run.job.problem.cause) == (Phase.FAILED, Cause.FILE)


# -- the table


def test_an_illegal_move_raises_and_changes_nothing() -> None:
    """The table is the guard, for every pair of phases."""
    for here in Phase:
        job = replace(a_job(), phase=here)
        for there in Phase:
            if there is here or there in MOVES[here]:
                assert job.moved(there).phase is there
            else:
                with pytest.raises(IllegalMove):
                    job.moved(there)
                assert job.phase is here


# -- errors while a workflow runs: what is repeated, what pauses, and how long it is polled


@pytest.mark.parametrize(("place", "verb"), [("start", Start), ("retry", Retry)])
def test_too_many_active_returns_to_the_queue(place: str, verb: type[PaidEffect]) -> None:
    """The job waits for a slot with the same key, and a note says why."""
    run = PLACES[place]()
    key = run.expect(verb).key
    run.fail(problem(429, "concurrency-limit-reached"))
    assert run.expect(TakeSlot).after == PollIntervals().longest
    assert run.job.phase is Phase.WAITING and run.job.problem is not None
    assert run.answer().expect(verb).key == key
    assert run.job.problem is None
    assert run.answer(operation("queued", id="op_2")).job.phase is Phase.WORKING


def test_too_many_active_after_no_answer_says_why_it_waits() -> None:
    """It may be at Mint already, so it needs no slot here: the same start is sent again."""
    run = WorkflowHarness(a_job()).answer().fail(Unreachable("gone")).again()
    key = run.expect(Start).key
    run.fail(problem(429, "concurrency-limit-reached"))
    again = run.expect(Start)
    assert (again.key, again.after) == (key, PollIntervals().longest)
    assert "limit of active" in run.job.problem.message
    run.answer(operation("queued"))
    assert run.job.problem is None


def test_the_older_name_field_is_tried_once_under_another_key() -> None:
    """An error about `name` leads to `displayName`, once and under another record."""
    run = WorkflowHarness(a_job(name="Lamp")).answer().fail(problem(400, field="name"))
    run.expect(TakeSlot)
    again = run.answer().expect(Start)
    assert (again.body["displayName"], "name" in again.body) == ("Lamp", False)
    refused, second = run.job.requests
    assert (refused.state, second.key) == (State.REFUSED, again.key)
    run.fail(problem(400, field="displayName"))
    assert (run.rests, run.job.phase) == (True, Phase.FAILED)


def test_the_older_name_field_of_a_line_is_tried_under_its_own_key() -> None:
    """Another machine may have started the line with that key: another one could pay twice."""
    job = a_line(name="Lamp")
    run = WorkflowHarness(job)
    run.answer().fail(problem(400, field="name")).expect(TakeSlot)
    again = run.answer().expect(Start)
    assert (again.body["displayName"], "name" in again.body) == ("Lamp", False)
    (request,) = run.job.requests
    assert (request.key, request.state) == (job.requests[0].key, State.IN_DOUBT)
    assert again.key == request.key
    assert run.fail(problem(400, field="displayName")).expect(ReadPage).kind is Kind.MODEL


def test_missing_uploads_are_repeated_once() -> None:
    """An error about picture addresses leads to one more upload and start.

    They have other keys, and there is no pause.
    """
    job = a_job(images=("a.png", "https://example.org/b.png"))
    run, first = WorkflowHarness(job), job.requests[0].key
    assert not run.expect(Upload).force
    run.answer("https://mint/old").answer().fail(problem(400, field="sourceImages"))
    again = run.expect(Upload)
    assert again.force and again.key != f"{first}-picture-1"
    assert run.answer("https://mint/new").expect(TakeSlot).after == 0
    start = run.answer().expect(Start)
    assert start.body["sourceImages"] == ["https://mint/new", "https://example.org/b.png"]
    assert start.key not in {first, again.key}
    run.fail(problem(400, field="sourceImages"))
    assert (run.rests, run.job.phase) == (True, Phase.FAILED)
    run = WorkflowHarness(a_job(images=("https://example.org/b.png",))).answer()
    run.fail(problem(400, field="imageUrl"))
    assert (run.rests, run.job.phase) == (True, Phase.FAILED), "an address is the user's"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422])
def test_a_clear_refusal_ends_a_start(status: int) -> None:
    """In Mint's own words: nothing was started, and it is not sent again by itself."""
    run = WorkflowHarness(a_job()).answer().fail(problem(status))
    assert (run.rests, run.job.phase, run.job.is_resumable) == (True, Phase.FAILED, False)
    assert run.job.problem.cause is Cause.REFUSED
    assert "Nothing was started or charged" in run.job.problem.message


PLACES: dict[str, Callable[[], WorkflowHarness]] = {
    "upload": lambda: WorkflowHarness(a_job(images=("/tmp/lamp.png",))),
    **PAID,
    "poll": lambda: started(a_job()),
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
    effect, (error, cause) = run.effect, TROUBLES[trouble]
    run.fail(error)
    assert (run.rests, run.job.phase, run.job.problem.cause) == (True, Phase.PAUSED, cause)
    again = run.again()
    is_in_line = isinstance(again.effect, TakeSlot) and isinstance(effect, Pay)
    assert again.effect == effect or is_in_line or isinstance(again.effect, Poll), again.effect
    assert again.job.phase is not Phase.PAUSED or again.job.decision is not None


BUSY = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "running"})


def optimizing() -> WorkflowHarness:
    """Return a model that is being optimized."""
    run = WorkflowHarness(an_optimization(), READS).answer(FINISHED_MODEL)
    run.expect(Optimize)
    return run.answer(operation("running", id="op_2"))


LONG: dict[str, tuple[Callable[[], WorkflowHarness], PollResult | Asset, PollResult | Asset]] = {
    "generation": (lambda: started(a_job()), seen("running"), seen("succeeded")),
    "optimization": (optimizing, seen("running", id="op_2"), seen("succeeded", id="op_2")),
    "elsewhere": (
        lambda: WorkflowHarness(new_fetch(BUSY, Delivery(), now=1.0)),
        BUSY,
        FINISHED_MODEL,
    ),
}


@pytest.mark.covers("C7-timeout", "R-slow")
@pytest.mark.parametrize("name", LONG)
def test_after_half_an_hour_polling_goes_on_once_a_minute(name: str) -> None:
    """Polling continues less often with a note, until the job ends."""
    start, busy, done = LONG[name]
    run, waited = start(), 0.0
    asks = type(run.effect)
    while run.job.problem is None:
        waited += run.expect(asks).after
        run.answer(busy)
    assert 30 * 60 <= waited <= 30 * 60 + 15
    for _ in range(100):
        assert run.expect(asks).after == 60.0
        run.answer(busy)
    assert run.job.phase is (Phase.WORKING if name == "generation" else Phase.FETCHING)
    assert run.job.problem.cause is Cause.PATIENCE
    said = "Still running at Mint after 30 minutes. Checking continues once a minute; this is free."
    assert run.job.problem.message == said
    again = run.again().effect
    assert again is not None and again.after == 0.0
    run.answer(done)
    assert (run.job.phase, run.job.problem) == (Phase.FETCHING, None)


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


# -- the start of a batch line: others can order the same, so nothing about it is certain alone


def test_a_line_that_another_machine_has_taken_is_paused() -> None:
    """Nothing was sent here. Resume looks for what the other one has made.

    That may be older than the line says: the other clock was fast by most of a day.
    """
    run = WorkflowHarness(a_line()).answer()
    run.expect(Start)
    dropped = replace(run.job.requests[0], closed=State.DROPPED)
    assert run.answer(Sent(dropped)).rests
    assert (run.job.phase, run.job.problem.code) == (Phase.PAUSED, "started_elsewhere")
    again = run.again()
    again.expect(ReadPage)
    assert again.answer(Page((), None)).rests
    assert again.job.phase is Phase.PAUSED
    made = datetime.fromtimestamp(dropped.born - 20 * 3600.0, UTC).isoformat()
    entry = {"id": "res_1", "prompt": "a lamp", "createdAt": made, "status": "succeeded"}
    again = run.again().answer(Page.from_json(Kind.MODEL, {"data": [entry]}))
    assert [each.id for each in again.job.candidates] == ["res_1"]


def test_a_line_of_a_folder_that_cannot_be_written_is_paused() -> None:
    """Nothing was sent, and the same request is tried again after Resume."""
    run = WorkflowHarness(a_line()).answer()
    key = run.expect(Start).key
    run.fail(DiskError("The batch folder cannot be written."))
    assert (run.rests, run.job.phase) == (True, Phase.PAUSED)
    assert run.job.requests[0].attempts == 0
    assert run.again().answer().expect(Start).key == key


def test_a_line_that_mint_refuses_is_looked_for_and_has_failed() -> None:
    """Another machine can have sent the same, so a refusal here proves nothing alone."""
    run = WorkflowHarness(a_line()).answer().fail(problem(400, detail="too long"))
    run.expect(ReadPage)
    assert run.waited == 0.0, "nothing of ours can be on its way"
    assert run.answer(Page((), None)).rests
    assert (run.job.phase, run.job.requests[0].state) == (Phase.FAILED, State.OVER)
    assert "too long" in run.job.problem.message
