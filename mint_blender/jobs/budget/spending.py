# SPDX-License-Identifier: GPL-3.0-or-later
"""What jobs have cost, and whether another one stays within the limits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from ...message import Message
from ..job import Job

if TYPE_CHECKING:
    from ..queries import Query

PRICE_LIFETIME = 3600.0
"""Seconds for which a price is used."""
DAYS = 30
"""Days that the Usage section shows."""


@dataclass(frozen=True)
class Limits:
    """The most Credits to spend without a confirmation; 0: no limit.

    `each` is for one generation, `day` for a day.
    """

    each: float = 0.0
    day: float = 0.0

    def __bool__(self) -> bool:
        return self.each > 0 or self.day > 0


@dataclass(frozen=True)
class Expense:
    """What a start, or a click, is expected to cost, in Credits; None: Mint returned no price.

    Attributes:
        generation: A generation with the optimization that follows; of several, the dearest one.
        total: The whole job, or batch, in the end.
        paid: How much of the total is paid already.
        most: Its own limit; None: it has none.
        queries: The prices that it consists of; None stands for one that Mint does not return.
    """

    generation: float | None
    total: float | None
    paid: float = 0.0
    most: float | None = None
    queries: tuple[Query | None, ...] = ()


@dataclass(frozen=True)
class Day:
    """The generations of one day: how many, their Credits, and how many succeeded or failed."""

    date: date
    count: int = 0
    credits: float = 0.0
    done: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Month:
    """The last days, oldest first, including those without a generation."""

    days: tuple[Day, ...]

    @property
    def count(self) -> int:
        """The number of generations."""
        return sum(day.count for day in self.days)

    @property
    def credits(self) -> float:
        """The Credits spent or reserved."""
        return sum(day.credits for day in self.days)

    @property
    def failed(self) -> int:
        """The number of failed generations."""
        return sum(day.failed for day in self.days)

    @property
    def failed_share(self) -> float | None:
        """The failed share of those that ended and were not canceled; None if none ended."""
        ended = self.failed + sum(day.done for day in self.days)
        return self.failed / ended if ended else None


def price_of(job: Job) -> float:
    """Return the Credits of the estimates that a person has accepted for a job."""
    return (job.estimate or 0.0) + (job.optimize_estimate or 0.0)


def committed(job: Job) -> float:
    """Return the Credits that a job has spent or reserved.

    Until Mint reports them, this is the price that was shown at the click.
    """
    return sum(attempt.cost for attempt in job.attempts)


def under_way(job: Job) -> float:
    """Return the Credits of what Mint makes, or has made: nothing more is sent for it."""
    return sum(attempt.under_way for attempt in job.attempts)


def is_to_pay(job: Job) -> bool:
    """Return whether a job takes more Credits when it continues: something is still to be sent."""
    return any(attempt.is_to_pay for attempt in job.attempts)


def at_prices(job: Job, generation: float | None, optimization: float | None) -> float:
    """Return the same as `committed`, with these prices for what Mint has not reported yet."""
    return committed(job.with_prices(generation, optimization))


def date_of(at: float) -> date:
    """Return the local date of a time in seconds since the epoch."""
    # ten times as fast as datetime, which matters with thousands of jobs
    return date(*time.localtime(at)[:3])


def bounds_of(day: date) -> tuple[float, float]:
    """Return when a local day begins and ends, in seconds since the epoch."""
    begin, end = (
        time.mktime((midnight.year, midnight.month, midnight.day, 0, 0, 0, 0, 0, -1))
        for midnight in (day, day + timedelta(days=1))
    )
    return begin, end


def limit_error(
    expenses: Sequence[Expense], limits: Limits = Limits(), spent: float = 0.0
) -> str | None:
    """Return why what begins together is not within the limits; None if it is.

    The dearest generation counts for the limit per generation, the sum for the daily limit, and
    each expense for its own. An unknown price is not within any limit. `spent` is what was spent
    today beside them.
    """
    generations = [expense.generation for expense in expenses]
    totals = [expense.total for expense in expenses]
    dearest = None if None in generations else max(filter(None, generations), default=0.0)
    paid = sum(expense.paid for expense in expenses)
    added = None if None in totals else sum(filter(None, totals)) - paid
    if limits.each > 0 and dearest is None:
        return Message(
            "Mint did not return a price, so your limit of {credits:,.0f} Credits per generation"
            " cannot be checked.",
            credits=limits.each,
        )
    if dearest is not None and 0 < limits.each < dearest:
        return Message(
            "This would cost about {credits:,.0f} Credits in total, more than your limit of"
            " {most:,.0f} Credits per generation.",
            credits=dearest,
            most=limits.each,
        )
    if limits.day > 0 and added is None:
        return Message(
            "Mint did not return a price, so your daily limit of {credits:,.0f} Credits cannot be"
            " checked.",
            credits=limits.day,
        )
    if added is not None and 0 < limits.day < spent + paid + added:
        return Message(
            "This would cost about {credits:,.0f} Credits. With the {spent:,.0f} Credits"
            " spent today, that is more than your daily limit of {most:,.0f} Credits.",
            credits=added,
            spent=spent + paid,
            most=limits.day,
        )
    return next(filter(None, map(_own_limit_error, expenses)), None)


def _own_limit_error(expense: Expense) -> str | None:
    """Return why a total cost is not within its own limit; None if it is."""
    total = expense.total
    most = expense.most
    if most is None or (total is not None and total <= most):
        return None
    if total is None:
        return Message("Mint did not return a price, so the limit cannot be checked.")
    return Message(
        "This would cost about {credits:,.0f} Credits in total, more than the limit of"
        " {most:,.0f} Credits.",
        credits=total,
        most=most,
    )
