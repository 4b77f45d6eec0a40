# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of every job, in SQLite: committed before anything is sent, and after every answer.

Two writers never overwrite each other: the worker that drives a job writes its record; a decision
has a column of its own, and only the answer to that decision removes it. Each thread opens a
journal of its own on the same file.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ...message import Message
from ...mint.account import Account, Owner
from ...mint.schema import Kind
from ..job import Job, asset_of
from ..job_values import Decision
from ..phases import HOLDS_SLOT, Phase, may_decide
from . import job_owners, phase_moves
from .batch_ledger import Ledgers
from .database import Database, JournalError
from .job_locks import ProcessLock
from .job_owners import AccountMatch, Accounts, CurrentAccount
from .phase_moves import Moves
from .serialization import Unreadable, dump, dump_decision, load, load_decision
from .tables import TABLES
from .upload_cache import UploadCache

__all__ = ["Journal", "JournalError", "Unreadable"]

log = logging.getLogger(__name__)


_VERSION = 1
# The columns that `_read` expects.
_SELECT = "SELECT id, created_at, record, phase, decision, origin, account FROM jobs "


class Journal:
    """The jobs of all accounts that use this folder. Not to be shared between threads.

    Only jobs of `current_account` are driven, decided about and counted; None until it is set.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "journal.sqlite3"
        self.current_account: CurrentAccount | None = None
        self._account: Account | None = None
        self._unreadable: set[str] = set()  # already logged
        self._db = Database(self.path)
        self._accounts = Accounts(self._db)
        self._db.prepare(_VERSION, *TABLES, *job_owners.TABLES, *phase_moves.TABLES)
        self._ledgers = Ledgers(self.path)
        self.uploads = UploadCache(self._db)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # -- whose jobs

    def set_account(self, account: Account) -> None:
        """Talk to this account from now on."""
        self._account, self.current_account = account, self._accounts.current_account(account)

    def look_up_account(self) -> CurrentAccount | None:
        """Return the current account, with what other threads and processes have stored."""
        if (
            self._account is not None
            and self.current_account is not None
            and not self.current_account.is_identified
        ):
            self.current_account = self._accounts.current_account(self._account)
        return self.current_account

    def resolve_account(self, user_id: str | None) -> None:
        """Store whose key is in use, and give that account what the key owned.

        `user_id` is None if Mint does not say.
        """
        if self._account is not None and self.current_account is not None:
            self._accounts.resolve_account(self.current_account, user_id)
            self.set_account(self._account)

    def release_unsent_jobs(self) -> None:
        """Take unsent jobs from the key in use, which Mint refuses."""
        if self.current_account is not None and self.current_account.owner is not None:
            self._accounts.release_unsent_jobs(self.current_account)

    def _is_mine(self, origin: str, account: str) -> bool:
        return (
            self.current_account is None
            or self.current_account.match(Owner(origin, account)) is AccountMatch.MINE
        )

    # -- reading

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None if it does not exist or cannot be read."""
        found = next(self._read("WHERE id = ?", job_id), None)
        return found if isinstance(found, Job) else None

    def jobs(self) -> list[Job]:
        """Return every readable job on the list, newest first."""
        return [each for each in self.records() if isinstance(each, Job)]

    def records(self) -> list[Job | Unreadable]:
        """Return everything on the list, newest first."""
        return list(self._read("WHERE NOT dismissed ORDER BY created_at DESC, id"))

    def moves(self, job_ids: Collection[str] | None = None) -> Moves:
        """Return when these jobs, or all jobs, entered which phase."""
        return phase_moves.read(self._db, job_ids)

    def dismissed(self, since: float) -> list[Job]:
        """Return the dismissed jobs that were created or worked on since then."""
        clause = (
            "WHERE dismissed AND (created_at >= ? OR id IN (SELECT job FROM moves WHERE at >= ?))"
        )
        return [each for each in self._read(clause, since, since) if isinstance(each, Job)]

    def restore_dismissed(self, start: str) -> list[Job]:
        """Put dismissed jobs whose batch line begins like this back on the list."""
        dismissed = (each for each in self._read("WHERE dismissed") if isinstance(each, Job))
        found = [
            job
            for job in dismissed
            if job.delivery.line is not None and job.delivery.line.startswith(start)
        ]
        with self._db.transaction():
            for job in found:
                self._db.rows("UPDATE jobs SET dismissed = 0 WHERE id = ?", job.id)
                self._note_change(job.id)
        return found

    def assets(self, *, exclude: str) -> frozenset[str]:
        """Return the ids of the assets of all jobs but this one, dismissed jobs included."""
        jobs = (each for each in self._read("WHERE id != ?", exclude) if isinstance(each, Job))
        return frozenset(asset for job in jobs if (asset := asset_of(job)))

    def revision(self) -> int:
        """Return a number that changes when another process, or another thread, has written."""
        return int(self._db.rows("PRAGMA data_version")[0][0])

    def changes(self, since: int) -> tuple[int, dict[str, Job | Unreadable | None]]:
        """Return the serial for the next call, and the jobs that have changed after `since`, by id.

        None in place of a job: it was dismissed.
        """
        with self._db.transaction("DEFERRED"):
            newest = int(self._db.rows("SELECT coalesce(max(serial), 0) FROM changes")[0][0])
            query = "SELECT id FROM jobs JOIN changes ON job = id WHERE serial > ? AND dismissed"
            changed: dict[str, Job | Unreadable | None] = dict.fromkeys(
                job_id for (job_id,) in self._db.rows(query, since)
            )
            jobs = self._read("JOIN changes ON job = id WHERE serial > ? AND NOT dismissed", since)
            changed.update((job.id, job) for job in jobs)
        return newest, changed

    def _read(self, clause: str, *values: str | float) -> Iterator[Job | Unreadable]:
        """Yield the jobs of these rows; an unreadable record does not hide the others."""
        for job_id, created_at, text, phase, decision, origin, account in self._db.rows(
            _SELECT + clause, *values
        ):
            try:
                job = load(text, load_decision(decision), Phase(phase))
                if job.id != job_id:
                    raise KeyError(job_id)  # the record of another job
            except Exception as error:  # noqa: BLE001 - a damaged record concerns its job alone
                if job_id not in self._unreadable:
                    self._unreadable.add(job_id)
                    name = type(error).__name__
                    log.warning("The record of job %s cannot be read: %s", ascii(job_id), name)
                yield Unreadable(job_id, created_at)
            else:
                owner = Owner(origin, account) if origin or account else None
                yield replace(
                    job,
                    owner=owner,
                    hold=self.current_account.hold(owner) if self.current_account else None,
                )

    # -- writing

    def add(self, *jobs: Job) -> list[Job]:
        """Commit new jobs, all or none. Returns them as stored, owned by the current account."""
        with self._db.transaction():
            self.look_up_account()
            owned = [self._owned(job) for job in jobs]
            for job in owned:
                # The kind counts for slots at Mint, of which a conversion takes none.
                kind = "conversion" if job.convert else job.kind.value
                owner = job.owner or Owner("", "")
                self._db.rows(
                    "INSERT INTO jobs (id, created_at, kind, phase, record, origin, account) VALUES"
                    " (?, ?, ?, ?, ?, ?, ?)",
                    *(job.id, job.created_at, kind, job.phase.value, dump(job)),
                    *(owner.origin, owner.account),
                )
                phase_moves.note(self._db, job.id, job.phase)
                self._note_change(job.id)
                self._note_line(job)
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
            if answered is not None:
                self._db.rows(
                    "UPDATE jobs SET decision = NULL WHERE id = ? AND decision = ?",
                    job.id,
                    dump_decision(answered),
                )
            self._note_change(job.id)
        self._ledgers.note_if_possible(job)

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
            self._note_change(job_id)
            if (job := self.job(job_id)) is not None:
                self._note_line(job)
        return True

    def dismiss(self, job_id: str) -> None:
        """Remove a job from the list. What it cost stays known."""
        with self._db.transaction():
            self._db.rows("UPDATE jobs SET dismissed = 1 WHERE id = ?", job_id)
            self._note_change(job_id)

    # -- between processes

    def claim(self, job_id: str, process: ProcessLock) -> Job | None:
        """Drive this job from now on, and return it.

        Returns None when the job does not exist, cannot be read, is driven by another living
        process, or belongs to another account. A job without an owner belongs to the current
        account from then on.
        """
        with self._db.transaction():
            found = self._db.row("SELECT process, origin, account FROM jobs WHERE id = ?", job_id)
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
                self._note_change(job_id)
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
        rows = self._db.rows("SELECT id, process FROM jobs WHERE process IS NOT NULL")
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
            self._note_change(job_id)
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

    def _note_change(self, job_id: str) -> None:
        self._db.rows("INSERT OR REPLACE INTO changes (job) VALUES (?)", job_id)

    @contextmanager
    def single_commit(self) -> Iterator[None]:
        """Write everything inside in one commit. No other process writes meanwhile."""
        with self._db.single_commit():
            yield
