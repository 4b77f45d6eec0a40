# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs in the journal have cost, by day."""

from __future__ import annotations

import time
from collections.abc import Iterable

from ..engine.job_runner import JobRunner
from ..job import Job
from . import spending


class SpendingTotals:
    """Adds up Credits over all jobs of the account, dismissed ones included."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner

    def month(self) -> spending.Month:
        """Return what was started on each of the last days."""
        entries = self._runner.cache.spending_entries()
        return spending.month(entries, spending.date_of(time.time()))

    def today(self) -> float:
        """Return the Credits of what was started today: paid, reserved, or expected.

        Includes what other processes have started until this moment.
        """
        self._runner.reread()
        entries = self._runner.cache.spending_entries()
        return spending.spent_on(entries, spending.date_of(time.time()))

    def today_without(self, jobs: Iterable[Job]) -> float:
        """Return the Credits of `today` without what these jobs are still expected to cost."""
        cache = self._runner.cache
        return self.today() - sum(
            max(0.0, cache.spent_for(job) - (job.cost or 0.0)) for job in jobs
        )
