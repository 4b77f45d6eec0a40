# SPDX-License-Identifier: GPL-3.0-or-later
"""What jobs have cost, and whether another one stays within the limits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ...dataclass import dataclass
from ...message import Message
from ...mint.schema import Operation
from ..job import Job
from ..paid_requests.record import PaidRequest, PaidVerb
from ..phases import BUSY, NEEDS_PERSON, Phase, Verb

if TYPE_CHECKING:
    from ..queries import Query

PRICE_LIFETIME = 3600.0
"""Seconds for which a price is used."""
DAYS = 30
"""Days that the Usage section shows."""

_WILL_COST = (BUSY - {Phase.FETCHING}) | NEEDS_PERSON
DONE = frozenset({Phase.FETCHING, Phase.READY, Phase.PLACED})
_COSTS_MORE = _WILL_COST - {Phase.REVIEW}  # without a further click
_SPENDS = frozenset({Verb.RETRY, Verb.APPROVE, Verb.REVISE})  # the clicks after which more is paid


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
        is_new: Whether nothing of it was started yet.
        queries: The prices that it consists of; None stands for one that Mint does not return.
    """

    generation: float | None
    total: float | None
    paid: float = 0.0
    most: float | None = None
    is_new: bool = False
    queries: tuple[Query | None, ...] = ()


class Spent(NamedTuple):
    """How many jobs counted in a time, their Credits, and how many succeeded or failed."""

    jobs: int = 0
    credits: float = 0.0
    done: int = 0
    failed: int = 0


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
    return job.paid_before + sum(_costs(job))


def with_costs(job: Job) -> Job:
    """Return a job whose paid requests have their `cost`.

    An optimization that will be ordered counts with the start until then.
    """
    of_start, of_optimization = _costs(job)
    costs = {request.key: _kept(request) for request in job.requests}
    optimization = job.paid_request(PaidVerb.OPTIMIZE)
    if (start := job.start_request) is not None:
        costs[start.key] = of_start if optimization is not None else of_start + of_optimization
    if optimization is not None:
        costs[optimization.key] = of_optimization
    requests = tuple(
        request if request.cost == costs[request.key] else replace(request, cost=costs[request.key])
        for request in job.requests
    )
    return replace(job, requests=requests)


def cost_of_attempt(job: Job) -> float:
    """Return the Credits that the present attempt has cost when another one follows it."""
    if job.operation is not None:
        return finalized(job.operation)
    return _for_generating(job, job.estimate or 0.0)


def _kept(request: PaidRequest) -> float | None:
    """Return what an earlier request keeps of its cost: 0 if it has certainly made nothing."""
    may_have_made = request.is_answered or request.is_open or request.is_left_in_doubt
    return request.cost if may_have_made or request.cost is None else 0.0


def _costs(job: Job) -> tuple[float, float]:
    """Return what the present attempt, and the optimization, have cost or are expected to cost."""
    if job.decision is not None:
        job = job.with_prices_of(job.decision)
    of_generating = _for_generating(job, job.estimate or 0.0)
    return of_generating, _for_optimizing(job, job.optimize_estimate or 0.0)


def only_fetches(job: Job) -> bool:
    """Return whether the asset was there before the job, and no other was requested."""
    request = job.start_request
    is_unsent = request is None or (request.verb is PaidVerb.CONVERT and not request.attempts)
    return job.source_asset_id is not None and is_unsent


def at_prices(job: Job, generation: float, optimization: float) -> float:
    """Return the same as `committed`, with these prices for what Mint has not reported yet."""
    return job.paid_before + _for_generating(job, generation) + _for_optimizing(job, optimization)


def _for_generating(job: Job, expected: float) -> float:
    """Return the Credits that the current attempt has cost or reserved, or is expected to cost."""
    said = job.operation.credits if job.operation else None
    spent = _spent(job.operation)
    clicked = job.decision.verb if job.decision else None
    # a revision, and an approval after one, cost more than the estimate of the generation; how
    # much is known once Mint has answered
    adds_to_previews = clicked is Verb.REVISE or (clicked is Verb.APPROVE and job.revision > 0)
    if adds_to_previews:
        return spent + expected
    # a decision was answered, and the job does not show it yet
    is_at_work = job.operation is not None and job.operation.is_busy and job.phase is Phase.REVIEW
    if job.phase in _COSTS_MORE or has_pending_payment(job) or is_at_work:
        return max(spent, expected)  # the Preview alone may have been paid so far
    request = job.start_request
    # Mint's list does not say what a start that was found there has cost
    is_found = request is not None and request.found_asset is not None
    is_unsaid = said is None and (job.phase in DONE or is_found)
    may_cost = job.phase in _WILL_COST or (request is not None and request.is_left_in_doubt)
    return expected if not spent and (is_unsaid or may_cost) else spent


