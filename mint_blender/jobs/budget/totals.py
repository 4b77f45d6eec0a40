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

    def today(self, *but: Job) -> float:
        """Return the Credits of what was started today: paid, reserved, or expected.

        Includes what other processes have started until this moment, and leaves out these jobs.
        """
        self._runner.reread()
        journal, spent_for = self._runner.journal, self._runner.cache.spent_for
        entries = journal.spent(spending.bounds_of(spending.date_of(journal.mint_now())))
        return sum(entry.credits for entry in entries) - sum(map(spent_for, but))
