# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the journal in memory: a window reads them many times a second.

What is changed here is committed first; `reread` brings what the worker or another process wrote.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from ...message import Message
from ...mint.account import Account
from .. import stage_durations
from ..budget import spending
from ..budget.prices import NotPossible
from ..job import Job
from ..job_values import Decision, Hold
from ..phases import Phase
from ..stage_durations import Moves, Stage
from .journal import Journal, Unreadable

LATEST = 500
"""How many of the latest jobs are used to estimate how long a stage takes."""


class JobCache:
    """The jobs on the list, their history, and what they and the dismissed jobs have cost."""

    def __init__(self, journal: Journal) -> None:
        self.version = 0  # grows with every change of the list
        self._journal = journal
        self._read_all()

    def _read_all(self) -> None:
        # Read before the jobs: what is written in between is then read twice instead of missed.
        self._revision, self._serial = self._journal.revision(), self._journal.changes(0)[0]
        self._account = self._journal.look_up_account()
        self._jobs: dict[str, Job] = {}
        self._unreadable: dict[str, Unreadable] = {}
        for each in self._journal.records():
            self._keep(each)
        # read when first needed
        self._dismissed: tuple[list[spending.SpendingEntry], float | None] | None = None
        self.version += 1
        self._read_all_moves()

    def _read_all_moves(self) -> None:
        self._moves = self._journal.moves()
        self._entries: dict[str, tuple[Job, spending.SpendingEntry | None]] = {}
        self._forget_totals()

    def _forget_totals(self) -> None:
        """Forget what was computed from many jobs; it is computed again when it is asked for."""
        self._usual: dict[Stage, float] | None = None
        self._last_optimization: tuple[float | None] | None = None

    def _keep(self, record: Job | Unreadable) -> None:
        if isinstance(record, Job):
            self._jobs[record.id] = record
            self._unreadable.pop(record.id, None)
        else:
            self._unreadable[record.id] = record
            self._jobs.pop(record.id, None)

    # -- reading

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def newest_first(self) -> list[Job]:
        """Return every job on the list, newest first."""
        return sorted(self, key=_newest_first)

    def unreadable(self) -> list[Unreadable]:
        """Return the records that cannot be read, newest first."""
        return sorted(self._unreadable.values(), key=lambda each: (-each.created_at, each.id))

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None if it is not on the list."""
        return self._jobs.get(job_id)

    def find(self, prefix: str) -> Job:
        """Return a job by its id or a unique prefix of it.

        Raises:
            NotPossible: There is no such job, or several.
        """
        if job := self.get(prefix):
            return job
        matches = [job for job in self if job.id.startswith(prefix)] if prefix else []
        if len(matches) != 1:
            raise NotPossible(
                Message('There is no job "{beginning}" in the journal.', beginning=prefix)
                if not matches
                else Message('More than one job begins with "{beginning}".', beginning=prefix)
            )
        return matches[0]

    def moves(self, job: Job) -> Moves:
        """Return when the job entered which phase, as of the last `reread`."""
        return self._moves.get(job.id, ())

    @property
    def usual(self) -> Mapping[Stage, float]:
        """How many seconds each stage has taken in the latest jobs."""
        if self._usual is None:
            latest = heapq.nsmallest(LATEST, self, key=_newest_first)
            self._usual = stage_durations.usual_seconds(latest, self._moves)
        return self._usual

    @property
    def paid_for_optimizing(self) -> float | None:
        """The Credits that Mint took for the latest optimization, or None if there was none.

        Jobs on the list count first, then the dismissed ones.
        """
        if self._last_optimization is None:
            jobs = (job for job in self.newest_first() if job.hold is not Hold.FOREIGN)
            self._last_optimization = (spending.paid_for_optimizing(jobs),)
        return self._last_optimization[0] or self._of_dismissed()[1]

    @property
    def serial(self) -> int:
        """A number that changes when the worker, or another process, has written a job."""
        return self._serial

    def spending_entries(self) -> list[spending.SpendingEntry]:
        """Return the cost of each job of the last days, dismissed ones included.

        Jobs of other accounts are left out.
        """
        now = time.time()
        listed = (self._entry(job, now) for job in self if job.hold is not Hold.FOREIGN)
        return [*self._of_dismissed()[0], *(entry for entry in listed if entry)]

    def _entry(self, job: Job, now: float) -> spending.SpendingEntry | None:
        """Return the cost of a job, computed again only when the job or its moves have changed."""
        known = self._entries.get(job.id)
        if known is not None and known[0] is job:
            return known[1]
        entry = spending.entry(job, self.moves(job), now)
        if not spending.arises_now(job):
            self._entries[job.id] = job, entry
        return entry

    def spent_for(self, job: Job) -> float:
        """Return the Credits that this job adds to today's total."""
        now = time.time()
        entry = self._entry(job, now)
        return spending.spent_on([entry] if entry else [], spending.date_of(now))

    def _of_dismissed(self) -> tuple[list[spending.SpendingEntry], float | None]:
        """Return the costs of recently dismissed jobs, and that of their latest optimization."""
        if self._dismissed is None:
            now = time.time()
            dismissed = self._journal.dismissed(now - (spending.DAYS + 1) * 24 * 3600.0)
            jobs = [job for job in dismissed if job.hold is not Hold.FOREIGN]
            moves = self._journal.moves([job.id for job in jobs])
            entries = [entry for job in jobs if (entry := spending.entry(job, moves[job.id], now))]
            self._dismissed = (
                entries,
                spending.paid_for_optimizing(sorted(jobs, key=lambda job: -job.created_at)),
            )
        return self._dismissed

    # -- keeping up

    def reread(self) -> bool:
        """Read what the worker or another process wrote. Returns whether anything changed.

        Costs next to nothing when nothing was written.
        """
        revision = self._journal.revision()
        if revision == self._revision:
            return False
        if self._journal.look_up_account() != self._account:
            # whether a job belongs to the account may be known now
            self._read_all()
            return True
        self._serial, changes = self._journal.changes(self._serial)
        # not before they were read: what could not be read now is read the next time
        self._revision = revision
        before = {job_id: self._jobs.get(job_id) for job_id in changes}
        for job_id, job in changes.items():
            if job is None:
                self._remove(job_id)
            elif job != before[job_id]:  # what was written here is known already
                self._put(job)
        self._reread_moves(
            [job_id for job_id, job in changes.items() if _phase(before[job_id]) is not _phase(job)]
        )
        return any(before[job_id] != job for job_id, job in changes.items())

    def set_account(self, account: Account) -> None:
        """Talk to another account from now on: each job may match it differently."""
        self._journal.set_account(account)
        self._read_all()

    def _reread_moves(self, job_ids: Collection[str]) -> None:
        if not job_ids:  # nearly every poll changes a job, but not its phase
            return
        self._moves.update(self._journal.moves(job_ids))
        for job_id in job_ids:
            self._entries.pop(job_id, None)
        self._forget_totals()

    # -- writing

    @contextmanager
    def single_commit(self) -> Iterator[None]:
        """Make all changes inside one commit, based on what has just been reread.

        If that fails, nothing is changed here either.
        """
        before = self._jobs
        try:
            with self._journal.single_commit():
                self.reread()
                before = dict(self._jobs)
                yield
        except BaseException:
            self._jobs = before
            self.version += 1
            raise

    def add(self, *jobs: Job) -> list[Job]:
        """Commit new jobs, all or none. Returns them as stored."""
        kept = self._journal.add(*jobs)
        self._put(*kept)
        return kept

    def save(self, job: Job) -> None:
        """Commit a job that nothing drives."""
        self._journal.save(job)
        self._put(job)

    def decide(self, job: Job, decision: Decision) -> Job | None:
        """Return the job with this decision committed, or None if that is no longer possible.

        The list then shows what the job is now.
        """
        if not self._journal.decide(job.id, decision):
            self.reread()
            return None
        decided = replace(job, decision=decision)
        self._put(decided)
        return decided

    def dismiss(self, job: Job | Unreadable) -> None:
        """Remove a job from the list. What it cost stays known."""
        self._journal.dismiss(job.id)
        self._remove(job.id)

    def restore_dismissed(self, start: str) -> None:
        """Put dismissed jobs back on the list whose batch line begins like this."""
        self._put(*self._journal.restore_dismissed(start))
        self._dismissed = None
        self._read_all_moves()

    def _put(self, *jobs: Job | Unreadable) -> None:
        self.version += 1
        for job in jobs:
            self._keep(job)

    def _remove(self, job_id: str) -> None:
        self.version += 1
        self._jobs.pop(job_id, None)
        self._unreadable.pop(job_id, None)
        self._dismissed = None


def _newest_first(job: Job) -> tuple[float, str]:
    return -job.created_at, job.id


def _phase(job: Job | Unreadable | None) -> Phase | None:
    return job.phase if isinstance(job, Job) else None
