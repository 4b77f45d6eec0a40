# SPDX-License-Identifier: GPL-3.0-or-later
"""An optimization whose answer was lost counts for the limits, since Mint may have been paid."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.budget import spending
from mint_blender.jobs.job import Job
from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.jobs.workflow.effects import Fetch, Poll, ReadAsset
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import OptimizationLevel, PollResult

from .workflow_harness import (
    FILES,
    GLB,
    Optimize,
    WorkflowHarness,
    an_optimization,
    asset,
    fetch_all,
    operation,
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
    run = optimizing(optimizing(job).fail(Unreachable("gone")).job).fail(problem(409, slug))
    run.expect(ReadAsset)
    run.answer(OPTIMIZED).expect(Fetch)
    request = run.job.paid_request(PaidVerb.OPTIMIZE)
    assert request is not None and request.found_asset == "res_1"
    again = run.again(CONFIG)
    again.answer(OPTIMIZED).expect(Fetch)
    generated = 0.0 if job.source_asset_id else 248.0
    assert spending.committed(fetch_all(again).job) == generated + 20.0


def test_a_kill_before_the_answer_is_counted() -> None:
    """The next process reads the model first, which is optimized then."""
    run = optimizing(replace(GENERATED, optimize_estimate=20.0)).fail(Unreachable("gone"))
    run = run.again(CONFIG).answer(seen("succeeded")).answer(OPTIMIZED)
    assert run.expect(Fetch).url == f"{FILES}o.glb"
    assert spending.committed(fetch_all(run).job) == 268.0


def test_an_optimization_that_may_be_on_its_way_is_waited_for() -> None:
    """Mint refuses the second try while it may not have received the first one yet."""
    sent = optimizing(GENERATED).fail(Unreachable("gone")).job
    run = optimizing(sent).fail(problem(409, "model-optimization-in-progress"))
    assert run.waited > 0.0
    refused = optimizing(GENERATED).fail(problem(409, "model-optimization-in-progress"))
    assert refused.waited == 0.0


def test_a_model_that_others_have_optimized_costs_nothing() -> None:
    """Mint refuses the first try at once."""
    run = optimizing(replace(GENERATED, optimize_estimate=20.0))
    run.fail(problem(409, "model-already-optimized")).answer(OPTIMIZED).expect(Fetch)
    assert spending.committed(fetch_all(run).job) == 248.0


def test_an_optimization_that_is_not_there_is_reserved_until_it_is_given_up() -> None:
    """Whether Mint was paid is seen when the model is read again."""
    run = optimizing(replace(GENERATED, optimize_estimate=20.0)).fail(Unreachable("gone"))
    assert run.rests and spending.committed(run.job) == 268.0


def test_a_refusal_after_no_answer_proves_nothing() -> None:
    """The model is read once more. If it is not optimized, the note does not say why it was not."""
    run = optimizing(replace(GENERATED, optimize_estimate=20.0)).fail(Unreachable("gone"))
    run = optimizing(run.job).fail(problem(403))
    run.expect(ReadAsset)
    assert run.answer(OPTIMIZED).expect(Fetch).url == f"{FILES}o.glb"
    run = optimizing(optimizing(GENERATED).fail(Unreachable("gone")).job).fail(problem(403))
    while isinstance(run.effect, ReadAsset):
        run.answer(asset(glbUrl=GLB))
    assert run.expect(Fetch).url == GLB
    assert run.job.has_note("optimizing_unanswered") and not run.job.has_note("not_optimized")


def test_a_model_that_cannot_be_read_does_not_end_the_request() -> None:
    """The key of another project is in use: nobody knows what the lost request has made."""
    run = optimizing(optimizing(GENERATED).fail(Unreachable("gone")).job)
    run.fail(problem(409, "model-already-optimized")).expect(ReadAsset)
    assert run.fail(problem(404)).expect(Fetch).url == GLB
    request = run.job.paid_request(PaidVerb.OPTIMIZE)
    assert request is not None and request.is_open


def test_an_answer_that_was_stored_before_a_kill_is_polled() -> None:
    """Nothing is ordered again."""
    run = optimizing(GENERATED)
    request = run.job.paid_request(PaidVerb.OPTIMIZE)
    assert request is not None
    job = run.job.with_request(replace(request, attempts=1, operation="op_2"))
    run = WorkflowHarness(job, CONFIG)
    run.answer(asset(glbUrl=GLB))
    assert run.expect(Poll).operation_id == "op_2"
    run.answer(PollResult(operation("succeeded", id="op_2"), None)).answer(OPTIMIZED)
    assert run.expect(Fetch).url == f"{FILES}o.glb"
