# SPDX-License-Identifier: GPL-3.0-or-later
"""Check a price against the limits before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..jobs import queries
from ..jobs.budget import spending
from ..jobs.job import Job
from ..jobs.queries import OptimizationPrice, Price, prices_of
from ..jobs.service import JobService, TooExpensive
from ..mint.client import Client
from ..mint.errors import MintError
from ..mint.generation_request import GenerationRequest
from ..mint.schema import OptimizationLevel
from .session import OnRetry, call_mint, open_client


def check_price(
    job_service: JobService,
    request: GenerationRequest,
    optimize: OptimizationLevel | None = None,
    max_credits: float | None = None,
    on_wait: OnRetry | None = None,
) -> None:
    """Refuse, before anything is started, what would cost more than `max_credits`.

    An unknown price is not within a limit.

    The job service learns the price, and keeps the limits of the preferences itself when something
    is started.
    """
    if max_credits is None and not job_service.budget.limits:
        return
    prices = prices_of(request, optimize)
    with open_client() as client:
        for price in prices:
            fetch_price(job_service, client, price, on_wait)
    if max_credits is not None:
        check_total(
            job_service.budget.total(prices), max_credits, job_service.budget.untold(prices)
        )


def fetch_price(
    job_service: JobService,
    client: Client,
    price: Price | OptimizationPrice,
    on_wait: OnRetry | None = None,
) -> float | None:
    """What it will cost, which the job service then knows too; None when nobody can tell.

    Not to be told what an optimization will cost stops nothing here: then it counts as the last one
    did, or as not known.
    """
    try:
        job_service.queries.cache_answer(
            price, call_mint(lambda: queries.answer(client, price), on_wait)
        )
    except MintError:
        if not isinstance(price, OptimizationPrice):
            raise
    return job_service.budget.price(price)


def check_total(total: float | None, max_credits: float, reason: str | None = None) -> None:
    """Is this sum within the limit?

    Raises TooExpensive, also when it is not known, for this reason.
    """
    if total is None:
        raise TooExpensive(
            " ".join(
                filter(None, ["Mint does not tell the price, so a limit cannot be kept.", reason])
            )
        )
    if total > max_credits:
        raise TooExpensive(
            f"This would cost about {total:,.0f} Credits, more than the limit of"
            f" {max_credits:,.0f}."
        )


def check_limits(
    job_service: JobService,
    prices: Iterable[float | None],
    reason: str | None = None,
    resumed: Sequence[Job] = (),
) -> None:
    """Refuse, before anything is started, what is not within the limits of the preferences when all
    of it is. Raises TooExpensive.

    `reason` says why a price is not known; `going_on` are jobs that what is started goes on with:
    what they are expected to cost is in the sum of today already.
    """
    limits = job_service.budget.limits
    if limits and (
        sentence := spending.objection_to_all(
            list(prices), limits, job_service.spending.today_without(resumed)
        )
    ):
        raise TooExpensive(f"{sentence} {reason}" if reason else sentence)
