# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of an earlier session: jobs that were never sent wait until a person says so.

Neither a restart nor a crash may spend Credits by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..budget import spending
from ..job import Job, is_never_sent
from .job_locks import ProcessLock
from .journal import Journal

JUST_NOW = 5.0  # seconds until another process drives a job that it has started
# The jobs that were started or resumed in this process: it is one session,
# however often a job service is opened in it.
_requested: set[str] = set()


@dataclass(frozen=True)
class Queue:
    """The waiting jobs, oldest first, and their expected cost as far as it is known."""

    jobs: tuple[Job, ...] = ()
    credits: float = 0.0

    @property
    def count(self) -> int:
        """How many jobs wait."""
        return len(self.jobs)


class UnsentJobs:
    """Knows which jobs are held back.

    `known` are the jobs on the list; `is_active` returns whether a workflow runs for a job here.
    """

    def __init__(
        self,
        journal: Journal,
        process: ProcessLock,
        known: Iterable[Job],
        is_active: Callable[[str], bool],
    ) -> None:
        self._journal = journal
        self._process = process
        self._known = known
        self._is_active = is_active
        self.now = Queue()
        self._ids: frozenset[str] = frozenset()

    def note_request(self, *job_ids: str) -> None:
        """Note that a person wants these jobs in this session."""
        _requested.update(job_ids)

    def holds_back(self, job: Job) -> bool:
        """Return whether the job waits: never sent, and not requested in this session."""
        return job.id not in _requested and is_never_sent(job)

    def is_listed(self, job_id: str) -> bool:
        """Return whether a job was in the queue at the last `refresh`."""
        return job_id in self._ids

    def is_unclaimed(self, job: Job) -> bool:
        """Return whether nothing was sent for this job, and no living process is about to send it.

        It can then be canceled at once, without telling Mint or a process.
        """
        return (
            job.hold is None
            and is_never_sent(job)
            and not self._journal.is_driven(job.id, self._process)
        )

    def refresh(self) -> Queue:
        """Return the queue as it is now.

        Without the jobs that a living process has in its own queue, and those of another account.
        """
        before = time.time() - JUST_NOW
        held = (job for job in self._known if self.holds_back(job) and job.created_at < before)
        candidates = [job for job in held if not self._is_active(job.id) and job.hold is None]
        driven = self._journal.driven(self._process) if candidates else frozenset()
        jobs = sorted(
            (job for job in candidates if job.id not in driven),
            key=lambda job: (job.created_at, job.id),
        )
        if tuple(jobs) != self.now.jobs:
            self.now = Queue(tuple(jobs), sum(spending.committed(job) for job in jobs))
            self._ids = frozenset(job.id for job in jobs)
        return self.now
