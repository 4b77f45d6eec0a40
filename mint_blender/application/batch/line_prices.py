# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lines of a batch still cost, before and while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from ...jobs.batch_lines import Line
from ...jobs.budget import batch_prices
from ...jobs.budget.batch_prices import Prices
from ...jobs.budget.spending import is_to_pay
from ...jobs.job import Job
from ...jobs.phases import UNSUCCESSFUL
from ...jobs.service import JobService
from . import line_jobs, result_files
from .options import Options


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

    def ask(self, unpaid: Iterable[Line]) -> Prices:
        """Return the prices of these lines, which Mint is asked for. Raises MintError."""
        lines = list(unpaid)
        self.job_service.ask_unknown_prices(batch_prices.price_queries(lines))
        return batch_prices.known_prices(self.job_service.budget, lines)

    def left(self, prices: Prices, unpaid: Iterable[Line]) -> tuple[list[Line], dict[str, Job]]:
        """Return the lines that are not paid yet, and the jobs that some resume, by tag."""
        lines = list(unpaid)
        resumed = {line.tag: job for line in lines if (job := self.resumable_job(line)) is not None}
        left = [line for line in lines if prices.of(line, resumed.get(line.tag)) != 0.0]
        return left, resumed

    def _is_to_pay(self, job: Job | None) -> bool:
        is_retried = self.options.retry_failed and job is not None and job.phase in UNSUCCESSFUL
        return job is None or is_retried or is_to_pay(job)
