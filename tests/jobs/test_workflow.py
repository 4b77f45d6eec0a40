# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow of a job, run by hand: no clock, thread, socket or disk.

Decisions, errors and files have test modules of their own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

import pytest

from mint_blender.files.errors import DownloadFailed, InvalidGlb
from mint_blender.jobs.job_values import Cause, Role
from mint_blender.jobs.paid_requests.record import PaidVerb, State
from mint_blender.jobs.phases import MOVES, IllegalMove, Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.workflow.effects import (
    Fetch,
    OptionalFetch,
    Poll,
    ReadAsset,
    TakeSlot,
    Upload,
)
from mint_blender.mint.schema import Kind, Mode

from .workflow_harness import (
    FILES,
    GLB,
    PREVIEW,
    THUMB,
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
    started,
    working,
)

# -- the straight way
# ---------------------------------------------------------------------------------------------------------


@pytest.mark.covers("C3-optimized")
def test_auto_runs_from_the_click_to_the_files() -> None:
    """Auto mode runs through slot, start, polls, resource and files, and nothing else."""
    job = a_job()
    run = WorkflowHarness(job)
    assert run.expect(TakeSlot) == TakeSlot(Kind.MODEL)
    start = run.answer().expect(Start)
    assert start.key == job.requests[0].key
    assert start.body == {
        "name": "a lamp",
        "prompt": "a lamp",
        "generationPreset": "standard",
        "generationMode": "auto",
    }
    assert run.job.phase is Phase.SENDING
    assert run.answer(operation("queued")).expect(Poll).operation_id == "op_1"
    run.answer(seen("succeeded"))
    assert run.expect(ReadAsset).asset_id == "res_1"
    run.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert (run.expect(Fetch).role, run.expect(Fetch).url) == (Role.MODEL, GLB)
    run.answer(kept(run.expect(Fetch)))
    assert (run.expect(Fetch).role, run.expect(Fetch).url) == (Role.PICTURE, THUMB)
    run.answer(kept(run.expect(Fetch)))
    assert run.rests
    assert run.job.phase is Phase.READY
    assert run.job.notes == ()


@pytest.mark.covers("C4-auto")
def test_auto_does_not_stop_at_the_preview() -> None:
    """Its picture is downloaded once while polling continues."""
    run = started(a_job()).answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW}))
    assert run.job.phase is Phase.WORKING
    run.answer(kept(run.expect(OptionalFetch).fetch)).expect(Poll)
    run.answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW})).expect(Poll)
    assert len(run.job.previews) == 1


def test_polls_do_not_wait_for_the_preview_in_auto_mode() -> None:
    """The picture is requested after each poll until it arrives or the work is done."""
    run = started(a_job())
    for status in ("preview_ready", "running"):
        run.answer(seen(status, assets={"previewImageUrl": PREVIEW})).expect(OptionalFetch)
        run.answer(None).expect(Poll)
    run.answer(seen("succeeded"))
    run.answer(kept(run.expect(OptionalFetch).fetch)).expect(ReadAsset)
    assert len(run.job.previews) == 1


def test_the_preview_in_auto_mode_is_tried_once() -> None:
    """The job continues without the picture and does not try again."""
    run = started(a_job()).answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW}))
    run.expect(OptionalFetch)
    run.fail(DownloadFailed("It broke.")).expect(Poll)
    run.answer(seen("running", assets={"previewImageUrl": PREVIEW})).expect(Poll)


@pytest.mark.covers("C4-review")
def test_review_stops_and_brings_the_preview() -> None:
    """In review mode the workflow ends at the Preview, with its picture on disk."""
    run = in_review()
    assert run.rests
    assert run.job.phase is Phase.REVIEW
    assert [PurePath(one.path).stem for one in run.job.previews] == ["preview-1"]


def test_a_preview_is_brought_once() -> None:
    """Running the workflow again, as after a restart, does not fetch the same preview again."""
    assert in_review().again().rests


@pytest.mark.parametrize("verb", [Verb.REVISE, Verb.RETRY])
def test_the_first_preview_of_a_retry_is_downloaded_once(verb: Verb) -> None:
    """The earlier attempt had no Preview."""
    if verb is Verb.REVISE:
        run = WorkflowHarness(decided(replace(working(Mode.REVIEW), phase=Phase.REVIEW), verb, "x"))
        run.expect(SendDecision)
    else:
        run = WorkflowHarness(retried(replace(working(Mode.REVIEW), phase=Phase.FAILED))).answer()
        run.expect(Retry)
    run.answer(operation("running", Mode.REVIEW)).answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW})
    )
    run.answer(kept(run.expect(Fetch)))
    assert run.again().rests
    assert len(run.again().job.previews) == 1


def test_a_preview_that_cannot_be_fetched_is_a_note() -> None:
    """A person can still decide without the picture, so its trouble does not stop anything."""
    run = started(a_job(mode=Mode.REVIEW)).answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW})
    )
    run.fail(DownloadFailed("The connection broke."))
    assert run.rests
    assert run.job.phase is Phase.REVIEW
    assert run.job.notes == ("The preview picture could not be downloaded. The connection broke.",)


