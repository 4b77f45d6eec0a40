# SPDX-License-Identifier: GPL-3.0-or-later
"""What the jobs in the journal have cost, by day. Needs no engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ..job import Job
from .spending import DAYS, Day, Month, bounds_of, date_of

if TYPE_CHECKING:
    from ..storage.journal import Journal


class SpendingTotals:
    """Adds up Credits over all jobs of the account, dismissed ones included."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def month(self) -> Month:
        """Return what was started on each of the last days."""
        today = date_of(self._journal.mint_now())
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        spent_by_day = zip(days, self._journal.spent(*map(bounds_of, days)), strict=True)
        return Month(tuple(Day(day, *spent) for day, spent in spent_by_day))

    def ever(self) -> float:
        """Return the Credits of all that was ever started on this computer."""
        return self._journal.spent((0.0, self._journal.mint_now() + 1.0))[0].credits

    def today(self, *but: Job) -> float:
        """Return the Credits of what was started today: paid, reserved, or expected.

        Includes what other processes have started until this moment, and leaves out these jobs.
        """
        day = bounds_of(date_of(self._journal.mint_now()))
        return self._journal.spent(day)[0].credits - sum(map(self.of, but))

    def of(self, job: Job) -> float:
        """Return the Credits that a job adds to those of today."""
        now = self._journal.mint_now()
        today = date_of(now)
        return sum(
            attempt.cost
            for attempt in job.attempts
            if (at := attempt.arose_at) is None or date_of(at) == today
        )