def _spent(operation: Operation | None) -> float:
    """Return the Credits that Mint has taken or reserved, and still requires to continue."""
    credits, billing = (operation.credits, operation.billing) if operation else (None, None)
    if operation is None or credits is None:
        return 0.0
    if not (operation.is_busy or operation.awaits_payment):
        return credits.spent
    # the estimate is no bound: each revision costs another Preview
    required = (billing.required_credits if billing else None) or 0.0
    return (credits.finalized or 0.0) + (credits.reserved or 0.0) + required


def finalized(operation: Operation | None) -> float:
    """Return the Credits that Mint has taken for good."""
    credits = operation.credits if operation else None
    return (credits.finalized or 0.0) if credits else 0.0


def has_pending_payment(job: Job) -> bool:
    """Return whether the user clicked something that costs, and Mint has not answered yet."""
    return job.decision is not None and job.decision.verb in _SPENDS


def _for_optimizing(job: Job, expected: float) -> float:
    """Return the Credits that the later optimization has cost, or is expected to cost."""
    begun = job.optimization
    request = job.paid_request(PaidVerb.OPTIMIZE)
    if begun is None:
        # made by a request without an answer: what it has cost is not known
        is_answered = request is not None and request.is_answered
        may_be_made = is_answered or job.has_note("optimizing_unanswered")
        will_cost = job.phase in _WILL_COST or job.phase is Phase.FETCHING
        return expected if will_cost or may_be_made else 0.0
    if begun.credits is None:
        return expected
    return begun.credits.spent or (expected if begun.is_busy else 0.0)


def costs_nothing(job: Job) -> bool:
    """Return whether a job only downloads an existing asset."""
    return only_fetches(job) and job.optimize is None and not job.operations


def arises_now(job: Job) -> bool:
    """Return whether the cost of a job counts as of now: it is still to be sent."""
    request = job.start_request
    is_unsent = job.phase is Phase.SENDING and (request is None or not request.attempts)
    return job.phase is Phase.WAITING or is_unsent or has_pending_payment(job)


def begun_at(job: Job, now: float) -> float:
    """Return when the cost of a job arose: when its last paid request was sent, by Mint's clock.

    A job that is still to be sent counts as of `now`, in seconds since the epoch.
    """
    if arises_now(job):
        return now
    sent = (request for request in job.requests if request.attempts)
    # what others can order too, such as a line, is as old as its order: the attempt is later
    began = (max(one.born, one.attempted) if one.is_outside else one.born for one in sent)
    return max(began, default=job.created_at)


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


_AT_ONCE = Message(
    "This would cost about {credits:,.0f} Credits, more than your limit of {most:,.0f} Credits"
    " per generation."
)
_IN_TOTAL = Message(
    "This generation would cost about {credits:,.0f} Credits in total, more than your limit of"
    " {most:,.0f} Credits per generation."
)


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
        is_partly_paid = added is not None and added < dearest
        words = _IN_TOTAL if is_partly_paid else _AT_ONCE
        return Message(words.template, credits=dearest, most=limits.each)
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
    if total is None and expense.is_new:
        return Message("Mint did not return a price, so the limit cannot be checked.")
    if total is None:
        return Message(
            "Mint did not return a price, so the limit of {credits:,.0f} Credits for"
            " this job cannot be checked.",
            credits=most,
        )
    if expense.is_new:
        return Message(
            "This would cost about {credits:,.0f} Credits, more than the limit of {most:,.0f}.",
            credits=total,
            most=most,
        )
    return Message(
        "This job would cost about {credits:,.0f} Credits in total, more than its limit of"
        " {most:,.0f} Credits.",
        credits=total,
        most=most,
    )
