# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lines of a batch cost, and a budget over all lines while they run.

The window shows the price of all lines, the command line also has a limit for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ..batch_lines import Line
from ..job import Job
from ..queries import AnimationPrice, OptimizationPrice, Price, PriceQuery, prices_of
from .prices import Budget
from .spending import Expense, at_prices, under_way

_ROUNDING = 1e-6  # Credits: tolerance for sums of fractions
Jobs = Mapping[str, Job]


@dataclass
class Prices:
    """Prices in Credits, by their queries; None where Mint returned no price."""

    by_query: dict[PriceQuery, float | None] = field(default_factory=dict)

    def parts(self, line: Line) -> tuple[float | None, float | None, float | None]:
        """Return the Credits for generating, for optimizing and for all motions of a line."""
        extra = self.by_query.get(OptimizationPrice()) if line.optimize else 0.0
        motion = self.by_query.get(AnimationPrice()) if line.motions else 0.0
        moves = None if motion is None else motion * len(line.motions)
        return self.by_query.get(Price.of(line.request)), extra, moves

    def of(self, line: Line, job: Job | None = None) -> float | None:
        """Return the Credits still to pay for a line; None when a part is unknown.

        `job` is the job that the line resumes: what it has already paid or ordered does not count.
        """
        generation, extra, moves = self.parts(line)
        if generation is None or extra is None or moves is None:
            return None
        if job is None:
            return generation + extra + moves
        return max(0.0, at_prices(job, generation, extra) - self.under_way(line, job)) + moves

    def under_way(self, line: Line, job: Job) -> float:
        """Return the Credits of what an earlier run has ordered for a line."""
        generation, extra, _ = self.parts(line)
        return under_way(job.with_prices(generation, extra))

    def total(self, lines: Iterable[Line], jobs: Jobs = MappingProxyType({})) -> float | None:
        """Return the sum over all lines; None when one price is unknown.

        `jobs` are the resumed jobs, by the tag of their line.
        """
        return _sum(self.of(line, jobs.get(line.tag)) for line in lines)

    def expense(self, lines: Sequence[Line], jobs: Jobs, limit: float | None) -> Expense:
        """Return what all lines together are expected to cost; `limit` is their own."""
        prices = [self.of(line, jobs.get(line.tag)) for line in lines]
        dearest = None if None in prices else max(filter(None, prices), default=0.0)
        return Expense(dearest, _sum(prices), most=limit, queries=price_queries(lines))


def known_prices(budget: Budget, lines: Iterable[Line]) -> Prices:
    """Return what Mint has answered about each kind of line."""
    return Prices({query: budget.price(query) for query in price_queries(lines)})


def price_queries(lines: Iterable[Line]) -> tuple[PriceQuery, ...]:
    """Return the queries for the prices of all lines: one for each kind of line.

    Mint returns the price of an optimization or a motion only for an existing model; any will do.
    """
    queries = (
        query
        for line in lines
        for query in prices_of(line.request, line.optimize, len(line.motions))
    )
    return tuple(dict.fromkeys(queries))


def shown_total(
    prices: Prices, lines: list[Line], jobs: Jobs = MappingProxyType({})
) -> float | None:
    """Return what the lines cost together, without optimizations if their price is unknown."""
    is_known = prices.by_query.get(OptimizationPrice()) is not None
    without = prices if is_known else Prices(prices.by_query | {OptimizationPrice(): 0.0})
    return without.total(lines, jobs)


def price_summary(prices: Prices, lines: list[Line], jobs: Jobs = MappingProxyType({})) -> str:
    """Return one sentence about the lines to start and their price."""
    optimized = sum(line.optimize is not None for line in lines)
    is_known = prices.by_query.get(OptimizationPrice()) is not None
    total = shown_total(prices, lines, jobs)
    amount = "Mint did not return a price"
    if total is not None:
        amount = f"about {total:,.0f} Credits in total"
    if optimized and total is not None:
        models = "1 model" if optimized == 1 else f"{optimized} models"
        amount += f", {'including' if is_known else 'plus'} the optimization of {models}"
    paused = sum(line.tag in jobs for line in lines)
    resumed = f" or resume ({paused} stopped before)" if paused else ""
    return f"{len(lines)} {'line' if len(lines) == 1 else 'lines'} to start{resumed}: {amount}."


class BatchBudget:
    """A limit in Credits over all lines of one run.

    A running line counts with its actual cost where Mint has reported one, else with its price.
    """

    def __init__(self, limit: float | None, prices: Prices) -> None:
        self.is_exhausted = False
        self._limit = limit
        self._prices = prices
        self._running: dict[str, Line] = {}
        self._before: dict[str, float] = {}
        self._spent = 0.0

    def allows(self, line: Line, jobs: Iterable[Job], resumable: Job | None = None) -> bool:
        """Return whether a line may start or resume too. After one False it is always False.

        Args:
            line: The line to start.
            jobs: The running jobs in their current state.
            resumable: The job that the line would resume.
        """
        if self._limit is None or self.is_exhausted:
            return not self.is_exhausted
        running = sum(
            self._cost(self._running[job.id], job) for job in jobs if job.id in self._running
        )
        expected = self._spent + running + (self._prices.of(line, resumable) or 0.0)
        self.is_exhausted = expected > self._limit + _ROUNDING
        return not self.is_exhausted

    def begin(self, line: Line, job: Job, before: Job | None = None) -> None:
        """Reserve the price of a started line; `before` is its job as it was before this run."""
        self._running[job.id] = line
        self._before[job.id] = self._prices.under_way(line, before) if before is not None else 0.0

    def spent(self, jobs: Iterable[Job]) -> float:
        """Return what this run has cost so far, in Credits; `jobs` are those that run."""
        running = (job.cost or 0.0 for job in jobs if job.id in self._running)
        before = sum(self._before[job_id] for job_id in self._running)
        return max(0.0, self._spent + sum(running) - before)

    def end(self, job: Job) -> None:
        """Replace a reservation by the actual cost."""
        line = self._running.pop(job.id, None)
        if line is not None:
            self._spent += self._cost(line, job)

    def _cost(self, line: Line, job: Job) -> float:
        """Return what a job costs in all.

        If it costs more than its price, later lines of its kind are expected to cost as much.
        """
        prices = self._prices.by_query
        for made, query in (
            (job.operation, Price.of(line.request)),
            (job.optimization, OptimizationPrice()),
        ):
            if made and made.credits is not None:
                prices[query] = max(made.credits.spent, prices.get(query) or 0.0)
        generation, extra, moves = (price or 0.0 for price in self._prices.parts(line))
        total = at_prices(job, generation, extra)
        return max(0.0, total - self._before.get(job.id, 0.0)) + moves


def _sum(prices: Iterable[float | None]) -> float | None:
    amounts = list(prices)
    return None if None in amounts else sum(amount or 0.0 for amount in amounts)
