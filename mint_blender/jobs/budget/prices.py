# SPDX-License-Identifier: GPL-3.0-or-later
"""The prices and the balance that are known, checked against the user's limits.

Sends no requests: the job service owns the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from ...message import Message, sentences
from ...mint.schema import Estimate, Usage
from ..errors import TooExpensive
from ..job import Job
from ..job_values import PAID_VERBS, ClickPrices
from ..paid_requests.costs import finalized, reserved
from ..paid_requests.record import STARTS, PaidVerb, new_request, of_job
from ..phases import Verb
from ..queries import (
    Balance,
    OptimizationPrice,
    Price,
    Query,
    QueryAnswered,
    orders_of_retry,
    prices_of,
    request_to_repeat,
)
from .spending import PRICE_LIFETIME, Expense, Limits, committed, limit_error

MAX_ERROR_AGE = 30.0
"""Seconds until a failed query is sent again."""
NO_MODEL_YET = Message("Mint sets the price of an optimization once there is a model.")


class Budget:
    """The known prices and balance, and the limits.

    `answers` belong to the job service. `last_optimization_price` returns what the last
    optimization cost, or None; `spent_today` what was spent today, without some jobs.
    """

    def __init__(
        self,
        answers: Mapping[Query, QueryAnswered],
        last_optimization_price: Callable[[], float | None] = lambda: None,
        spent_today: Callable[..., float] = lambda *but: 0.0,
    ) -> None:
        self.limits = Limits()
        self._answers = answers
        self._last_optimization_price = last_optimization_price
        self._spent_today = spent_today
        self.ignores_limits = False
        """Whether the user has confirmed to exceed the limits."""

    def known(self, query: Query) -> QueryAnswered | None:
        """Return the answer to a query, unless it is too old."""
        answered = self._answers.get(query)
        if answered is None:
            return None
        # the clock may have been set back since
        age = abs((datetime.now().astimezone() - answered.at).total_seconds())
        return answered if age < (MAX_ERROR_AGE if answered.error else PRICE_LIFETIME) else None

    def asked_at(self, queries: Sequence[Query | None]) -> float | None:
        """Return when the oldest of these prices was asked, in seconds since the epoch.

        This is by Mint's clock, if its answer has shown the time: this computer's clock may be set
        before the prices are used. None: none of them is known.
        """
        answers = [self._answers.get(query) for query in queries if query is not None]
        times = [
            answered.answer.at or answered.at.timestamp()
            for answered in answers
            if answered and isinstance(answered.answer, Estimate)
        ]
        return min(times, default=None)

    def price(self, query: Query) -> float | None:
        """Return the price in Credits that Mint last gave; None if it gave none.

        For an optimization of a model that does not exist yet, the price of another one is used.
        """
        answered = self._answers.get(query)
        price = (
            answered.answer.estimated_total
            if answered and isinstance(answered.answer, Estimate)
            else None
        )
        return (
            self._last_optimization_price()
            if price is None and query == OptimizationPrice()
            else price
        )

    def total(self, queries: Sequence[Query | None]) -> float | None:
        """Return the sum of several prices in Credits; None if one of them is unknown."""
        prices = [self.price(query) if query else None for query in queries]
        amounts = [price for price in prices if price is not None]
        return sum(amounts) if len(amounts) == len(prices) else None

    @property
    def balance(self) -> float | None:
        """The available Credits, as last read."""
        answered = self._answers.get(Balance())
        return (
            answered.answer.credits.total_available
            if answered and isinstance(answered.answer, Usage)
            else None
        )

    def missing(self, job: Job, stopped_at: float) -> float | None:
        """Return how many Credits a stopped job is short of; None if unknown.

        The balance counts if it was read after the job stopped, else what Mint said then.
        """
        answered = self._answers.get(Balance())
        billing = job.operation.billing if job.operation else None
        required = billing.required_credits if billing else None
        required = job.estimate if required is None else required
        if (
            required is not None
            and self.balance is not None
            and answered is not None
            and answered.at.timestamp() > stopped_at
        ):
            return max(0.0, required - self.balance)
        # only the balance can say that enough Credits are there
        return (billing.missing_credits or None) if billing else None

    def check(self, expenses: Sequence[Expense], *jobs: Job, spent: float | None = None) -> None:
        """Check what begins together against the limits, in the commit of what begins.

        `jobs` are those of the expenses that were started before. `spent` is what was spent today
        beside the expenses, if that is not everything but these jobs.

        Raises:
            TooExpensive: It is not within the limits.
        """
        has_limit = self.limits or any(expense.most is not None for expense in expenses)
        if self.ignores_limits or not has_limit:
            return
        spent = self._spent_today(*jobs) if spent is None else spent
        if not (message := limit_error(expenses, self.limits, spent)):
            return
        wanted = (query for expense in expenses for query in expense.queries if query)
        queries = list(dict.fromkeys(wanted))
        answers = [answered for query in queries if (answered := self.known(query))]
        reason = next((answered.error for answered in answers if answered.error), None)
        if (
            reason is None
            and OptimizationPrice() in queries
            and self.price(OptimizationPrice()) is None
        ):
            reason = NO_MODEL_YET
        raise TooExpensive(
            sentences(message, reason or ""),
            spent=spent + sum(expense.paid for expense in expenses),
            missing_prices=tuple(query for query in queries if not self.known(query)),
            credits=None
            if any(expense.total is None for expense in expenses)
            else sum((expense.total or 0.0) - expense.paid for expense in expenses),
        )

    def of_start(self, queries: Sequence[Query | None], most: float | None = None) -> Expense:
        """Return what a new job costs that has these prices; `most` is its own limit."""
        price = self._known_total(queries)
        return Expense(price, price, most=most, queries=tuple(queries))

    def of_click(self, job: Job, verb: Verb, queries: Sequence[Query | None]) -> Expense:
        """Return what a job costs after a click that has these prices."""
        price = self._known_total(queries)
        is_retry = verb is Verb.RETRY
        is_known = price is not None or (
            not is_retry and job.estimate is not None and not self._missing(queries)
        )
        after = job_after(job, verb, self.click_prices(job, verb, queries))
        total = committed(after) if is_known else None
        return Expense(
            price if is_retry else total,
            total,
            paid=sum(attempt.paid for attempt in job.attempts),
            most=job.max_credits,
            queries=tuple(queries),
        )

    def click_prices(self, job: Job, verb: Verb, queries: Sequence[Query | None]) -> ClickPrices:
        """Return what a click costs that has these prices, and the optimization that follows.

        For a decision about what Mint makes, that is what the attempt will have cost after it.
        """
        generation: float | None = None
        optimization: float | None = None
        for query in queries:
            price = self.price(query) if query is not None else None
            if isinstance(query, OptimizationPrice):
                optimization = price
            else:
                generation = price
        if verb in PAID_VERBS and job.operation is not None:
            return self._total_after(job, verb, generation), optimization
        return generation, optimization

    def _total_after(self, job: Job, verb: Verb, price: float | None) -> float:
        """Return the most that an attempt costs after a decision about what Mint makes.

        Each revision costs another Preview, in addition to the price of the generation. Where Mint
        does not return the price of a Preview, it counts as much as a generation.
        """
        credits = job.operation.credits if job.operation else None
        # Mint's price may have fallen since: the operation keeps that of its start
        price = max(price or 0.0, job.estimate or 0.0, (credits and credits.estimated) or 0.0)
        preview = self._preview_price(job)
        starts = [attempt for attempt in job.attempts if attempt.first.verb in STARTS]
        attempt = starts[-1]
        if verb is Verb.REVISE:
            return attempt.cost + (preview or price)
        if verb is Verb.APPROVE and job.revision:
            if attempt.spent:
                return max(attempt.cost, finalized(attempt.answer) + price - (preview or 0.0))
            return attempt.cost + job.revision * (preview or price)
        return max(attempt.cost, price)

    def of_queued(self, job: Job) -> Expense:
        """Return what a job costs that was never sent, at the price of its click."""
        cost = committed(job) if job.has_price else None
        return Expense(cost, cost)

    def of_review(self, job: Job) -> dict[Verb, float | None]:
        """Return what the decisions about a Preview cost in Credits; None: unknown."""
        preview = self._preview_price(job)
        total = self.total(prices_of(job.request, job.optimize))
        rest = None if preview is None or total is None else total - preview
        return {Verb.REVISE: preview, Verb.APPROVE: rest}

    def taken_by_approval(self, job: Job) -> float | None:
        """Return the Credits by which Approve lowers the balance; None: unknown.

        That is its price without what Mint has reserved for it, which the balance excludes.
        """
        price = self.of_review(job)[Verb.APPROVE]
        return None if price is None else max(0.0, price - reserved(job.operation))

    def _missing(self, queries: Sequence[Query | None]) -> bool:
        """Return whether Mint was not asked for one of these prices, or too long ago."""
        return any(query is not None and not self.known(query) for query in queries)

    def _known_total(self, queries: Sequence[Query | None]) -> float | None:
        return None if self._missing(queries) else self.total(queries)

    def _preview_price(self, job: Job) -> float | None:
        """Return what a Preview costs in Credits; None if that is unknown."""
        query = Price.of(job.request)
        total = self.price(query) or 0.0
        answered = self._answers.get(query)
        estimate = answered.answer if answered else None
        to_start = estimate.required_to_start if isinstance(estimate, Estimate) else None
        if to_start and to_start < total:
            return to_start
        return _paid_for_preview(job, job.estimate or total)

    @contextmanager
    def without_limits(self) -> Iterator[None]:
        """Check no limits while this is active: the user has confirmed."""
        self.ignores_limits = True
        try:
            yield
        finally:
            self.ignores_limits = False


def _paid_for_preview(job: Job, price: float) -> float | None:
    """Return what is not reserved any more, where Mint has reserved everything at the start.

    None: it is not known. `price` is that of the start: the operation's own may grow with each
    revision.
    """
    held = reserved(job.operation)
    is_all_reserved = finalized(job.operation) + held >= price
    return price - held if is_all_reserved and 0.0 < held < price else None


def job_after(job: Job, verb: Verb, prices: ClickPrices) -> Job:
    """Return a job as it will be after a click with these prices: what costs has its row."""
    generation, optimization = prices
    orders: list[PaidVerb] = []
    if verb is Verb.RETRY:
        orders = orders_of_retry(job)
    elif verb in PAID_VERBS and job.operation is not None:
        orders = [PAID_VERBS[verb]]
        job = job.with_prices(None, optimization)
    if not orders:
        return job.with_prices(*prices)
    for order in orders:
        price = optimization if order is PaidVerb.OPTIMIZE else generation
        request = request_to_repeat(job, order) if verb is Verb.RETRY else None
        if request is None:
            request = new_request(of_job(job.id), order, job.id, now=0.0, number=0)
        credits = request.credits if price is None else price
        job = job.with_request(replace(request, credits=credits))
    return job
