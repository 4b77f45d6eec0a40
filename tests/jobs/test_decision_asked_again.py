# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision of long ago is asked again about what Mint shows now, also after a restart."""

from __future__ import annotations

from dataclasses import replace

from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.context import REPEATED_FOR, WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Poll, SendDecision
from mint_blender.mint.schema import Mode

from .workflow_harness import (
    FILES,
    WorkflowHarness,
    decided,
    in_review,
    job_in_review,
    kept,
    problem,
    seen,
)


def test_old_decision_stays_until_mint_was_polled() -> None:
    """Otherwise a kill before the answer leaves an earlier Preview to be approved."""
    config = WorkflowConfig(now=lambda: REPEATED_FOR + 1.0)
    decision = Decision(Verb.REVISE, "click", "greener", at=0.0)
    run = WorkflowHarness(replace(job_in_review(), decision=decision), config)
    run.expect(Poll)
    assert run.job.decision == decision
    again = run.again(config)
    assert again.expect(Poll)
    picture = {"previewImageUrl": f"{FILES}p2.webp"}
    again.answer(seen("preview_ready", Mode.REVIEW, assets=picture))
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


def shown_long_ago() -> tuple[WorkflowHarness, WorkflowConfig]:
    """Return a job whose Preview was shown an hour before it is approved, and its clock."""
    config = WorkflowConfig(now=lambda: 3600.0)
    job = replace(in_review().job, preview_seen_at=0.0)
    decision = Decision(Verb.APPROVE, "click", at=3600.0)
    return WorkflowHarness(replace(job, decision=decision), config), config


def test_a_newer_preview_is_not_approved_unseen() -> None:
    """Somebody has revised it on another computer: the newer Preview is shown first."""
    run, _ = shown_long_ago()
    run.expect(Poll)
    picture = {"previewImageUrl": f"{FILES}p2.webp"}
    fetch = run.answer(seen("preview_ready", Mode.REVIEW, assets=picture)).expect(Fetch)
    assert (fetch.url, fetch.name) == (f"{FILES}p2.webp", "preview-2")
    assert run.job.phase is Phase.REVIEW and run.job.decision is None
    assert run.job.has_note("newer_preview") and run.job.preview_seen_at == 3600.0


def test_the_preview_that_was_seen_is_approved() -> None:
    """A fresh link, or no picture, is no other Preview; nor is what was approved already."""
    for assets, status in (
        ({"previewImageUrl": f"{FILES}p1.webp?expires=2"}, "preview_ready"),
        ({}, "preview_ready"),
        ({}, "running"),
    ):
        run, _ = shown_long_ago()
        run.answer(seen(status, Mode.REVIEW, assets=assets))
        assert run.expect(SendDecision).decision.verb is Verb.APPROVE


def test_mint_is_asked_again_after_a_kill() -> None:
    """The decision stays until Mint has said which Preview waits."""
    run, config = shown_long_ago()
    run.expect(Poll)
    assert run.again(config).expect(Poll)


def test_a_preview_of_a_moment_ago_is_approved_at_once() -> None:
    """One request less, and less to wait for."""
    job = replace(in_review().job, preview_seen_at=0.0)
    decision = Decision(Verb.APPROVE, "click", at=30.0)
    run = WorkflowHarness(replace(job, decision=decision), WorkflowConfig(now=lambda: 30.0))
    run.expect(SendDecision)
