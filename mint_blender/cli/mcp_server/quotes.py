# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotes: what something would cost, kept for a few minutes so that it can be started.

Quotes live in memory. A restart of the server forgets them, and nothing is started with one that is
not known.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mcp.server.mcpserver.exceptions import ToolError

from ...jobs.job import Job
from ...jobs.queries import PriceQuery
from ...jobs.service import JobService

LIFETIME = 600.0
"""Seconds for which a quote can be used."""
ASK_AGAIN = "Nothing was started. Get a new quote, show its price to the person, and use that."

PriceQueries = Sequence[PriceQuery | None]
"""None stands for something that Mint returns no price for."""
Start = Callable[[JobService, float | None, str], Job]
"""Starts the job with its own limit of Credits (None: without one), as what was ordered."""


@dataclass(frozen=True)
class Purchase:
    """Something that costs Credits when it is started.

    Attributes:
        title: What is started, for a person: 'Generate the model "a lamp" (fast, review).'
        content: Returns a digest of everything that is requested, also of local files.
        prices: The queries for its price.
        start: Commits the job.
    """

    title: str
    content: Callable[[], str]
    prices: PriceQueries
    start: Start


@dataclass(frozen=True)
class Quote:
    """A purchase and its price; `credits` are None if Mint does not return a price."""

    id: str
    purchase: Purchase
    credits: float | None
    content: str
    expires_at: float
    used_for: str = ""

    @property
    def price_text(self) -> str:
        """The price, for a person."""
        return "Price unknown." if self.credits is None else f"About {self.credits:,.0f} Credits."

    @property
    def text(self) -> str:
        """What would be started, and for how much, for a person."""
        return f"{self.purchase.title} {self.price_text}"


class Quotes:
    """The quotes of this server. For the thread of the jobs: local pictures are read."""

    def __init__(self) -> None:
        self._quotes: dict[str, Quote] = {}

    def add(self, purchase: Purchase, credits: float | None) -> Quote:
        """Return a new quote for a purchase."""
        now = time.monotonic()
        self._quotes = {
            quote.id: quote
            for quote in self._quotes.values()
            if quote.expires_at > now - LIFETIME  # for a while, "expired" is a better answer
        }
        quote = Quote(secrets.token_hex(8), purchase, credits, purchase.content(), now + LIFETIME)
        self._quotes[quote.id] = quote
        return quote

    def find(self, quote_id: str) -> Quote | None:
        """Return a quote, which may be used or expired; None if this server has not made it."""
        return self._quotes.get(quote_id)

    def usable(self, quote_id: str) -> Quote:
        """Return a quote that can be used now.

        Raises:
            ToolError: It is unknown, used, expired, or what was quoted has changed.
        """
        quote = self.find(quote_id)
        if quote is None:
            raise ToolError(
                f"This server has not made the quote {quote_id}, or has forgotten it. {ASK_AGAIN}"
            )
        if quote.used_for:
            raise ToolError(f"This quote was used for the job {quote.used_for}. {ASK_AGAIN}")
        if quote.expires_at <= time.monotonic():
            raise ToolError(f"This quote has expired. {ASK_AGAIN}")
        if quote.purchase.content() != quote.content:
            raise ToolError(f"A reference image has changed since the quote. {ASK_AGAIN}")
        return quote

    def note_use(self, quote: Quote, job_id: str) -> None:
        """Note that a quote was used, so that it is not used again."""
        self._quotes[quote.id] = replace(quote, used_for=job_id)
