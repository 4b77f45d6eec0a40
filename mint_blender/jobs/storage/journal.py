# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of every job, in SQLite: committed before anything is sent, and after every answer.

Two writers never overwrite each other: the worker that drives a job writes its record; what may
cost Credits has rows of its own (`jobs.paid_requests`). Each thread opens a journal of its own on
the same file.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ...files import urls
from ...mint.account import Owner
from ...mint.schema import Kind
from ..budget.spending import finalized
from ..job import Job, is_unanswered, operation_of
from ..job_values import PAID_VERBS, Decision
from ..paid_requests.record import FOUND, PaidRequest, PaidVerb, of_operation, of_preview
from ..paid_requests.table import note_cost
from ..phases import HOLDS_SLOT, Phase, Verb, may_decide
from .database import JournalError
from .job_locks import ProcessLock
from .journal_reader import JournalReader
from .serialization import Unreadable, dump, with_requests
from .tables import DRIVEN, note_content, note_move

log = logging.getLogger(__name__)

__all__ = ["Journal", "JournalError", "Unreadable"]


class Journal(JournalReader):
    """The jobs of all accounts that use this folder. Not to be shared between threads."""

    # -- writing

    def add(self, *jobs: Job) -> list[Job]:
        """Commit new jobs, all or none. Returns them as stored, owned by the current account."""
        with self._db.transaction():
            self.look_up_account()
            added = []
            for job in map(self._owned, jobs):
                owner = job.owner or Owner("", "")
                self._db.rows(
                    "INSERT INTO jobs (id, created_at, kind, phase, record, client_request, origin,"
                    " account) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    *(
                        job.id,
                        job.created_at,
                        _kind(job),
                        job.phase.value,
                        dump(job),
                        _program(job),
                    ),
                    *(owner.origin, owner.account),
                )
                note_move(self._db, job.id, job.phase)
                for request in job.requests:
                    self.paid_requests.insert(request)
                added.append(self._note_content(job.id, job) or job)
        for job in added:
            log.info("Job %s: new (%s, %s), %s", job.id, _kind(job), job.request.preset, job.phase)
        return added

    def _owned(self, job: Job) -> Job:
        """Return a new job as it is stored: of the current account, and of this journal file."""
        ours = tuple(
            replace(
                each,
                journal=self.paid_requests.identity,
                born=each.born if each.attempts else self.mint_now(),
            )
            if not each.journal
            else each
            for each in job.requests
        )
        job = job if ours == job.requests else replace(job, requests=ours)
        if self.current_account is None:
            return job
        owner = job.owner or self.current_account.owner or Owner(self.current_account.origin, "")
        owner = self._accounts.resolved_owner(owner) if owner.account else owner
        return replace(
            job,
            owner=owner if owner.origin or owner.account else None,
            hold=self.current_account.hold(owner),
        )

    def save(self, job: Job, *, answered: Decision | None = None) -> Job:
        """Commit a job as it now is, and return it with what is never saved with it.

        `answered` is the decision that has been answered; the same commit removes it.
        """
        with self._db.transaction():
            query = "SELECT phase, cancel, origin, account FROM jobs WHERE id = ?"
            before = self._db.row(query, job.id)
            if before is None:
                return job
            was_in, is_canceled, *owner = before
            self._db.rows(
                "UPDATE jobs SET phase = ?, record = ?, client_request = ? WHERE id = ?",
                *(job.phase.value, dump(job), _program(job), job.id),
            )
            if was_in != job.phase.value:
                note_move(self._db, job.id, job.phase)
            if answered is not None and answered.verb is Verb.CANCEL:
                is_canceled = False
                self._db.rows("UPDATE jobs SET cancel = 0 WHERE id = ?", job.id)
            elif answered is not None:
                self.paid_requests.give_up(answered.key)  # unless Mint's answer is there
            owned = Owner(*owner) if any(owner) else None
            stored = self._with_rows(job, owned, is_canceled=bool(is_canceled))
            stored = self._note_content(job.id, stored)
        if was_in != job.phase.value:
            _log_move(job)
        return stored or job

    def decide(self, job_id: str, decision: Decision) -> Job | None:
        """Commit a decision. From a cancel on, nothing more is sent for the job.

        Returns the job with it; None, and stores nothing, when the job has moved on or has another
        decision.
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
                return None
            if is_canceled := decision.verb is Verb.CANCEL:
                self._db.rows("UPDATE jobs SET cancel = 1 WHERE id = ?", job_id)
                for request in job.requests:
                    self.paid_requests.cancel(request.key)
            else:
                self._order_decision(job, decision)
            job = self._with_rows(job, job.owner, is_canceled=is_canceled)
            job = self._note_content(job_id, job)
        log.info("Job %s: decided to %s", job_id, decision.verb)
        return job

    def _order_decision(self, job: Job, decision: Decision) -> None:
        verb, made = PAID_VERBS[decision.verb], operation_of(job).id
        picture = urls.content_key(job.previews[-1].url) if job.previews else str(job.revision)
        is_resumed = decision.verb is Verb.RESUME
        subject = of_operation(made) if is_resumed else of_preview(made, picture)
        self.paid_requests.order(
            subject,
            verb,
            job.id,
            now=self.mint_now(),
            body=json.dumps({"feedback": decision.feedback} if decision.feedback else {}),
            credits=decision.estimate,
            extra_credits=decision.optimize_estimate,
        )

    def order(
        self,
        job: Job,
        subject: str,
        verb: PaidVerb,
        *,
        body: str | None = None,
        prices: tuple[float | None, float | None] = (None, None),
    ) -> PaidRequest:
        """Commit that something else was ordered for a job, and return its record."""
        with self._db.transaction():
            if verb is not PaidVerb.OPTIMIZE and job.start_request and job.operation:
                # another attempt: the earlier one keeps what Mint has taken for good
                note_cost(self._db, job.start_request.key, finalized(job.operation))
            request = self.paid_requests.order(
                subject,
                verb,
                job.id,
                now=self.mint_now(),
                body=body,
                credits=prices[0],
                extra_credits=prices[1],
            )
            self._note_content(job.id)
        return request

    def adopt(self, job: Job, key: str, asset_id: str) -> PaidRequest | None:
        """Commit that a request in doubt has made an asset; None if another one has made it."""
        made = f"{FOUND}{asset_id}"
        with self._db.transaction():
            request = self.paid_requests.get(key)
            if request is None:
                return None
            is_taken = self.paid_requests.names(made) or asset_id in self.assets(exclude=job.id)
            if request.verb is PaidVerb.START and is_taken and request.operation != made:
                return None
            return self.paid_requests.answer(key, made)

    def close_request(self, key: str) -> PaidRequest | None:
        """Commit that a request is over: what it may have made is not at Mint, or not wanted."""
        with self._db.transaction():
            request = self.paid_requests.look(key)
            return self.paid_requests.give_up(key) if request and request.is_open else request

    def take_over(self, key: str) -> PaidRequest | None:
        """Commit that this copy of the journal may send a request: a person has said so."""
        return self.paid_requests.take_over(key)

    def dismiss(self, job_id: str) -> None:
        """Remove a job from the list. What it cost stays known."""
        with self._db.transaction():
            query = "UPDATE jobs SET dismissed = 1 WHERE id = ? RETURNING phase"
            is_paused = self._db.rows(query, job_id) == [(Phase.PAUSED.value,)]
            job = self.job(job_id) if is_paused else None
            if job is not None and is_unanswered(job):
                for request in job.requests:  # a person was told what became of it
                    self.paid_requests.give_up(request.key)
            self._note_content(job_id)

    def restore_dismissed(self, start: str) -> list[Job]:
        """Put dismissed jobs whose batch line begins like this back on the list."""
        found = self.jobs_of_lines(start, dismissed=True)
        if found:
            with self._db.transaction():
                for job in found:
                    self._db.rows("UPDATE jobs SET dismissed = 0 WHERE id = ?", job.id)
                    self._note_content(job.id)
        return found

    def restore(self, job_id: str) -> None:
        """Put a dismissed job back on the list."""
        with self._db.transaction():
            query = "UPDATE jobs SET dismissed = 0 WHERE id = ? AND dismissed RETURNING id"
            if self._db.rows(query, job_id):
                self._note_content(job_id)

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
            job = self.job(job_id) if self._is_mine(*found[1:]) else None
            if job is None:
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
                self._note_change(job_id)
                job = self.job(job_id)
        return job

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
        verbs = ", ".join(f"'{verb}'" for verb in PAID_VERBS.values())
        jobs = self._jobs(
            "WHERE process = ? AND (cancel OR EXISTS (SELECT 1 FROM paid_requests"  # noqa: S608 - our words
            f" WHERE job = id AND operation IS NULL AND closed IS NULL AND verb IN ({verbs})))",
            process.name,
        )
        return {job.id: job.decision for job in jobs if job.decision is not None}

    def take_slot(self, job_id: str, kind: Kind | None, most: int, process: ProcessLock) -> bool:
        """Move a waiting job to SENDING, if fewer than `most` of its kind are active.

        Counts all living processes together. Without a kind there is no limit.
        """
        with self._db.transaction():
            if self._db.row("SELECT 1 FROM jobs WHERE id = ? AND cancel", job_id):
                return False  # a click has come first: nothing is sent for what was just canceled
            if kind is not None and self._active(job_id, kind, process) >= most:
                return False
            self._db.rows("UPDATE jobs SET phase = ? WHERE id = ?", Phase.SENDING.value, job_id)
            note_move(self._db, job_id, Phase.SENDING)
            self._note_content(job_id)
        log.info("Job %s: %s", job_id, Phase.SENDING)
        return True

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

    def _note_change(self, job_id: str) -> None:
        """Let readers know that a job has changed."""
        self._db.rows("INSERT OR REPLACE INTO changes (job) VALUES (?)", job_id)

    def _note_content(self, job_id: str, job: Job | None = None) -> Job | None:
        """Note a change that the other columns of a job, or the costs of its requests, depend on.

        `job` is the job as it is stored, if it was not read. Returns it with those costs.
        """
        self._note_change(job_id)
        job = job or self.job(job_id)
        if job is None:
            return None
        is_dismissed = self._db.rows("SELECT dismissed FROM jobs WHERE id = ?", job_id) == [(1,)]
        return note_content(self._db, job, is_dismissed=is_dismissed)

    def _with_rows(self, job: Job, owner: Owner | None, *, is_canceled: bool) -> Job | None:
        """Return a job as it would be read; None if its paid requests cannot be read."""
        requests = self.paid_requests.of_jobs([job.id]).get(job.id, ())
        if requests is None:
            return None
        hold = self.current_account.hold(owner or Owner("", "")) if self.current_account else None
        job = with_requests(job, requests, is_canceled=is_canceled)
        return replace(job, owner=owner, hold=hold)

    @contextmanager
    def single_commit(self) -> Iterator[None]:
        """Write everything inside in one commit. No other process writes meanwhile."""
        with self._db.transaction():
            yield


def _kind(job: Job) -> str:
    """Return the kind that counts for slots at Mint: a conversion or a motion takes none."""
    return "conversion" if job.convert else "motion" if job.motion else job.kind.value


def _program(job: Job) -> str | None:
    return job.client_request.id if job.client_request else None


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
