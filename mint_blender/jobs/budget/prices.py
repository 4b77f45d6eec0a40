# SPDX-License-Identifier: GPL-3.0-or-later
"""The prices and the balance that are known, checked against the user's limits.

Sends no requests: the job service owns the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from ...message import Message, sentences
from ...mint.schema import Estimate, Usage
from ..engine.thread_messages import QueryAnswered
from ..job import Job
from ..job_values import Decision
from ..phases import Phase, Verb
from ..queries import Balance, OptimizationPrice, Price, Query
from .spending import Limits, combined_limit_error, committed, job_limit_error, limit_error

MAX_AGE = 3600.0
"""Seconds for which a price or a balance is used."""
MAX_ERROR_AGE = 30.0
"""Seconds until a failed query is sent again."""
NO_MODEL_YET = Message("Mint sets the price of an optimization once there is a model.")


class NotPossible(Exception):
    """What the user asked for is not possible now; the message says why."""


class OtherAccount(NotPossible):
    """The job belongs to another account or server than the key in use, so nothing is sent."""


class TooExpensive(NotPossible):
    """It would cost more than a limit; nothing was started.

    `missing_prices` are the prices that Mint has not been asked for yet.
    """

    def __init__(
        self, message: str, *, spent: float = 0.0, missing_prices: tuple[Query, ...] = ()
    ) -> None:
        super().__init__(Message("{problem} Nothing was started.", problem=message))
        self.message = message
        self.spent = spent
        self.missing_prices = missing_prices


class Budget:
    """The known prices and balance, and the limits.

    `answers` belong to the job service. `last_optimization_price` returns what the last
    optimization cost, or None.
    """

    def __init__(
        self,
        answers: Mapping[Query, QueryAnswered],
        last_optimization_price: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.limits = Limits()
        self._answers = answers
        self._last_optimization_price = last_optimization_price
        self._ignores_limits = False

    def known(self, query: Query, *, max_age: float = MAX_AGE) -> QueryAnswered | None:
        """Return the answer to a query, unless it is too old."""
        answered = self._answers.get(query)
        if answered is None:
            return None
        age = (datetime.now().astimezone() - answered.at).total_seconds()
        return answered if age < (MAX_ERROR_AGE if answered.error else max_age) else None

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
        known = [price for price in prices if price is not None]
        return sum(known) if len(known) == len(prices) else None

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
        answered, required = self._answers.get(Balance()), _required(job)
        if (
            required is not None
            and self.balance is not None
            and answered is not None
            and answered.at.timestamp() > stopped_at
        ):
            return max(0.0, required - self.balance)
        billing = job.operation.billing if job.operation else None
        # only the balance can say that enough Credits are there
        return (billing.missing_credits or None) if billing else None

    def check(self, starts: Sequence[Sequence[Query | None]], spent: float) -> None:
        """Check several new jobs against the limits, given what was spent today.

        Each start is a list of prices; None stands for one that Mint does not give.

        Raises:
            TooExpensive: They are not within the limits.
        """
        if self._ignores_limits:
            return
        queries = list(dict.fromkeys(query for start in starts for query in start if query))
        missing_prices = tuple(query for query in queries if not self.known(query))
        totals = [
            None if set(missing_prices).intersection(start) else self.total(start)
            for start in starts
        ]
        if message := combined_limit_error(totals, self.limits, spent):
            known = [each for query in queries if (each := self.known(query))]
            reason = next(
                (each.error for each in known if each.error), None
            ) or self.missing_price_reason(queries)
            raise TooExpensive(
                sentences(message, reason or ""), spent=spent, missing_prices=missing_prices
            )

    def check_own(self, job: Job, queries: Sequence[Query | None]) -> None:
        """Check a new job against its own limit.

        Raises:
            TooExpensive: It would cost more.
        """
        if not self._ignores_limits and (
            message := job_limit_error(self.total(queries), job.max_credits)
        ):
            raise TooExpensive(
                message,
                missing_prices=tuple(each for each in queries if each and not self.known(each)),
            )

    def check_waiting(self, jobs: Sequence[Job], others: float) -> None:
        """Check queued jobs against the limits; `others` is what else was spent today.

        Raises:
            TooExpensive: They are not within the limits.
        """
        costs = [None if job.estimate is None else committed(job) for job in jobs]
        if (
            self.limits
            and not self._ignores_limits
            and (message := combined_limit_error(costs, self.limits, others))
        ):
            raise TooExpensive(message, spent=others)

    def check_click(
        self, job: Job, decision: Decision, queries: Sequence[Query | None], others: float
    ) -> None:
        """Check a click on a job against the user's limits and the job's own.

        `queries` are the prices it consists of; `others` is what other jobs spent today.

        Raises:
            TooExpensive: It would cost more than one of the limits.
        """
        if self._ignores_limits or not queries or not (self.limits or job.max_credits is not None):
            return
        missing_prices = tuple(query for query in queries if query and not self.known(query))
        is_new = decision.verb is Verb.RETRY
        price = self.total(queries)
        if price is None and not is_new:
            price = job.estimate
        total = None if missing_prices or price is None else self.total_after(job, decision)
        paid = job.paid_before + sum(
            each.credits.finalized or 0.0 for each in job.operations if each.credits
        )
        message = (
            limit_error(
                price if is_new and not missing_prices else total,
                replace(self.limits, day=0.0),
                others,
            )
            or limit_error(
                None if total is None else total - paid,
                replace(self.limits, each=0.0),
                others + paid,
            )
            or job_limit_error(total, job.max_credits)
        )
        if message:
            raise TooExpensive(message, spent=others + paid, missing_prices=missing_prices)

    def total_after(self, job: Job, decision: Decision) -> float:
        """Return the most that a job costs in total after a click, in Credits.

        Each revision costs another Preview, in addition to the estimate of the generation. Where
        Mint does not return the price of a Preview, it counts as much as a generation.
        """
        price, preview = decision.estimate or job.estimate or 0.0, self._preview_price(job)
        if decision.verb is Verb.RETRY:  # another attempt, beside what the job has cost
            attempt = replace(job.without_operation(), phase=Phase.WAITING, decision=None)
            return committed(attempt.with_prices_of(decision))
        before = committed(replace(job, decision=None))
        if decision.verb is Verb.REVISE:
            return before + (preview or price)
        if decision.verb is Verb.APPROVE and job.revision:
            reported = job.operation.credits if job.operation else None
            if reported is not None and reported.spent:
                return before + price - (preview or 0.0)
            return before + job.revision * (preview or price)
        return committed(replace(job, decision=decision))

    def _preview_price(self, job: Job) -> float | None:
        """Return what a Preview costs in Credits; None if Mint does not return that."""
        answered = self._answers.get(Price.of(job.request))
        estimate = answered.answer if answered else None
        if not isinstance(estimate, Estimate) or not estimate.required_to_start:
            return None
        is_part = estimate.required_to_start < (estimate.estimated_total or 0.0)
        return estimate.required_to_start if is_part else None

    @property
    def ignores_limits(self) -> bool:
        """Whether the user has confirmed to exceed the limits."""
        return self._ignores_limits

    def missing_price_reason(self, queries: Collection[Query]) -> str | None:
        """Return why the price of an optimization is unknown, if that is what is missing."""
        return (
            NO_MODEL_YET
            if OptimizationPrice() in queries and self.price(OptimizationPrice()) is None
            else None
        )

    @contextmanager
    def without_limits(self) -> Iterator[None]:
        """Check no limits while this is active: the user has confirmed."""
        self._ignores_limits = True
        try:
            yield
        finally:
            self._ignores_limits = False


def _required(job: Job) -> float | None:
    """Return the Credits that a stopped job needs: what Mint says, else the expected price."""
    billing = job.operation.billing if job.operation else None
    return (
        billing.required_credits
        if billing and billing.required_credits is not None
        else job.estimate
    )
