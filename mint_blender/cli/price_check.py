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
    """Fetch the price and refuse a request that would cost more than `max_credits`.

    An unknown price is refused too. The limits of the preferences are checked by the job service
    when the job starts, with the price from here.

    Raises:
        TooExpensive: The price is above the limit, or unknown.
        MintError: Mint cannot be asked.
    """
    if max_credits is None and not job_service.budget.limits:
        return
    prices = prices_of(request, optimize)
    with open_client() as client:
        for price in prices:
            fetch_price(job_service, client, price, on_wait)
    if max_credits is not None:
        check_total(
            job_service.budget.total(prices),
            max_credits,
            job_service.budget.missing_price_reason(prices),
        )


def fetch_price(
    job_service: JobService,
    client: Client,
    price: Price | OptimizationPrice,
    on_wait: OnRetry | None = None,
) -> float | None:
    """Fetch a price and pass it on to the job service; None when it is unknown.

    A failure to fetch the price of an optimization is ignored: then the last known one counts.
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
    """Raise TooExpensive when the sum is above the limit, or is unknown.

    `reason` says why it is unknown.
    """
    if total is None:
        raise TooExpensive(
            " ".join(
                filter(
                    None, ["Mint did not return a price, so the limit cannot be checked.", reason]
                )
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
    """Raise TooExpensive when all jobs together exceed the preferences' limits.

    Args:
        job_service: The job service with the limits and what was spent today.
        prices: Credits of each job to start; None for an unknown price.
        reason: Why a price is unknown.
        resumed: Jobs that are resumed: their expected cost is part of today's sum already.
    """
    limits = job_service.budget.limits
    if limits and (
        sentence := spending.combined_limit_error(
            list(prices), limits, job_service.spending.today_without(resumed)
        )
    ):
        raise TooExpensive(f"{sentence} {reason}" if reason else sentence)
