# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs in the journal have cost, by day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from . import spending

if TYPE_CHECKING:
    from ..engine.job_runner import JobRunner
    from ..job import Job
    from ..storage.journal_reader import JournalReader


def month(journal: JournalReader) -> spending.Month:
    """Return what was started on each of the last days, by the current account of a journal."""
    today = spending.date_of(journal.mint_now())
    days = [today - timedelta(days=back) for back in range(spending.DAYS)]
    return spending.month(journal.spent(*map(spending.bounds_of, days)), today)


class SpendingTotals:
    """Adds up Credits over all jobs of the account, dismissed ones included."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner

    def month(self) -> spending.Month:
        """Return what was started on each of the last days."""
        return month(self._runner.journal)

    def ever(self) -> float:
        """Return the Credits of all that was ever started on this computer."""
        journal = self._runner.journal
        return sum(entry.credits for entry in journal.spent((0.0, journal.mint_now() + 1.0)))

    def today(self, *but: Job) -> float:
        """Return the Credits of what was started today: paid, reserved, or expected.

        Includes what other processes have started until this moment, and leaves out these jobs.
        """
        self._runner.reread()
        journal = self._runner.journal
        entries = journal.spent(spending.bounds_of(spending.date_of(journal.mint_now())))
        return sum(entry.credits for entry in entries) - sum(map(self.of, but))

    def of(self, job: Job) -> float:
        """Return the Credits that a job adds to those of today."""
        now = self._runner.journal.mint_now()
        entry = spending.entry(job, now)
        return spending.spent_on([entry] if entry else [], spending.date_of(now))
