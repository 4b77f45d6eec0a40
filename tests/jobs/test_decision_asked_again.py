# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision of long ago is asked again about what Mint shows now, also after a restart."""

from __future__ import annotations

from dataclasses import replace

from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.context import REPEATED_FOR, WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Poll
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
