# SPDX-License-Identifier: GPL-3.0-or-later
"""The story of a job, told by hand: no clock, thread, socket or disk.

Decisions, troubles and files have files of their own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

import pytest

from mint_blender.files.errors import DownloadFailed, InvalidGlb
from mint_blender.jobs import presenter
from mint_blender.jobs.job import MOVES, Cause, IllegalMove, Phase, Role, Verb
from mint_blender.jobs.workflow.effects import (
    Act,
    Fetch,
    Glance,
    Poll,
    ReadAsset,
    Start,
    TakeSlot,
    Upload,
)
from mint_blender.mint.schema import Kind, Mode

from .telling import (
    FILES,
    GLB,
    PREVIEW,
    THUMB,
    Teller,
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

# -- the straight way
# ---------------------------------------------------------------------------------------------------------


def test_auto_runs_from_the_click_to_the_files() -> None:
    """A slot, the start with the job's own key, polls, the resource, and the files: nothing else is
    asked.
    """
    job = a_job()
    told = Teller(job)
    assert told.expect(TakeSlot) == TakeSlot(Kind.MODEL)
    start = told.answer().expect(Start)
    assert start.key == job.key
    assert start.body == {
        "prompt": "a lamp",
        "generationPreset": "standard",
        "generationMode": "auto",
    }
    assert told.job.phase is Phase.SENDING
    assert told.job.body == start.body, "the body is committed before it is sent"
    assert told.answer(operation("queued")).expect(Poll).operation_id == "op_1"
    told.answer(seen("succeeded"))
    assert told.expect(ReadAsset).asset_id == "res_1"
    told.answer(asset(glbUrl=GLB, thumbnailUrl=THUMB))
    assert (told.expect(Fetch).role, told.expect(Fetch).url) == (Role.MODEL, GLB)
    told.answer(kept(told.expect(Fetch)))
    assert (told.expect(Fetch).role, told.expect(Fetch).url) == (Role.PICTURE, THUMB)
    told.answer(kept(told.expect(Fetch)))
    assert told.rests
    assert told.job.phase is Phase.READY
    assert told.job.notes == ()


def test_auto_passes_preview_ready_over() -> None:
    """In auto mode a preview is no stop: its picture is brought while it passes by, once, and
    polling goes on.
    """
    told = started(a_job()).answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW}))
    assert told.job.phase is Phase.WORKING
    told.answer(kept(told.expect(Glance).fetch)).expect(Poll)
    told.answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW})).expect(Poll)
    assert len(told.job.previews) == 1


def test_polls_do_not_wait_for_a_preview_that_passes_by() -> None:
    """Its picture is asked for after each poll until it has come, at the latest when the work is
    done.
    """
    told = started(a_job())
    for status in ("preview_ready", "running"):
        told.answer(seen(status, assets={"previewImageUrl": PREVIEW})).expect(Glance)
        told.answer(None).expect(Poll)
    told.answer(seen("succeeded"))
    told.answer(kept(told.expect(Glance).fetch)).expect(ReadAsset)
    assert len(told.job.previews) == 1


def test_a_preview_that_passes_by_is_tried_once() -> None:
    """Without its picture the job goes on all the same, and does not try again and again."""
    told = started(a_job()).answer(seen("preview_ready", assets={"previewImageUrl": PREVIEW}))
    told.expect(Glance)
    told.fail(DownloadFailed("It broke.")).expect(Poll)
    told.answer(seen("running", assets={"previewImageUrl": PREVIEW})).expect(Poll)


def test_review_stops_and_brings_the_preview() -> None:
    """In review mode the story rests at the preview, with its picture on disk."""
    told = in_review()
    assert told.rests
    assert told.job.phase is Phase.REVIEW
    assert [PurePath(one.path).stem for one in told.job.previews] == ["preview-1"]


def test_a_preview_is_brought_once() -> None:
    """Telling the story again, as after a restart, does not fetch the same preview again."""
    assert in_review().again().rests


@pytest.mark.parametrize("verb", [Verb.REVISE, Verb.RETRY])
def test_the_first_preview_of_a_later_attempt_is_brought_once(verb: Verb) -> None:
    """A job that failed before its first preview, or had none, fetches the next attempt's preview
    once.
    """
    job = replace(working(Mode.REVIEW), phase=Phase.REVIEW if verb is Verb.REVISE else Phase.FAILED)
    told = Teller(decided(job, verb, "greener"))
    told.expect(Act)
    told.answer(operation("running", Mode.REVIEW)).answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW})
    )
    told.answer(kept(told.expect(Fetch)))
    assert told.again().rests
    assert len(told.again().job.previews) == 1


def test_a_preview_that_cannot_be_fetched_is_a_note() -> None:
    """A person can still decide without the picture, so its trouble does not stop anything."""
    told = started(a_job(mode=Mode.REVIEW)).answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW})
    )
    told.fail(DownloadFailed("The connection broke."))
    assert told.rests
    assert told.job.phase is Phase.REVIEW
    assert told.job.notes == ("The preview picture could not be fetched. The connection broke.",)


def test_a_preview_that_comes_after_all_is_not_called_missing() -> None:
    """Picked up after a restart, or with the next revision: one note at most, and none once the
    picture is here.
    """
    told = started(a_job(mode=Mode.REVIEW)).answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": PREVIEW})
    )
    told.fail(DownloadFailed("The connection broke."))
    again = told.again().fail(DownloadFailed("It broke again."))
    assert again.job.notes == ("The preview picture could not be fetched. It broke again.",)
    again = again.again()
    assert again.answer(kept(again.expect(Fetch))).job.notes == ()


def test_no_preview_picture_is_said() -> None:
    """Where Mint sends none, the card says where to look instead."""
    told = started(a_job(mode=Mode.REVIEW)).answer(seen("preview_ready", Mode.REVIEW))
    assert told.rests
    assert told.job.notes == (
        "Mint sent no preview picture: look at it at mint.gg before you approve.",
    )


# -- Credits
# -------------------------------------------------------------------------------------------------------------------


def test_billing_says_how_many_credits_and_where() -> None:
    """A billing stop rests, with the amount that is missing and the address to buy it."""
    billing = {
        "requiredCredits": 798,
        "availableCredits": 98,
        "actionUrl": "https://platform.mint.gg/billing",
        "reason": "insufficient_credits",
    }
    told = started(a_job()).answer(seen("billing_required", billing=billing))
    assert told.rests
    assert told.job.phase is Phase.BILLING
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.CREDITS
    assert (
        told.job.trouble.sentence
        == "Mint needs 700 more Credits to go on. Buy them at https://platform.mint.gg/billing, then resume."
    )


def test_resume_with_a_resource_is_resumed() -> None:
    """With a resource the operation is resumed under the click's key, once."""
    billing = replace(working(), phase=Phase.BILLING, operation=operation("billing_required"))
    told = Teller(decided(billing, Verb.RESUME))
    act = told.expect(Act)
    assert (act.decision.verb, act.decision.key) == (Verb.RESUME, "click-resume")
    told.answer(operation("running")).expect(Poll)
    assert told.job.trouble is None


