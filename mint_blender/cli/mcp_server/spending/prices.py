# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Mint for prices, which the job service then knows."""

from __future__ import annotations

from ....jobs import queries
from ....jobs.queries import OptimizationPrice
from ....mint.errors import MintError
from ....mint.schema import Estimate
from ..state import ToolContext, with_client, with_jobs
from .quotes import PriceQueries, PriceQuery


async def ask_prices(context: ToolContext, wanted: PriceQueries) -> list[Estimate]:
    """Ask Mint for prices, tell them the job service, and return them; empty where there is none.

    Raises:
        MintError: Mint cannot be asked. An optimization then counts as without a price.
    """
    return [await _ask(context, query) if query else Estimate(None, None, None) for query in wanted]


async def _ask(context: ToolContext, query: PriceQuery) -> Estimate:
    try:
        answer = await with_client(lambda client: queries.quote(client, query))
    except MintError:
        if not isinstance(query, OptimizationPrice):
            raise
        return Estimate(None, None, None)
    await with_jobs(context, lambda jobs: jobs.queries.cache_answer(query, answer))
    return answer
