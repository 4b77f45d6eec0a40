# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of every job, in SQLite: committed before anything is sent, and after every answer.

Two writers never overwrite each other: the worker that drives a job writes its record; a decision
has a column of its own, and only the answer to that decision removes it. Each thread opens a
journal of its own on the same file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ...message import Message
from ...mint.account import Owner
from ...mint.schema import Kind
from ..budget import spending
from ..job import Job
from ..job_values import Decision
from ..phases import HOLDS_SLOT, Phase, may_decide
from .database import JournalError
from .job_locks import ProcessLock
from .journal_reader import JournalReader
from .serialization import Unreadable, dump, dump_decision
from .tables import phase_moves, summaries
from .tables.jobs import DRIVEN

log = logging.getLogger(__name__)

__all__ = ["Journal", "JournalError", "Unreadable"]


class Journal(JournalReader):
    """The jobs of all accounts that use this folder. Not to be shared between threads."""

    # -- writing

    def add(self, *jobs: Job) -> list[Job]:
        """Commit new jobs, all or none. Returns them as stored, owned by the current account."""
        with self._db.transaction():
            self.look_up_account()
            owned = [self._owned(job) for job in jobs]
            for job in owned:
                owner = job.owner or Owner("", "")
                self._db.rows(
                    "INSERT INTO jobs (id, created_at, kind, phase, record, origin, account) VALUES"
                    " (?, ?, ?, ?, ?, ?, ?)",
                    *(job.id, job.created_at, _kind(job), job.phase.value, dump(job)),
                    *(owner.origin, owner.account),
                )
                phase_moves.note(self._db, job.id, job.phase)
                self._note_content(job.id, job)
                self._note_line(job)
        for job in owned:
            log.info("Job %s: new (%s, %s), %s", job.id, _kind(job), job.request.preset, job.phase)
        return owned

    def _owned(self, job: Job) -> Job:
        if self.current_account is None:
            return job
        owner = job.owner or self.current_account.owner or Owner(self.current_account.origin, "")
        owner = self._accounts.resolved_owner(owner) if owner.account else owner
        return replace(
            job,
            owner=owner if owner.origin or owner.account else None,
            hold=self.current_account.hold(owner),
        )

    def save(self, job: Job, *, answered: Decision | None = None) -> None:
        """Commit a job as it now is.

        `answered` is the decision that has been answered; the same commit removes it.
        """
        with self._db.transaction():
            before = self._db.row("SELECT phase FROM jobs WHERE id = ?", job.id)
            self._db.rows(
                "UPDATE jobs SET phase = ?, record = ? WHERE id = ?",
                job.phase.value,
                dump(job),
                job.id,
            )
            if before is not None and before[0] != job.phase.value:
                phase_moves.note(self._db, job.id, job.phase)
            elif answered is not None and spending.costs_more(answered):
                # Mint was done when it answered: what the click has cost still arises now.
                phase_moves.note(self._db, job.id, Phase.WORKING)
                phase_moves.note(self._db, job.id, job.phase)
            if answered is not None:
                self._db.rows(
                    "UPDATE jobs SET decision = NULL WHERE id = ? AND decision = ?",
                    job.id,
                    dump_decision(answered),
                )
            self._note_content(job.id, job)
        if before is not None and before[0] != job.phase.value:
            _log_move(job)
        self._ledgers.note_if_possible(job)

    def set_owner(self, job_id: str, owner: Owner) -> None:
        """Commit that a job belongs to this account: another machine has sent it with its key."""
        with self._db.transaction():
            self._db.rows(
                "UPDATE jobs SET origin = ?, account = ? WHERE id = ?",
                *(owner.origin, owner.account, job_id),
            )
            self._note_content(job_id)

    def decide(self, job_id: str, decision: Decision) -> bool:
        """Commit a decision.

        Returns False, and stores nothing, when the job has moved on or has another decision.
        """
        with self._db.transaction():
            self.look_up_account()
            job = self.job(job_id)
            pending = job.decision.verb if job and job.decision else None
            if (
                job is None
                or job.hold is not None
                or not may_decide(decision.verb, job.phase, pending)
            ):
                return False
            self._db.rows(
                "UPDATE jobs SET decision = ? WHERE id = ?",
                dump_decision(decision),
                job_id,
            )
            self._note_content(job_id)
            if (job := self.job(job_id)) is not None:
                self._note_line(job)
        log.info("Job %s: decided to %s", job_id, decision.verb)
        return True

    def dismiss(self, job_id: str) -> None:
        """Remove a job from the list. What it cost stays known."""
        with self._db.transaction():
            self._db.rows("UPDATE jobs SET dismissed = 1 WHERE id = ?", job_id)
            if summaries.is_waiting(self._db, job_id):
                self._note_content(job_id)
            else:
                summaries.touch(self._db, job_id, self._note_change(job_id))

    def restore_dismissed(self, start: str) -> list[Job]:
        """Put dismissed jobs whose batch line begins like this back on the list."""
        found = self.jobs_of_lines(start, dismissed=True)
        if found:
            with self._db.transaction():
                for job in found:
                    self._db.rows("UPDATE jobs SET dismissed = 0 WHERE id = ?", job.id)
                    self._note_content(job.id)
        return found

    # -- between processes

    def claim(self, job_id: str, process: ProcessLock) -> Job | None:
        """Drive this job from now on, and return it.

        Returns None when the job does not exist, was dismissed, cannot be read, is driven by
        another living process, or belongs to another account. A job without an owner belongs to
        the current account from then on.
        """
        with self._db.transaction():
            query = "SELECT process, origin, account FROM jobs WHERE id = ? AND NOT dismissed"
            found = self._db.row(query, job_id)
            if found is None or (found[0] != process.name and process.is_alive(found[0])):
                return None
            self.look_up_account()
            if not self._is_mine(*found[1:]) or self.job(job_id) is None:
                return None
            self._db.rows("UPDATE jobs SET process = ? WHERE id = ?", process.name, job_id)
            if (
                self.current_account is not None
                and self.current_account.owner is not None
                and self.current_account.is_identified
                and not found[2]
            ):
                owner = self.current_account.owner
                self._db.rows(
                    "UPDATE jobs SET origin = ?, account = ? WHERE id = ?",
                    owner.origin,
                    owner.account,
                    job_id,
                )
                self._note_content(job_id)
        return self.job(job_id)

    def release(self, job_id: str, process: ProcessLock) -> None:
        """Stop driving this job."""
        self._db.rows(
            "UPDATE jobs SET process = NULL WHERE id = ? AND process = ?", job_id, process.name
        )

    def is_driven_elsewhere(self, job_id: str, process: ProcessLock) -> bool:
        """Return whether another living process drives the job."""
        found = self._db.row("SELECT process FROM jobs WHERE id = ?", job_id)
        return found is not None and found[0] != process.name and process.is_alive(found[0])

    def is_driven(self, job_id: str, process: ProcessLock) -> bool:
        """Return whether a living process drives the job, this one included."""
        found = self._db.row("SELECT process FROM jobs WHERE id = ?", job_id)
        return found is not None and process.is_alive(found[0])

    def driven(self, process: ProcessLock) -> frozenset[str]:
        """Return the jobs that living processes drive, this one included."""
        rows = self._db.rows(f"SELECT id, process FROM jobs WHERE {DRIVEN}")  # noqa: S608 - our constant
        alive = {name for name in {name for _, name in rows} if process.is_alive(name)}
        return frozenset(job_id for job_id, name in rows if name in alive)

    def pending_decisions(self, process: ProcessLock) -> dict[str, Decision]:
        """Return the unanswered decisions about jobs that this process drives."""
        jobs = self._read("WHERE process = ? AND decision IS NOT NULL", process.name)
        return {
            job.id: job.decision
            for job in jobs
            if isinstance(job, Job) and job.decision is not None
        }

    def take_slot(self, job_id: str, kind: Kind | None, most: int, process: ProcessLock) -> bool:
        """Move a waiting job to SENDING, if fewer than `most` of its kind are active.

        Counts all living processes together. Without a kind there is no limit.
        """
        with self._db.transaction():
            if self._db.row("SELECT 1 FROM jobs WHERE id = ? AND decision IS NOT NULL", job_id):
                return False  # a click has come first: nothing is sent for what was just canceled
            if kind is not None and self._active(job_id, kind, process) >= most:
                return False
            self._db.rows("UPDATE jobs SET phase = ? WHERE id = ?", Phase.SENDING.value, job_id)
            phase_moves.note(self._db, job_id, Phase.SENDING)
            self._note_content(job_id)
        log.info("Job %s: %s", job_id, Phase.SENDING)
        return True

    def is_line_sent_elsewhere(self, job: Job) -> bool:
        """Return whether another journal has started a batch line that this one has not.

        Raises:
            OSError: The ledger in the batch's folder cannot be read.
        """
        return self._ledgers.is_sent_elsewhere(job)

    def note_sent_line(self, job: Job) -> None:
        """Write in the ledger that a batch line is sent, unless it says so already.

        Raises:
            OSError: The ledger in the batch's folder cannot be read or written.
        """
        self._ledgers.note_sent(job)

    def _active(self, job_id: str, kind: Kind, process: ProcessLock) -> int:
        """Return how many other jobs of this kind are in flight with this account.

        Counts all living processes.
        """
        phases = tuple(phase.value for phase in HOLDS_SLOT)
        query = (
            "SELECT process, origin, account FROM jobs WHERE kind = ? AND phase IN (?, ?) AND id"
            " != ?"
        )
        holders = self._db.rows(query, kind.value, *phases, job_id)
        return sum(
            process.is_alive(name)
            for name, origin, account in holders
            if self._is_mine(origin, account)
        )

    def _note_line(self, job: Job) -> None:
        """Write a batch line's entry to its ledger, before anything is sent for it."""
        try:
            self._ledgers.note(job)
        except OSError as error:
            reason = error.strerror or error
            raise JournalError(
                Message(
                    "The ledger in the batch folder cannot be written ({reason}). Nothing"
                    " was sent.",
                    reason=reason,
                )
            ) from error

    def _note_change(self, job_id: str) -> int:
        """Let readers know that a job has changed; return the serial of the change."""
        self._catch_up()
        query = "INSERT OR REPLACE INTO changes (job) VALUES (?) RETURNING serial"
        return int(self._db.rows(query, job_id)[0][0])

    def _note_content(self, job_id: str, record: Job | None = None) -> None:
        """Note a change that the summary of the job depends on, and write that.

        `record` is the job as its record says, if it was not read.
        """
        self._summarize(job_id, self._note_change(job_id), record)

    @contextmanager
    def single_commit(self) -> Iterator[None]:
        """Write everything inside in one commit. No other process writes meanwhile."""
        with self._db.single_commit():
            yield


def _kind(job: Job) -> str:
    """Return the kind that counts for slots at Mint, of which a conversion takes none."""
    return "conversion" if job.convert else job.kind.value


def _log_move(job: Job) -> None:
    """Log the phase that a job has entered, with the operation or the problem."""
    operation = job.operation.id if job.operation else "none"
    if job.problem is None:
        log.info("Job %s: %s, operation %s", job.id, job.phase, operation)
        return
    log.info(
        "Job %s: %s, operation %s, problem %s, code %s, request id %s",
        *(job.id, job.phase, operation),
        *(job.problem.cause, job.problem.code or "none", job.problem.request_id or "none"),
    )
