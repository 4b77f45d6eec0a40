# SPDX-License-Identifier: GPL-3.0-or-later
"""An optimization whose answer was lost counts for the limits, since Mint may have been paid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.job import Job
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Optimize, ReadAsset
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import OptimizationLevel

from .workflow_harness import (
    FILES,
    GLB,
    WorkflowHarness,
    an_optimization,
    asset,
    problem,
    seen,
    working,
)

CONFIG = WorkflowConfig(readable=OPTIMIZED_NEEDS)
OPTIMIZED = asset(glbUrl=GLB, optimizedGlbUrl=f"{FILES}o.glb")
GENERATED = replace(working(), estimate=248.0, optimize=OptimizationLevel.LIGHT)


def optimizing(job: Job) -> WorkflowHarness:
    """Return a job that waits for the answer to its request."""
    run = WorkflowHarness(job, CONFIG)
    if job.source_asset_id is None:
        run.answer(seen("succeeded"))
    run.answer(asset(glbUrl=GLB)).expect(Optimize)
    return run


@pytest.mark.parametrize(
    "job",
    [replace(GENERATED, optimize_estimate=20.0), replace(an_optimization(), estimate=20.0)],
    ids=["after a generation", "of an existing model"],
)
@pytest.mark.parametrize("slug", ["model-already-optimized", "model-optimization-in-progress"])
def test_an_answer_that_was_lost_is_counted_once(job: Job, slug: str) -> None:
    """Mint says that the model is optimized when the request is repeated."""
    refused = problem(409, slug)
    refused.follows_no_answer = True
    run = optimizing(job).fail(refused)
    run.expect(ReadAsset)
    run.answer(OPTIMIZED).expect(Fetch)
    assert run.job.paid_before == 20.0
    again = run.again(CONFIG)
    again.answer(OPTIMIZED).expect(Fetch)
    assert again.job.paid_before == 20.0


def test_a_kill_before_the_answer_is_counted() -> None:
    """The next process reads the model first, which is optimized then."""
    run = optimizing(replace(GENERATED, optimize_estimate=20.0)).again(CONFIG)
    assert run.answer(OPTIMIZED).expect(Fetch).url == f"{FILES}o.glb"
    assert run.job.paid_before == 20.0


def test_a_model_that_others_have_optimized_costs_nothing() -> None:
    """Mint refuses the first try at once."""
    run = optimizing(replace(GENERATED, optimize_estimate=20.0))
    run.fail(problem(409, "model-already-optimized")).answer(OPTIMIZED).expect(Fetch)
    assert run.job.paid_before == 0.0


def test_a_pause_for_another_reason_counts_nothing() -> None:
    """Whether Mint was paid is seen when the model is read again."""
    run = optimizing(replace(GENERATED, optimize_estimate=20.0)).fail(Unreachable("gone"))
    assert run.rests and run.job.paid_before == 0.0
