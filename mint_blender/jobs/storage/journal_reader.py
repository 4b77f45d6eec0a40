# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the journal, and read jobs from it: the part of `Journal` that changes no job."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from ...mint.account import Account, Owner
from ..job import Job, asset_of
from ..phases import Phase
from . import job_owners
from .batch_ledger import Ledgers
from .database import Database
from .job_owners import AccountMatch, Accounts, CurrentAccount
from .serialization import Unreadable, load, load_decision
from .tables import phase_moves
from .tables.jobs import TABLES
from .tables.phase_moves import Moves
from .tables.upload_cache import UploadCache

log = logging.getLogger(__name__)


_VERSION = 1
# The columns that `_read` expects.
_SELECT = "SELECT id, created_at, record, phase, decision, origin, account FROM jobs "


class JournalReader:
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
