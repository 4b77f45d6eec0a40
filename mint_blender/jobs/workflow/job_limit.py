# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's own limit of Credits (`max_credits`), checked before a send: prices may have changed
since the click.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol, TypeVar

from ...message import Message
from ...mint import errors
from ...mint.schema import Estimate
from ..budget import spending
from ..job import Job
from ..job_values import ABOVE_OWN_LIMIT, Cause, Problem
from ..queries import OptimizationPrice, Price
from .effects import Effect, Quote, Step

LASTS = 3600.0  # seconds after the click for which its price is taken as it was told
Answer = TypeVar("Answer")


class Runner(Protocol):
    """What is needed of the story: its job, and asking."""

    job: Job

    def ask(self, want: Effect[Answer]) -> Generator[Step, Any, Answer]: ...


def expected(runner: Runner, now: float) -> Generator[Step, Any, float | None]:
    """What the job will have cost in all once it has been generated, by prices that are asked for
    where they are old; None: not known.
    """
    job = runner.job
    is_known = job.estimate is not None and (
        job.optimize is None or job.optimize_estimate is not None
    )
    if not (is_known and now - job.created_at < LASTS):
        estimate = yield from price(runner, Price.of(job.request))
        extra = (yield from price(runner, OptimizationPrice())) if job.optimize else None
        runner.job = job = runner.job.priced(estimate, extra)
    if job.estimate is None or (job.optimize is not None and job.optimize_estimate is None):
        return None
    return spending.at_prices(job, job.estimate, job.optimize_estimate or 0.0)


def price(runner: Runner, query: Price | OptimizationPrice) -> Generator[Step, Any, float | None]:
    """What Mint says that this costs now; None where it refuses to say."""
    try:
        told: Estimate = yield from runner.ask(Quote(query))
    except errors.ProblemError as error:
        if error.retryable or isinstance(error, errors.KeyRefused):
            raise
        return None
    return told.estimated_total


def exceeded(sentence: str) -> Problem:
    """Why a job rests that would cost more than it may."""
    return Problem(
        Cause.CREDITS,
        Message(
            "{problem} Nothing was sent. Resume it with a higher limit, or cancel it.",
            problem=sentence,
        ),
        code=ABOVE_OWN_LIMIT,
    )
