# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask Mint for prices, which the job service then knows."""

from __future__ import annotations

from functools import partial

import anyio.to_thread

from ....jobs.queries import PriceQuery
from ....jobs.service import JobService
from ....mint.schema import Estimate
from ... import session
from ..state import PATIENCE, ToolContext, with_jobs
from .quotes import PriceQueries


async def ask_prices(context: ToolContext, wanted: PriceQueries) -> list[Estimate]:
    """Ask Mint for prices, tell them the job service, and return them; empty where there is none.

    Raises:
        MintError: Mint cannot be asked. An optimization then counts as without a price.
    """
    return [await _ask(context, query) if query else Estimate(None, None, None) for query in wanted]


async def _ask(context: ToolContext, query: PriceQuery) -> Estimate:
    ask = partial(session.ask_price, query, patience=PATIENCE)
    answer = await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)

    def cache(job_service: JobService) -> None:
        job_service.queries.cache_answer(query, answer)

    await with_jobs(context, cache)
    return answer
