# SPDX-License-Identifier: GPL-3.0-or-later
"""Make quotes: ask Mint for the price of a purchase, and keep both for a few minutes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from ....jobs.service import JobService
from ..state import ToolContext, state_of, with_jobs
from .prices import ask_prices
from .quotes import LIFETIME, Purchase, Quote
from .starting import reason_to_ask


class QuoteState(BaseModel):
    """What something would cost."""

    quote_id: Annotated[str, Field(description="For generate")]
    summary: Annotated[str, Field(description="What would be started, for the person")]
    credits: Annotated[
        float | None, Field(description="The whole price; null: Mint did not return one")
    ]
    credits_needed: Annotated[
        float | None, Field(description="The account needs as many available Credits to start")
    ] = None
    expires_in_seconds: int
    person_decides: Annotated[
        str | None,
        Field(description="Why generate will ask a person; null: it is within the limits"),
    ] = None


async def quote_for(context: ToolContext, purchase: Purchase) -> QuoteState:
    """Return a new quote, with the price that Mint returns now.

    Raises:
        MintError: Mint cannot be asked.
    """
    estimates = await ask_prices(context, purchase.prices)
    to_start = estimates[0].required_to_start if len(estimates) == 1 else None

    quotes = state_of(context).quotes

    def add(job_service: JobService) -> QuoteState:
        quote = quotes.add(purchase, job_service.budget.total(purchase.prices))
        return _quote_state(quote, to_start, reason_to_ask(job_service, quote))

    return await with_jobs(context, add)


def _quote_state(quote: Quote, to_start: float | None, reason: str | None) -> QuoteState:
    return QuoteState(
        quote_id=quote.id,
        summary=quote.text,
        credits=quote.credits,
        credits_needed=to_start,
        expires_in_seconds=round(LIFETIME),
        person_decides=reason,
    )
