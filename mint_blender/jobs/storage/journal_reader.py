# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the journal, and read jobs from it: the part of `Journal` that changes no job.

What is asked about many jobs is answered from columns with an index, not from records.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...files import file_identity
from ...mint.account import Account, Owner
from ...mint.schema import ENDED as ENDED_STATUSES
from ..budget.spending import SpendingEntry
from ..job import Job, asset_of
from ..job_values import Hold
from ..paid_requests import table
from ..paid_requests.record import PaidRequest
from ..paid_requests.table import PaidRequests
from ..phases import HAS_RESULT, Phase
from . import job_owners, migrations
from .database import Database
from .job_owners import Accounts, CurrentAccount
from .serialization import ROW, Unreadable, load_row
from .tables import (
    ENDED,
    OPEN,
    TABLES,
    UNREADABLE,
    Moves,
    Time,
    UploadCache,
    range_of,
    read_moves,
    spent,
    stored,
)

log = logging.getLogger(__name__)


_SELECT = f"SELECT {ROW} FROM jobs "  # noqa: S608 - our columns
PAGE = 500
"""Jobs that are read at once."""


def journal_file(home: Path) -> Path:
    """Return the path of the journal in the home folder."""
    return home / "journal.sqlite3"


class JournalReader:
    """The jobs of all accounts that use this folder. Not to be shared between threads.

    Only jobs of `current_account` are driven, decided about and counted; None until it is set.
    """

    def __init__(self, home: Path) -> None:
        self.path = journal_file(home)
        self.current_account: CurrentAccount | None = None
        self._account: Account | None = None
        self._unreadable: set[str] = set()  # already logged
        self._db = Database(self.path)
        self._accounts = Accounts(self._db)
        parts = (job_owners, table)
        tables = (*TABLES, *(each for part in parts for each in part.TABLES))
        self._db.prepare(migrations.VERSION, migrations.MIGRATIONS, *tables)
        self.paid_requests = PaidRequests(self._db, file_identity.identity(self.path))
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
            or self.current_account.hold(Owner(origin, account)) is None
        )

    # -- reading

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None if it does not exist or cannot be read."""
        return next(iter(self._jobs("WHERE id = ?", job_id)), None)

    def listed_job(self, job_id: str) -> Job | None:
        """Return a readable job on the list, or None."""
        return next(iter(self._jobs("WHERE id = ? AND NOT dismissed", job_id)), None)

    def listed_jobs(self, prefix: str) -> list[Job]:
        """Return the readable jobs on the list whose id begins like this."""
        clause = "WHERE id >= ? AND id < ? AND NOT dismissed"
        return self._jobs(clause, prefix, prefix + "\U0010ffff")

    def listed_ids(self) -> frozenset[str]:
        """Return the ids of all jobs on the list, also of those that cannot be read."""
        return frozenset(
            job_id for (job_id,) in self._db.rows("SELECT id FROM jobs WHERE NOT dismissed")
        )

    def jobs(self) -> list[Job]:
        """Return every readable job on the list, newest first."""
        return [each for each in self.records() if isinstance(each, Job)]

    def records(self) -> Iterator[Job | Unreadable]:
        """Yield everything on the list, newest first. Reads it page by page."""
        clause = (
            "WHERE NOT dismissed AND created_at <= ? AND (created_at < ? OR id > ?)"
            f" ORDER BY created_at DESC, id LIMIT {PAGE}"
        )
        at, last = math.inf, ""
        while page := self._db.rows(_SELECT + clause, at, at, last):
            yield from self._records(page)
            last, at, *_ = page[-1]  # of the row, which it is sorted by: the record may differ

    def open_records(self) -> list[Job | Unreadable]:
        """Return what is on the list and not over, and what cannot be read."""
        damaged = f"WHERE {UNREADABLE} AND NOT dismissed AND NOT ({OPEN})"
        return [*self._read(f"WHERE {OPEN}"), *self._read(damaged)]

    def ended_records(self, most: int) -> list[Job | Unreadable]:
        """Return the newest jobs on the list for which nothing is left to do."""
        return list(self._read(f"WHERE {ENDED} ORDER BY created_at DESC, id LIMIT ?", most))

    def ended_ids(self) -> dict[str, Phase]:
        """Return the phases of the jobs on the list that are over, by id.

        Those are placed, canceled or failed, and not foreign; nothing was decided about them since.
        """
        rows = self._db.rows(
            f"SELECT id, phase, origin, account FROM jobs WHERE {ENDED}"  # noqa: S608 - our words
        )
        return {
            job_id: Phase(phase)
            for job_id, phase, *owner in rows
            if not self._is_foreign(Owner(*owner))
        }

    def jobs_of_asset(self, asset_id: str) -> list[Job]:
        """Return the jobs on the list that are about this Model or World, newest first."""
        clause = "WHERE asset = ? AND NOT dismissed ORDER BY created_at DESC, id"
        return self._jobs(clause, stored(asset_id))

    def motions_of(self, asset_id: str) -> list[Job]:
        """Return the jobs that animate this model, newest first, dismissed ones too."""
        found = self._jobs("WHERE asset = ? ORDER BY created_at DESC, id", stored(asset_id))
        return [each for each in found if each.motion is not None]

    def clips_of(self, asset_id: str) -> list[str]:
        """Return the words of the motions of a model that are made, oldest first, each once."""
        made = (each for each in self.motions_of(asset_id) if each.phase in HAS_RESULT)
        words = [each.motion.words for each in made if each.motion is not None]
        return list(dict.fromkeys(reversed(words)))

    def jobs_of_lines(self, start: str, *, dismissed: bool = False) -> list[Job]:
        """Return the jobs whose batch line begins like this, newest first."""
        clause = "WHERE line >= ? AND line < ? AND dismissed = ? ORDER BY created_at DESC, id"
        return self._jobs(clause, *range_of(start), dismissed)

    def newest(self) -> int:
        """Return a number that changes when there is another new job."""
        return int(self._db.rows("SELECT coalesce(max(rowid), 0) FROM jobs")[0][0])

    def newest_jobs(self, most: int) -> list[Job]:
        """Return the readable ones of the jobs that were added last, dismissed ones included."""
        return self._jobs("ORDER BY rowid DESC LIMIT ?", most)

    def moves(self, job_ids: Collection[str] | None = None) -> Moves:
        """Return when these jobs, or all jobs, entered which phase."""
        return read_moves(self._db, job_ids)

    def assets(self, *, exclude: str) -> frozenset[str]:
        """Return the ids of the assets of all jobs but this one, dismissed jobs included."""
        query = "SELECT DISTINCT asset FROM jobs WHERE asset IS NOT NULL AND id != ?"
        found = self._db.rows(query, exclude)
        return frozenset(asset.decode("utf-8", "surrogatepass") for (asset,) in found)

    def unnamed_bodies(self, job: Job) -> tuple[str, ...]:
        """Return the bodies of other operations in progress whose asset Mint has not named yet.

        Only those of the job's kind, and of its account.
        """
        clause = f"WHERE {OPEN} AND kind = ? AND id != ? AND phase != 'waiting'"
        return tuple(
            json.dumps(other.request.body(other.image_urls))
            for other in self._jobs(clause, job.kind.value, job.id)
            if other.operation is not None
            and other.operation.status not in ENDED_STATUSES
            and asset_of(other) is None
            and not self._is_foreign(other.owner or Owner("", ""))
        )

    def unanswered_bodies(self, job: Job) -> tuple[str, ...]:
        """Return the bodies of starts of other jobs that may have made something without a name."""
        bodies = []
        for job_id, body in self.paid_requests.unnamed_starts(exclude=job.id):
            if body:
                bodies.append(body)
            elif (other := self.job(job_id)) is not None:
                bodies.append(json.dumps(other.request.body(other.image_urls)))
        return tuple(bodies)

    def job_of_client_request(self, request_id: str) -> Job | Unreadable | None:
        """Return the job that a program has started under this id of its own, or None."""
        return next(self._read("WHERE client_request = ?", request_id), None)

    def mint_now(self) -> float:
        """Return Mint's time as far as it is known, in seconds since the epoch."""
        found = self._db.row("SELECT value FROM meta WHERE name = 'clock_offset'")
        return time.time() - (float(found[0]) if found else 0.0)

    def note_clock_offset(self, seconds: float) -> None:
        """Store how many seconds this computer's clock is ahead of Mint's, if that has changed."""
        if abs(time.time() - self.mint_now() - seconds) > 1.0:
            query = "INSERT OR REPLACE INTO meta VALUES ('clock_offset', ?)"
            self._db.rows(query, str(seconds))

    def spent(self, *times: Time) -> list[SpendingEntry]:
        """Return what jobs have cost in each time, dismissed ones included, foreign ones not.

        What is still to be sent costs now. A job of a key that Mint was never asked about counts:
        it may be another key of this account.
        """
        found = spent(self._db, times, self.mint_now())
        return [
            entry
            for owner, entry in found
            if not self._is_foreign(owner) or self._may_be_ours(owner)
        ]

    def last_optimization(self) -> float | None:
        """Return the Credits that Mint took for the latest optimization; None if for none."""
        clause = (
            "WHERE id IN (SELECT job FROM paid_requests WHERE verb = 'optimize' ORDER BY born DESC"
            " LIMIT 20) ORDER BY created_at DESC"
        )
        for job in self._jobs(clause):
            if not self._is_foreign(job.owner or Owner("", "")):
                credits = job.optimization.credits if job.optimization else None
                if credits is not None and credits.spent:
                    return credits.spent
        return None

    def _is_foreign(self, owner: Owner) -> bool:
        return self.current_account is not None and (
            self.current_account.hold(owner) is Hold.FOREIGN
        )

    def _may_be_ours(self, owner: Owner) -> bool:
        current = self.current_account
        is_same_api = current is not None and current.origin == owner.origin
        return is_same_api and self._accounts.is_unknown_key(owner)

    def revision(self) -> int:
        """Return a number that changes when another process, or another thread, has written."""
        return int(self._db.rows("PRAGMA data_version")[0][0])

    def serial(self) -> int:
        """Return the serial of the latest change."""
        return int(self._db.rows("SELECT coalesce(max(serial), 0) FROM changes")[0][0])

    def changes(
        self, since: int, known: Collection[str] = ()
    ) -> tuple[int, dict[str, Job | Unreadable | None]]:
        """Return the serial for the next call, and the jobs that have changed after `since`, by id.

        None in place of a job: it was dismissed. Jobs that are `known` are left out.
        """
        changed: dict[str, Job | Unreadable | None] = {}
        query = f"SELECT serial, dismissed, {ROW} FROM jobs JOIN changes ON job = id"  # noqa: S608 - our columns
        found = self._db.rows(f"{query} WHERE serial > ?", since)
        newest = max((row[0] for row in found), default=since)
        rows = [row for row in found if row[2] not in known]
        records = self._records([row[2:] for row in rows])
        for (_, is_dismissed, *row), record in zip(rows, records, strict=True):
            changed[row[0]] = None if is_dismissed else record
        return newest, changed

    # -- rows

    def _jobs(self, clause: str, *values: str | float | bytes) -> list[Job]:
        """Return the readable jobs of these rows."""
        return [each for each in self._read(clause, *values) if isinstance(each, Job)]

    def _read(self, clause: str, *values: str | float | bytes) -> Iterator[Job | Unreadable]:
        """Yield the jobs of these rows; an unreadable record does not hide the others."""
        yield from self._records(self._db.rows(_SELECT + clause, *values))

    def _records(self, rows: Sequence[Sequence[Any]]) -> Iterator[Job | Unreadable]:
        """Yield the jobs of rows with `ROW`, with their paid requests."""
        requests = self.paid_requests.of_jobs([row[0] for row in rows])
        for row in rows:
            yield self._record(row, requests.get(row[0], ()))

    def _record(
        self, row: Sequence[Any], requests: tuple[PaidRequest, ...] | None
    ) -> Job | Unreadable:
        job_id, created_at, *_, origin, account = row
        hold = self.current_account.hold(Owner(origin, account)) if self.current_account else None
        try:
            return load_row(row, requests, hold)
        except Exception as error:  # noqa: BLE001 - a damaged record concerns its job alone
            if job_id not in self._unreadable:
                self._unreadable.add(job_id)
                name = type(error).__name__
                log.warning("The record of job %s cannot be read: %s", ascii(job_id), name)
            return Unreadable(job_id, created_at)
