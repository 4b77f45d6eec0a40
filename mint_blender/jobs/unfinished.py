# SPDX-License-Identifier: GPL-3.0-or-later
"""Resume what an earlier session has left, and hold back what it has never sent."""

from __future__ import annotations

import time

from .budget import spending
from .budget.prices import Budget
from .engine.job_runner import JobRunner
from .job import Job, is_never_sent
from .queries import KeyOwner
from .storage import job_cache
from .storage.job_cache import holds_back


class UnfinishedJobs:
    """The jobs that nothing runs for, although they are not over.

    Jobs that were sent resume by themselves. Jobs that were never sent form a queue that waits for
    a person: resuming them costs Credits.
    """

    def __init__(self, runner: JobRunner, budget: Budget) -> None:
        self._runner = runner
        self._budget = budget
        self.queue: tuple[Job, ...] = ()
        """The jobs of an earlier session that were never sent, oldest first.

        As of the last `resume_all`, `take_over` or `refresh_queue`.
        """
        self.queue_credits = 0.0
        """Their expected cost, as far as it is known."""
        self._queued: frozenset[str] = frozenset()  # their ids
        # what `are_elsewhere` has returned, and for which jobs
        self._elsewhere: tuple[int, tuple[Job, ...], bool] = (-1, (), False)

    def resume_all(self) -> list[Job]:
        """Resume every job that the end of a process interrupted, and return them.

        What waits for a person keeps waiting; what was never sent waits for `continue_queue`,
        unless it was started in this session.
        """
        self.resume_own()
        runner = self._runner
        idle = [job for job in runner.jobs() if job.is_resumable and not runner.is_active(job.id)]
        resumed = [job for job in idle if not holds_back(job) and runner.wake(job)]
        self.refresh_queue()
        return resumed

    def resume_own(self) -> None:
        """Have the worker identify the account, and resume the jobs that belong to it."""
        runner = self._runner
        wanted = [
            job
            for job in runner.jobs()
            if runner.account.key and job.awaits_identity and not holds_back(job)
        ]
        for job in wanted:
            if not runner.is_active(job.id):
                runner.wake_own(job)
        if not wanted:
            self.identify_account()

    def identify_account(self) -> None:
        """Ask whose key is in use, if jobs wait for nothing but that."""
        runner = self._runner
        if (
            runner.account.key
            and not runner.queries.is_pending(KeyOwner())
            and any(job.awaits_identity for job in runner.cache)
        ):
            runner.queries.ask(KeyOwner())

    # -- the queue of an earlier session

    def refresh_queue(self) -> tuple[Job, ...]:
        """Return the queue as it is now. Resumes nothing.

        Without the jobs that a living process has in its own queue, and those of another account.
        """
        runner, before = self._runner, time.time() - job_cache.JUST_NOW
        held = (job for job in runner.cache if holds_back(job) and job.created_at < before)
        found = [job for job in held if not runner.is_active(job.id) and job.hold is None]
        driven = runner.journal.driven(runner.process) if found else frozenset()
        jobs = sorted(
            (job for job in found if job.id not in driven),
            key=lambda job: (job.created_at, job.id),
        )
        if tuple(jobs) != self.queue:
            self.queue, self.queue_credits = tuple(jobs), sum(map(spending.committed, jobs))
            self._queued = frozenset(job.id for job in jobs)
        return self.queue

    def is_held_back(self, job_id: str) -> bool:
        """Return whether a job is in the queue."""
        return job_id in self._queued

    def is_unclaimed(self, job: Job) -> bool:
        """Return whether nothing was sent for this job, and no living process is about to send it.

        It can then be canceled at once, without telling Mint or a process.
        """
        runner = self._runner
        is_free = job.hold is None and is_never_sent(job)
        return is_free and job.id not in runner.journal.driven(runner.process)

    def continue_queue(self) -> list[Job]:
        """Send the queued jobs, and return them. Raises TooExpensive."""
        self._runner.reread()
        queued = self.refresh_queue()
        self._budget.check(list(map(self._budget.of_queued, queued)), *queued)
        sent = [job for job in queued if self._runner.wake(job)]
        self.refresh_queue()
        return sent

    def discard_queue(self) -> None:
        """Cancel the queued jobs. Nothing was sent for them, and nothing will be."""
        cache = self._runner.cache
        with cache.single_commit():
            for job in self.refresh_queue():
                cache.cancel(job)
        self.refresh_queue()

    # -- jobs of other processes

    @property
    def are_elsewhere(self) -> bool:
        """Whether another process drives a job that is in flight, or drove one until it died.

        The jobs are looked at only when they have changed.
        """
        version, queue, known = self._elsewhere
        if version != self._runner.version or queue is not self.queue:
            known = any(
                job.is_busy and not self._runner.is_active(job.id) and not self.is_held_back(job.id)
                for job in self._runner.cache
            )
            self._elsewhere = (self._runner.version, self.queue, known)
        return known

    def take_over(self) -> bool:
        """Drive the jobs whose process has died. Returns whether there were any."""
        runner, before = self._runner, self.queue
        left = [
            job
            for job in runner.jobs()
            if job.is_busy and not runner.is_active(job.id) and not holds_back(job)
        ]
        driven = runner.journal.driven(runner.process) if left else frozenset()
        orphans = [job for job in left if job.id not in driven and runner.wake(job)]
        has_queue_changed = self.refresh_queue() is not before
        return bool(orphans) or has_queue_changed
