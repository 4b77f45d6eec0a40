# SPDX-License-Identifier: GPL-3.0-or-later
"""The budget of a batch reserves what its running lines may still cost, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.jobs.batch_lines import Line
from mint_blender.jobs.budget.batch_prices import BatchBudget, Prices
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import OptimizationPrice, Price
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Operation, OptimizationLevel, Preset

from .spending_helpers import paid_before
from .workflow_harness import retried

LIGHT = OptimizationLevel.LIGHT
REQUEST = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)
PLAIN = Line(1, "plain", REQUEST, Delivery(), None, ".glb", None)
OPTIMIZED = replace(PLAIN, tag="optimized", optimize=LIGHT)


def told(id: str, status: str = "running", **credits: float) -> Operation:
    """Return an operation as Mint reports it."""
    return Operation.from_json(
        {
            "id": id,
            "type": "model_generation",
            "status": status,
            **({"credits": credits} if credits else {}),
        }
    )


def lamp(
    phase: Phase,
    operation: Operation | None = None,
    optimization: Operation | None = None,
) -> Job:
    """Return the job of a line."""
    job = new_job(REQUEST, Delivery(), now=1.0, optimize=LIGHT)
    return replace(job, phase=phase, operation=operation, optimization=optimization)


RETRIED = retried(lamp(Phase.FAILED, told("op_1", finalized=0)))


@pytest.mark.parametrize(
    ("job", "credits"),
    [
        (lamp(Phase.WAITING), 268),
        (lamp(Phase.WORKING, told("op_1")), 268),
        (lamp(Phase.WORKING, told("op_1", reserved=0)), 268),
        (lamp(Phase.WORKING, told("op_1", reserved=248)), 268),
        (lamp(Phase.FETCHING, told("op_1", finalized=248)), 268),
        (lamp(Phase.FETCHING, told("op_1", finalized=248), told("op_2", reserved=30)), 278),
        (lamp(Phase.READY, told("op_1", finalized=248), told("op_2", "failed", finalized=0)), 248),
        (lamp(Phase.READY, told("op_1", finalized=248)), 248),
        (paid_before(lamp(Phase.WORKING, told("op_1")), 40.0), 308),
        (lamp(Phase.FAILED, told("op_1", finalized=0)), 0),
        (lamp(Phase.CANCELED), 0),
        (RETRIED, 268),
    ],
)
@pytest.mark.parametrize("has_ended", [False, True])
def test_reserved_credits_of_a_line(job: Job, credits: float, has_ended: bool) -> None:
    """A line reserves what is not paid yet: the optimization, or all of a retry."""

    def allows(limit: float) -> bool:
        budget = BatchBudget(limit, Prices({Price.of(REQUEST): 248.0, OptimizationPrice(): 20.0}))
        budget.begin(OPTIMIZED, job)
        if has_ended:
            budget.end(job)
        return budget.allows(PLAIN, [job])

    assert allows(credits + 248)
    assert not allows(credits + 247)


def test_a_higher_cost_becomes_the_expected_price() -> None:
    """A higher actual cost becomes the expected price; earlier attempts do not count."""
    prices = Prices({Price.of(REQUEST): 248.0, OptimizationPrice(): 20.0})
    budget = BatchBudget(10_000, prices)
    done = lamp(Phase.READY, told("op_1", finalized=300), told("op_2", finalized=30))
    job = paid_before(done, 40.0)
    budget.begin(OPTIMIZED, job)
    budget.end(job)
    assert prices.of(OPTIMIZED) == 330
