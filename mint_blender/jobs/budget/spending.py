# SPDX-License-Identifier: GPL-3.0-or-later
"""What was spent, and whether one more may be started: arithmetic over the jobs of the journal.

No clock, no disk, no Blender in here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from ...message import Message
from ..job import BUSY, Job, Phase, Verb, has_failed_at_mint, is_retried

DAYS = 30  # what the Usage section looks back at

_WILL_COST = (BUSY - {Phase.FETCHING}) | {Phase.REVIEW, Phase.BILLING, Phase.PAUSED}
_DONE = frozenset({Phase.FETCHING, Phase.READY, Phase.PLACED})
_MORE_COMES = _WILL_COST - {Phase.REVIEW}  # without a further click
_SPENDS = frozenset({Verb.RETRY, Verb.APPROVE, Verb.REVISE})  # the clicks after which more is paid
# what comes after these is paid when the job leaves them
_UNSPENT = frozenset({Phase.WAITING, Phase.REVIEW, Phase.BILLING, Phase.FAILED})

Moves = Sequence[tuple[Phase, float]]


@dataclass(frozen=True)
class Limits:
    """The most Credits that the user wants to spend without being asked; 0: no limit."""

    each: float = 0.0
    day: float = 0.0

    def __bool__(self) -> bool:
        return self.each > 0 or self.day > 0


@dataclass(frozen=True)
class Entry:
    """What one job means for the account.

    `at` is when it began to cost what it does, in seconds since the epoch.
    """

    at: float
    credits: float
    is_done: bool
    has_failed: bool


@dataclass(frozen=True)
class Day:
    """What began on one day: how many, for how many Credits, and how many of them came to a good or
    a bad end.
    """

    date: date
    count: int = 0
    credits: float = 0.0
    done: int = 0
    failed: int = 0


@dataclass(frozen=True)
class Month:
    """The last days, oldest first; those on which nothing happened too."""

    days: tuple[Day, ...]

    @property
    def count(self) -> int:
        """How many were begun."""
        return sum(day.count for day in self.days)

    @property
    def credits(self) -> float:
        """What they cost, or hold back."""
        return sum(day.credits for day in self.days)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(day.failed for day in self.days)

    @property
    def failed_share(self) -> float | None:
        """The share that failed of those which have ended and were not canceled; None where none
        has.
        """
        ended = self.failed + sum(day.done for day in self.days)
        return self.failed / ended if ended else None


def committed(job: Job) -> float:
    """Credits that a job has cost or holds back; where Mint has not said it yet, what it was
    expected to cost at the click.
    """
    if job.decision is not None:
        job = job.expecting(job.decision)
    if job.existing is not None and not job.convert and not has_failed_at_mint(job):
        # nothing is generated: the price was that of the optimization
        return at_prices(job, 0.0, job.estimate or 0.0)
    return at_prices(job, job.estimate or 0.0, job.optimize_estimate or 0.0)


def at_prices(job: Job, generation: float, optimization: float) -> float:
    """As `committed`, when the present attempt and its optimization are expected to cost this."""
    return job.paid_before + _for_generating(job, generation) + _for_optimizing(job, optimization)


def _for_generating(job: Job, expected: float) -> float:
    """What the present attempt has cost, or holds back; until Mint says so, what is expected of it."""  # noqa: E501
    said = job.operation.credits if job.operation else None
    spent = said.spent if said else 0.0
    if is_retried(job):
        return spent + expected  # another attempt begins, beside the one that has failed
    if job.phase in _MORE_COMES or is_paid_on(job):
        return max(spent, expected)  # the Preview alone may have been paid so far
    unsaid = said is None and job.phase in _DONE
    return expected if not spent and (unsaid or job.phase in _WILL_COST) else spent


def is_paid_on(job: Job) -> bool:
    """Has somebody clicked on something that costs, and Mint not answered yet?"""
    return job.decision is not None and job.decision.verb in _SPENDS


def _for_optimizing(job: Job, expected: float) -> float:
    """What an optimization after the generation has cost; what is expected, until Mint says it, or
    it came to nothing.
    """
    begun = job.optimization
    if begun is None:
        return (
            expected
            if job.phase in _WILL_COST or job.phase is Phase.FETCHING or is_retried(job)
            else 0.0
        )
    if begun.credits is None:
        return expected
    return begun.credits.spent or (expected if begun.is_busy else 0.0)


def paid_for_optimizing(jobs: Iterable[Job]) -> float | None:
    """What Mint took for the latest optimization of these jobs, newest first; None where it never
    did.
    """
    said = (
        job.optimization.credits
        for job in jobs
        if job.optimization is not None and job.optimization.credits is not None
    )
    return next((credits.spent for credits in said if credits.spent), None)


def entry(job: Job, moves: Moves, now: float) -> Entry | None:
    """What a job means for the account; None for one that only fetched what was there.

    `now`: seconds since the epoch.
    """
    makes_it_anew = is_retried(job) and has_failed_at_mint(job)
    if (
        job.existing is not None
        and job.optimize is None
        and not job.operations
        and not makes_it_anew
    ):
        return None
    return Entry(
        _begun_at(job, moves, now),
        committed(job),
        job.phase in _DONE,
        job.phase is Phase.FAILED and not is_retried(job),
    )


def _begun_at(job: Job, moves: Moves, now: float) -> float:
    """When it began to cost what it does: with the send, a day after the click it may be, and once
    more with each click that costs.

    What is still to be sent will be paid now.
    """
    if job.phase is Phase.WAITING or is_paid_on(job):
        return now
    left = [
        at
        for (before, _), (after, at) in pairwise(moves)
        if before in _UNSPENT and after not in _UNSPENT | {Phase.CANCELED}
    ]
    return left[-1] if left else job.created_at


def month(entries: Iterable[Entry], today: date, count: int = DAYS) -> Month:
    """What began on each of the last days, as the clock on the wall counts them."""
    dates = [today - timedelta(days=back) for back in reversed(range(count))]
    days = {each: Day(each) for each in dates}
    for each in entries:
        if (day := days.get(date_of(each.at))) is not None:
            done, failed = day.done + each.is_done, day.failed + each.has_failed
            days[day.date] = Day(day.date, day.count + 1, day.credits + each.credits, done, failed)
    return Month(tuple(days.values()))


def spent_on(entries: Iterable[Entry], day: date) -> float:
    """Credits of what began on that day."""
    return sum(each.credits for each in entries if date_of(each.at) == day)


def date_of(at: float) -> date:
    """The day of a moment, here."""
    # a tenth of what datetime takes for it, which thousands of jobs would feel
    return date(*time.localtime(at)[:3])


def objection(price: float | None, limits: Limits, spent: float) -> str | None:
    """A sentence if this price is not within the limits, given what was spent today.

    An unknown price is not within a limit.
    """
    if not limits:
        return None
    if price is None:
        most = (
            Message("{credits:,.0f} Credits for one generation", credits=limits.each)
            if limits.each > 0
            else Message("{credits:,.0f} Credits for a day", credits=limits.day)
        )
        return Message(
            "Mint does not tell the price, so your limit of {limit} cannot be kept.", limit=most
        )
    if 0 < limits.each < price:
        return Message(
            "This would cost about {credits:,.0f} Credits, more than your limit of"
            " {most:,.0f} Credits for one generation.",
            credits=price,
            most=limits.each,
        )
    if 0 < limits.day < spent + price:
        return Message(
            "This would cost about {credits:,.0f} Credits. With the {spent:,.0f} Credits"
            " spent today that is more than your limit of {most:,.0f} Credits for a day.",
            credits=price,
            spent=spent,
            most=limits.day,
        )
    return None


def objection_of_job(total: float | None, most: float | None) -> str | None:
    """A sentence if a job would cost more in all than its own limit; None where it has none."""
    if most is None or (total is not None and total <= most):
        return None
    if total is None:
        return Message(
            "Mint does not tell the price, so the limit of {credits:,.0f} Credits for"
            " this job cannot be kept.",
            credits=most,
        )
    return Message(
        "This job would cost about {credits:,.0f} Credits in all, more than its limit of"
        " {most:,.0f} Credits.",
        credits=total,
        most=most,
    )


def objection_to_all(prices: Sequence[float | None], limits: Limits, spent: float) -> str | None:
    """As `objection`, to several that are begun together: the dearest against the one limit, their
    sum against the other.
    """
    told = [price for price in prices if price is not None]
    is_known = len(told) == len(prices)
    dearest, total = (max(told, default=0.0), sum(told)) if is_known else (None, None)
    return objection(dearest, replace(limits, day=0.0), spent) or objection(
        total, replace(limits, each=0.0), spent
    )
