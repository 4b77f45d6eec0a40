# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's own limit of Credits (`max_credits`), checked again before something is sent.

Prices may have changed since the click.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from ...mint import errors
from ...mint.schema import Estimate
from ..budget import spending
from ..queries import OptimizationPrice, Price, PriceQuery
from .context import WorkflowContext
from .effects import Quote, Step


def expected_total(context: WorkflowContext) -> Generator[Step, Any, float | None]:
    """Return the Credits that the job will have cost in all; None if that is not known.

    Old prices are requested again.
    """
    job = context.job
    is_known = job.estimate is not None and (
        job.optimize is None or job.optimize_estimate is not None
    )
    if not (is_known and context.now() - job.created_at < spending.PRICE_LIFETIME):
        estimate = yield from current_price(context, Price.of(job.request))
        extra = (yield from current_price(context, OptimizationPrice())) if job.optimize else None
        context.job = job = context.job.with_prices(estimate, extra)
    if job.estimate is None or (job.optimize is not None and job.optimize_estimate is None):
        return None
    return spending.at_prices(job, job.estimate, job.optimize_estimate or 0.0)


def current_price(
    context: WorkflowContext, query: PriceQuery
) -> Generator[Step, Any, float | None]:
    """Return the price that Mint reports now, in Credits; None if Mint refuses to tell."""
    try:
        estimate: Estimate = yield from context.perform(Quote(query))
    except errors.ProblemError as error:
        if error.retryable or isinstance(error, errors.KeyRefused):
            raise
        return None
    return estimate.estimated_total