def test_resume_without_a_resource_repeats_the_same_start() -> None:
    """Without one the start is repeated with the SAME key and body, which cannot be charged twice."""
    told = Teller(a_job()).answer()
    first = told.expect(Start)
    told.answer(operation("billing_required", resource=None))
    assert told.rests
    told = Teller(decided(told.job, Verb.RESUME))
    assert told.expect(Start) == first
    assert told.answer(operation("queued")).job.phase is Phase.WORKING


def test_unpaid_stays_in_billing() -> None:
    """Resumed too early: it is a billing stop still."""
    billing = replace(working(), phase=Phase.BILLING, operation=operation("billing_required"))
    told = Teller(decided(billing, Verb.RESUME)).answer(operation("billing_required"))
    assert told.rests
    assert told.job.phase is Phase.BILLING


def test_402_at_the_start_is_a_pause_that_resume_ends() -> None:
    """Too few Credits: nothing is started; resume sends the same start again."""
    told = Teller(a_job()).answer()
    first = told.expect(Start)
    told.fail(problem(402))
    assert told.rests
    assert told.job.phase is Phase.BILLING
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.CREDITS
    assert Teller(decided(told.job, Verb.RESUME)).expect(Start) == first


# -- ends
# ----------------------------------------------------------------------------------------------------------------------


def test_failed_says_what_to_do() -> None:
    """A failed generation ends in words by Mint's code."""
    told = started(a_job()).answer(
        seen("failed", error={"code": "moderation_blocked", "message": "Blocked."})
    )
    assert told.rests
    assert told.job.phase is Phase.FAILED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.WORK
    assert (
        told.job.trouble.sentence
        == "Mint's moderation refused the prompt or a picture: change it and generate again. Mint says: Blocked."
    )


def test_canceled_elsewhere() -> None:
    """Canceled in Mint's web app: over, and nobody's trouble."""
    told = started(a_job()).answer(seen("canceled"))
    assert (told.rests, told.job.phase, told.job.trouble) == (True, Phase.CANCELED, None)


def test_an_unknown_status_is_still_busy() -> None:
    """A word that nobody knows is polled on, and shown as it is."""
    told = started(a_job()).answer(seen("enchanting"))
    told.expect(Poll)
    assert presenter.state(told.job) == 'Working at Mint ("enchanting")'


def test_partial_success_says_what_is_missing() -> None:
    """A world without panorama is a success all the same; its card says what it lacks."""
    told = started(a_job(kind=Kind.WORLD)).answer(seen("partially_succeeded", kind=Kind.WORLD))
    told.answer(asset(Kind.WORLD, colliderMeshUrl=GLB, thumbnailUrl=THUMB))
    assert fetch_all(told).job.phase is Phase.READY
    assert told.job.notes == ("This world came without a panorama.",)
    assert presenter.state(told.job) == "Partly done, ready to place"


# -- reference pictures
# --------------------------------------------------------------------------------------------------------


def test_pictures_are_uploaded_once_and_in_order() -> None:
    """Local pictures are brought to Mint first, each under a key of its own; addresses are used as
    they are.
    """
    job = a_job(images=("/tmp/a.png", "https://example.org/b.png", "/tmp/c.png"))
    told = Teller(job)
    first = told.expect(Upload)
    second = told.answer(f"{FILES}a").expect(Upload)
    assert (first.path, second.path) == ("/tmp/a.png", "/tmp/c.png")
    assert first.key != second.key
    assert told.again().expect(Upload) == second, "what is uploaded is remembered"
    told.answer(f"{FILES}c").expect(TakeSlot)
    assert told.answer().expect(Start).body["sourceImages"] == [
        f"{FILES}a",
        "https://example.org/b.png",
        f"{FILES}c",
    ]


def test_a_picture_that_is_no_picture_is_over() -> None:
    """A bad picture is the user's to change: nothing was sent."""
    told = Teller(a_job(images=("/tmp/a.png",))).fail(InvalidGlb("It is not a picture."))
    assert told.job.phase is Phase.FAILED
    assert told.job.trouble is not None
    assert told.job.trouble.cause is Cause.FILE


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