def test_a_preview_that_comes_after_all_is_not_called_missing() -> None:
    """There is one note at most, and none once the picture is here."""
    run = started(a_job(mode=Mode.REVIEW)).answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW})
    )
    run.fail(DownloadFailed("The connection broke."))
    again = run.again().fail(DownloadFailed("It broke again."))
    assert again.job.notes == ("The preview picture could not be downloaded. It broke again.",)
    again = again.again()
    assert again.answer(kept(again.expect(Fetch))).job.notes == ()


def test_no_preview_picture_is_said() -> None:
    """Where Mint sends none, the card says where to look instead."""
    run = started(a_job(mode=Mode.REVIEW)).answer(seen("preview_ready", Mode.REVIEW))
    assert run.rests
    assert run.job.notes == (
        "Mint sent no preview picture. View the Preview on mint.gg before you approve it.",
    )


# -- Credits
# -------------------------------------------------------------------------------------------------------------------


@pytest.mark.covers("C5-pause")
def test_billing_says_how_many_credits_and_where() -> None:
    """A billing stop rests, with the amount that is missing and the address to buy it."""
    billing = {
        "requiredCredits": 798,
        "availableCredits": 98,
        "actionUrl": "https://platform.mint.gg/billing",
        "reason": "insufficient_credits",
    }
    run = started(a_job()).answer(seen("billing_required", billing=billing))
    assert run.rests
    assert run.job.phase is Phase.BILLING
    assert run.job.problem is not None
    assert run.job.problem.cause is Cause.CREDITS
    assert (
        run.job.problem.message
        == "Mint needs 700 more Credits to continue. Buy them at https://platform.mint.gg/billing, then resume."
    )


def test_resume_with_a_resource_is_resumed() -> None:
    """With a resource the operation is resumed under the click's key, once."""
    billing = replace(working(), phase=Phase.BILLING, operation=operation("billing_required"))
    run = WorkflowHarness(decided(billing, Verb.RESUME))
    act = run.expect(SendDecision)
    assert (act.verb, act.key) == (PaidVerb.RESUME, run.job.requests[-1].key)
    run.answer(operation("running")).expect(Poll)
    assert run.job.problem is None


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


def test_unpaid_stays_in_billing() -> None:
    """Resumed too early: it is a billing stop still."""
    billing = replace(working(), phase=Phase.BILLING, operation=operation("billing_required"))
    run = WorkflowHarness(decided(billing, Verb.RESUME))
    run.answer(operation("billing_required"))
    assert run.rests
    assert run.job.phase is Phase.BILLING


def test_402_at_the_start_is_a_pause_that_resume_ends() -> None:
    """Too few Credits: nothing is started; resume sends the same start again."""
    run = WorkflowHarness(a_job()).answer()
    first = run.expect(Start)
    run.fail(problem(402))
    assert run.rests
    assert run.job.phase is Phase.BILLING
    assert run.job.problem is not None
    assert run.job.problem.cause is Cause.CREDITS
    assert run.job.requests[0].state is State.CLEAN
    run = WorkflowHarness(run.job.moved(Phase.SENDING, problem=None))
    assert run.expect(Start) == first


# -- ends
# ----------------------------------------------------------------------------------------------------------------------


def test_failed_says_what_to_do() -> None:
    """A failed generation ends in words by Mint's code."""
    run = started(a_job()).answer(
        seen("failed", error={"code": "moderation_blocked", "message": "Blocked."})
    )
    assert run.rests
    assert run.job.phase is Phase.FAILED
    assert run.job.problem is not None
    assert run.job.problem.cause is Cause.WORK
    assert run.job.problem.message == (
        "Mint's moderation rejected the prompt or an image. Change it, then generate again. "
        "Mint says: Blocked."
    )


def test_canceled_elsewhere() -> None:
    """Canceled in Mint's web app: over, and nobody's trouble."""
    run = started(a_job()).answer(seen("canceled"))
    assert (run.rests, run.job.phase, run.job.problem) == (True, Phase.CANCELED, None)


@pytest.mark.covers("C8-status")
def test_an_unknown_status_is_still_busy() -> None:
    """A word that nobody knows is polled on, and shown as it is."""
    run = started(a_job()).answer(seen("enchanting"))
    run.expect(Poll)
    assert JobView(run.job).state == 'Working at Mint ("enchanting")'


@pytest.mark.covers("C6-partial")
def test_partial_success_says_what_is_missing() -> None:
    """A world without panorama is a success all the same; its card says what it lacks."""
    run = started(a_job(kind=Kind.WORLD)).answer(seen("partially_succeeded", kind=Kind.WORLD))
    run.answer(asset(Kind.WORLD, colliderMeshUrl=GLB, thumbnailUrl=THUMB))
    assert fetch_all(run).job.phase is Phase.READY
    assert run.job.notes == ("This world has no panorama.",)
    assert JobView(run.job).state == "Partly done"


# -- reference images
# --------------------------------------------------------------------------------------------------------


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
    assert run.answer().expect(Start).body["sourceImages"] == [
        f"{FILES}a",
        "https://example.org/b.png",
        f"{FILES}c",
    ]


def test_a_picture_that_is_no_picture_is_over() -> None:
    """A bad picture is the user's to change: nothing was sent."""
    run = WorkflowHarness(a_job(images=("/tmp/a.png",))).fail(InvalidGlb("It is not a picture."))
    assert run.job.phase is Phase.FAILED
    assert run.job.problem is not None
    assert run.job.problem.cause is Cause.FILE


# -- the table
# -----------------------------------------------------------------------------------------------------------------


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
