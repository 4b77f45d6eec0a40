# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of batch lines, which the ledger in the batch's folder knows too."""

from __future__ import annotations

from dataclasses import replace

from ..mint.errors import MintError
from .engine.job_runner import JobRunner
from .job import Job
from .queries import KeyOwner
from .storage.job_owners import AccountMatch, owner_from_elsewhere


class OwnerUnknown(MintError):
    """Mint could not be asked whose key is in use."""

    retryable = True


class BatchJobs:
    """Finds the jobs of a batch, and adopts those that another journal has started."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner

    def find(self, start: str) -> list[Job]:
        """Return the jobs whose line begins like this. Dismissed ones are listed again."""
        self._runner.cache.restore_dismissed(start)
        return self._runner.journal.jobs_of_lines(start)

    def adopt(self, job: Job, *, is_newer: bool) -> Job:
        """Store a job from a ledger in this journal, with its id, keys and operations.

        With `is_newer`, another journal wrote the ledger's entry, and it replaces what this journal
        has. Otherwise only its paths are taken over: the folder may have been moved.
        """
        runner = self._runner
        mine = runner.journal.job(job.id)
        if mine is None:
            runner.cache.add(replace(job, decision=None, owner=owner_from_elsewhere(job)))
        else:
            if mine.delivery.line:
                runner.cache.restore_dismissed(mine.delivery.line)
            owner = owner_from_elsewhere(job)
            if is_newer and owner is not None and owner.account and owner != mine.owner:
                runner.journal.set_owner(job.id, owner)
            knows_more = (
                mine.operation is not None and job.operation is None and mine.key == job.key
            )
            job = job if is_newer and not knows_more else replace(mine, delivery=job.delivery)
            if job != mine and not runner.is_active(job.id) and not runner.is_driven_elsewhere(job):
                runner.cache.save(job)
        if job.decision is not None and runner.job(job.id).decision is None:
            runner.cache.decide(job, job.decision)
        return runner.job(job.id)

    def may_continue(self, job: Job) -> bool:
        """Return whether this account may resume a job from a ledger.

        May block to ask Mint whose key is in use, so it is only for scripts.

        Raises:
            OwnerUnknown: It depends on that, and Mint could not be asked.
        """
        runner = self._runner
        if self._match(job) is AccountMatch.UNKNOWN and runner.account.key:
            runner.ask_and_wait(KeyOwner())
            runner.reread()
            answer = runner.queries.answers.get(KeyOwner())
            is_unanswered = answer and answer.error and not answer.key_problem
            if answer and is_unanswered and self._match(job) is AccountMatch.UNKNOWN:
                raise OwnerUnknown(answer.error)
        return self._match(job) is AccountMatch.MINE

    def _match(self, job: Job) -> AccountMatch:
        current = self._runner.journal.look_up_account()
        return current.match(owner_from_elsewhere(job)) if current else AccountMatch.MINE
