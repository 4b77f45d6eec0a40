# SPDX-License-Identifier: GPL-3.0-or-later
"""A decision of long ago is asked again about what Mint shows now, also after a restart."""

from __future__ import annotations

from dataclasses import replace

from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.context import REPEATED_FOR, WorkflowConfig
from mint_blender.jobs.workflow.effects import Poll
from mint_blender.mint.schema import Mode

from .workflow_harness import FILES, WorkflowHarness, job_in_review, seen


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
