# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision is about what Mint shows now: otherwise a person is asked again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.jobs.paid_requests.record import YOUNG_FOR, PaidVerb
from mint_blender.jobs.paid_requests.send import Sent
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Pay, Poll
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import Mode

from .workflow_harness import (
    FILES,
    SendDecision,
    WorkflowHarness,
    decided,
    in_review,
    job_in_review,
    kept,
    operation,
    problem,
    seen,
)

LONG_AFTER = WorkflowConfig(now=lambda: YOUNG_FOR + 1.0)


def test_old_decision_stays_until_mint_was_polled() -> None:
    """Otherwise a kill before the answer leaves an earlier Preview to be approved."""
    job = decided(job_in_review(), Verb.REVISE, "greener", now=0.0)
    run = WorkflowHarness(job, LONG_AFTER)
    run.expect(Poll)
    assert run.job.decision == job.decision
    again = run.again(LONG_AFTER)
    assert again.expect(Poll)
    picture = {"previewImageUrl": f"{FILES}p2.webp"}
    again.answer(seen("preview_ready", Mode.REVIEW, assets=picture))
    assert again.job.phase is Phase.REVIEW and again.job.decision is None
    assert again.job.has_note("decision_not_sent")


def test_a_decision_without_an_answer_for_twelve_hours_is_asked_again() -> None:
    """The note says that it was sent."""
    run = WorkflowHarness(
        decided(job_in_review(), Verb.APPROVE, now=0.0), WorkflowConfig(now=lambda: 0.0)
    )
    run.expect(SendDecision)
    again = run.fail(Unreachable("gone")).again(LONG_AFTER)
    again.expect(Poll)
    again.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    assert again.job.phase is Phase.REVIEW and again.job.decision is None
    assert again.job.has_note("decide_again")


def test_refused_decision_is_polled_for_again_after_a_kill() -> None:
    """Mint may show another Preview by then, so the earlier one is not left to be approved."""
    run = WorkflowHarness(decided(in_review().job, Verb.CANCEL)).fail(problem(405))
    run.expect(Poll)
    assert (run.job.phase, run.job.decision) == (Phase.WORKING, None)
    assert run.again().expect(Poll).after == 0.0


def test_preview_of_an_unanswered_revision_is_fetched() -> None:
    """A cancel has replaced the revision: the Preview that Mint shows now is not the known one."""
    run = WorkflowHarness(decided(in_review().job, Verb.CANCEL)).fail(problem(405))
    picture = {"previewImageUrl": f"{FILES}p2.webp"}
    fetch = run.answer(seen("preview_ready", Mode.REVIEW, assets=picture)).expect(Fetch)
    assert (fetch.url, fetch.name) == (f"{FILES}p2.webp", "preview-2")
    assert run.answer(kept(fetch)).rests
    assert [file.url for file in run.job.previews] == [f"{FILES}p1.webp", f"{FILES}p2.webp"]


def test_fresh_link_to_the_known_preview_is_not_fetched() -> None:
    """It is the same picture, whatever its query."""
    run = WorkflowHarness(decided(in_review().job, Verb.CANCEL)).fail(problem(405))
    picture = {"previewImageUrl": f"{FILES}p1.webp?expires=2"}
    assert run.answer(seen("preview_ready", Mode.REVIEW, assets=picture)).rests
    assert run.job.phase is Phase.REVIEW and len(run.job.previews) == 1


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.REVISE])
def test_mint_is_asked_first_what_it_shows(verb: Verb) -> None:
    """Always: the call names the pictures that the person has seen."""
    run = WorkflowHarness(decided(in_review().job, verb, "greener"))
    effect = run.expect(Pay)
    assert effect.call.is_about_preview
    assert effect.call.seen == (f"{FILES}p1.webp",)


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


def test_a_preview_whose_picture_cannot_be_downloaded_can_be_approved() -> None:
    """The person was told so, and has looked at it elsewhere. It is the one that Mint shows."""
    before = in_review().job
    picture = {"previewImageUrl": f"{FILES}p2.webp"}
    shown = operation("preview_ready", Mode.REVIEW, assets=picture)
    job = replace(before, operation=shown, revision=1)
    effect = WorkflowHarness(decided(job, Verb.APPROVE)).expect(Pay)
    assert effect.call.seen == (f"{FILES}p1.webp", f"{FILES}p2.webp")


def test_what_was_decided_elsewhere_is_followed() -> None:
    """No Preview waits any more: nothing was sent, and the operation is polled."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    shown = operation("running", Mode.REVIEW)
    run.answer(Sent(run.job.requests[-1], shown=shown)).expect(Poll)
    assert (run.job.phase, run.job.decision) == (Phase.WORKING, None)
    assert not run.job.has_note("newer_preview")


def test_a_decision_is_sent_again_after_a_kill() -> None:
    """It stays until Mint has answered it, under the same record."""
    run = WorkflowHarness(decided(in_review().job, Verb.APPROVE))
    first = run.expect(SendDecision)
    assert first.verb is PaidVerb.APPROVE
    assert run.again().expect(SendDecision) == first
