# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lines of a batch still cost, before and while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ...jobs.batch_lines import Line
from ...jobs.budget import batch_prices
from ...jobs.budget.batch_prices import Prices
from ...jobs.budget.spending import committed, is_to_pay, under_way
from ...jobs.job import Job
from ...jobs.phases import UNSUCCESSFUL
from ...jobs.service import JobService
from . import line_jobs, result_files
from .options import Options


@dataclass(frozen=True)
class Bill:
    """What lines still cost.

    Attributes:
        prices: The price of each line.
        lines: Those that are not paid yet.
        resumed: The jobs that some of them resume, by tag.
    """

    prices: Prices
    lines: list[Line]
    resumed: dict[str, Job]

    @property
    def total(self) -> float | None:
        """The Credits of all lines; None if a price is unknown."""
        return self.prices.total(self.lines, self.resumed)

    @property
    def shown_total(self) -> float | None:
        """The same without optimizations, if only their price is unknown."""
        return batch_prices.shown_total(self.prices, self.lines, self.resumed)

    @property
    def summary(self) -> str:
        """What all lines cost, as a sentence."""
        return batch_prices.price_summary(self.prices, self.lines, self.resumed)


@dataclass(frozen=True)
class LinePrices:
    """What lines still cost. `job_of` returns the job of a line as it is now, or None."""

    job_service: JobService
    options: Options
    job_of: Callable[[Line], Job | None]

    def needs_credits(self, line: Line) -> bool:
        """Return whether running this line takes Credits that are not reserved yet."""
        return self._is_to_pay(self.job_of(line)) or bool(self.to_pay(line).motions)

    def to_pay(self, line: Line) -> Line:
        """Return the line without the motions that take no more Credits, for its price."""
        job = self.job_of(line)
        if job is None or not line.motions:
            return line
        is_over = job.phase in UNSUCCESSFUL and not self.options.retry_failed
        known = line_jobs.motions_of(self.job_service, self.options.folder, line, job)
        pairs = zip(line.motions, known, strict=True)
        is_done = is_over or result_files.is_written(job)
        left = () if is_done else (each for each, made in pairs if self._is_to_pay(made))
        return replace(line, motions=tuple(left))

    def resumable_job(self, line: Line) -> Job | None:
        """Return the job that the line resumes; None for a new job or attempt."""
        job = self.job_of(line)
        return None if job is None or job.phase in UNSUCCESSFUL else job

    def unpaid(self, lines: Iterable[Line]) -> list[Line]:
        """Return what is to be paid of these lines."""
        return [self.to_pay(line) for line in lines if self.needs_credits(line)]

    def bill(self, unpaid: Iterable[Line]) -> Bill:
        """Return what these lines cost, which Mint is asked for. Raises MintError."""
        lines = list(unpaid)
        self.job_service.ask_unknown_prices(batch_prices.price_queries(lines))
        prices = batch_prices.known_prices(self.job_service.budget, lines)
        resumed = {line.tag: job for line in lines if (job := self.resumable_job(line)) is not None}
        left = [line for line in lines if prices.of(line, resumed.get(line.tag)) != 0.0]
        return Bill(prices, left, resumed)

    def check(self, bill: Bill, limit: float | None) -> None:
        """Raise TooExpensive if lines cost more than a limit; `limit` is that of the batch."""
        spending = self.job_service.spending
        # what jobs are still expected to cost is in the bill
        expected = (max(0.0, spending.of(job) - under_way(job)) for job in bill.resumed.values())
        spent = spending.today() - sum(expected)
        expense = bill.prices.expense(bill.lines, bill.resumed, limit)
        self.job_service.budget.check([expense], spent=spent)

    def left_for_motions(self, line: Line, job: Job, model_id: str) -> float | None:
        """Return the Credits that a line's own limit leaves for its motions; None without one."""
        if line.max_credits is None:
            return None
        ordered = self.job_service.journal.motions_of(model_id)
        own = [
            motion
            for motion in ordered
            if motion.motion and any(map(motion.motion.is_like, line.motions))
        ]
        return line.max_credits - (job.cost or 0.0) - sum(map(committed, own))

    def _is_to_pay(self, job: Job | None) -> bool:
        is_retried = self.options.retry_failed and job is not None and job.phase in UNSUCCESSFUL
        return job is None or is_retried or is_to_pay(job)
