# SPDX-License-Identifier: GPL-3.0-or-later
"""What the budget of a batch holds back while its lines run: all that is still to come of them, and
no more.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mint_blender.cli.batch.lines import Line
from mint_blender.cli.batch.prices import BatchBudget, Prices
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Mode, Operation, OptimizationLevel, Preset

LIGHT = OptimizationLevel.LIGHT
REQUEST = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)
PLAIN = Line(1, "plain", REQUEST, Delivery(), None, ".glb", None)
OPTIMIZED = replace(PLAIN, tag="optimized", optimize=LIGHT)


def told(id: str, status: str = "running", **credits: float) -> Operation:
    """What Mint says of an operation."""
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
    **more: object,
) -> Job:
    """The job of a line."""
    job = new_job(REQUEST, Delivery(), now=1.0, optimize=LIGHT)
    return replace(job, phase=phase, operation=operation, optimization=optimization, **more)  # type: ignore[arg-type]


RETRIED = lamp(Phase.FAILED, told("op_1", finalized=0), decision=Decision(Verb.RETRY, "click"))


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
        (lamp(Phase.WORKING, told("op_1"), paid_before=40.0), 308),
        (lamp(Phase.FAILED, told("op_1", finalized=0)), 0),
        (lamp(Phase.CANCELED), 0),
        (RETRIED, 268),
    ],
)
@pytest.mark.parametrize("has_ended", [False, True])
def test_what_a_line_takes_from_the_limit(job: Job, credits: float, has_ended: bool) -> None:
    """A line that Mint has told the generation's price of still needs its optimization, a retry all
    of it, before Mint has answered.
    """

    def allows(limit: float) -> bool:
        budget = BatchBudget(limit, Prices({(Kind.MODEL, Preset.FAST, Mode.AUTO): 248.0}, 20.0))
        budget.begin(OPTIMIZED, job)
        if has_ended:
            budget.end(job)
        return budget.allows(PLAIN, [job])

    assert allows(credits + 248)
    assert not allows(credits + 247)


def test_what_turned_out_dearer_is_expected_of_the_next() -> None:
    """Both of the generation and of the optimization; what earlier attempts have cost is no price
    of the next line.
    """
    prices = Prices({(Kind.MODEL, Preset.FAST, Mode.AUTO): 248.0}, 20.0)
    budget = BatchBudget(10_000, prices)
    job = lamp(
        Phase.READY, told("op_1", finalized=300), told("op_2", finalized=30), paid_before=40.0
    )
    budget.begin(OPTIMIZED, job)
    budget.end(job)
    assert prices.of(OPTIMIZED) == 330
