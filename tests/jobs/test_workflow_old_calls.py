# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow-up calls that were not answered for twelve hours: nothing is bought again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import Role
from mint_blender.jobs.paid_requests.record import YOUNG_FOR, PaidVerb
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import (
    Fetch,
    Poll,
    ReadAsset,
)
from mint_blender.mint.errors import MintError, Unreachable
from mint_blender.mint.schema import Asset, Kind, Mode

from .workflow_harness import (
    FILES,
    GLB,
    Convert,
    Optimize,
    Retry,
    SendDecision,
    WorkflowHarness,
    a_conversion,
    a_job,
    an_optimization,
    asset,
    decided,
    operation,
    problem,
    retried,
    seen,
    working,
)

CLICK = 1_000_000.0
AT_CLICK = WorkflowConfig(now=lambda: CLICK)
LATER = WorkflowConfig(now=lambda: CLICK + YOUNG_FOR)
LOST = Unreachable("the connection broke")


def old_conversion() -> Job:
    """A conversion that was sent and not answered."""
    lamp = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "succeeded"})
    run = WorkflowHarness(
        a_conversion(lamp, now=CLICK),
        AT_CLICK,
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
    run = WorkflowHarness(
        run.fail(LOST).job, WorkflowConfig(readable=OPTIMIZED_NEEDS, now=LATER.now)
    ).answer(asset(glbUrl=GLB))
    run.expect(ReadAsset)
    run.answer(asset(glbUrl=GLB))
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
        lost = run.fail(error).job
        now[0] += YOUNG_FOR
        run = WorkflowHarness(lost, config).answer(asset(glbUrl=GLB))
        run.answer(asset(glbUrl=GLB, **({"optimizedGlbUrl": optimized} if optimized else {})))
        assert run.expect(Fetch).url == (optimized or GLB)
        assert any("did not answer the optimization" in note for note in run.job.notes) == (
            optimized is None
        )


def test_the_result_of_an_old_retry_is_searched() -> None:
    """A model that is still failed is left to the user; anything else is downloaded."""
    failed = replace(working(), phase=Phase.FAILED, operation=operation("failed"))
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


def test_an_approval_of_long_ago_is_not_sent() -> None:
    """A week later, the operation is looked at; if it still waits, the person decides anew."""
    job = decided(replace(working(Mode.REVIEW), phase=Phase.REVIEW), Verb.APPROVE, now=CLICK)
    run = WorkflowHarness(job, LATER)
    run.expect(Poll)
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    assert (run.job.phase, run.job.decision) == (Phase.REVIEW, None)


def test_a_start_that_stopped_for_credits_long_ago_is_resumed() -> None:
    """Its operation has no asset yet. Mint has forgotten the start, so the operation is resumed."""
    run = WorkflowHarness(a_job(), AT_CLICK).answer()
    run.answer(operation("billing_required", resource=None))
    run = WorkflowHarness(decided(run.job, Verb.RESUME, now=CLICK + YOUNG_FOR), LATER)
    resume = run.expect(SendDecision)
    assert (resume.verb, resume.target) == (PaidVerb.RESUME, "op_1")
    assert run.job.operation is not None and run.job.operation.id == "op_1"
    assert run.answer(operation("queued", resource=None)).expect(Poll).operation_id == "op_1"


def test_a_start_that_stopped_for_credits_is_not_replayed_by_a_copy() -> None:
    """The operation that it knows is resumed."""
    run = WorkflowHarness(a_job(), AT_CLICK).answer()
    job = run.answer(operation("billing_required", resource=None)).job
    job = job.with_request(replace(job.requests[0], is_copied=True))
    run = WorkflowHarness(decided(job, Verb.RESUME, now=CLICK), AT_CLICK)
    assert run.expect(SendDecision).target == "op_1"
