# SPDX-License-Identifier: GPL-3.0-or-later
"""Open the journal, and read jobs from it: the part of `Journal` that changes no job.

What is asked about many jobs is answered from their summaries, or with an index.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...files import file_identity
from ...mint.account import Account, Owner
from ...mint.schema import ENDED as ENDED_STATUSES
from ..budget.spending import SpendingEntry
from ..job import Job, asset_of
from ..job_values import PAID_VERBS, Decision, Hold
from ..paid_requests import table
from ..paid_requests.record import PaidRequest
from ..paid_requests.table import PaidRequests
from ..phases import Phase, Verb
from . import job_owners, migrations
from .database import Database
from .job_owners import Accounts, CurrentAccount
from .serialization import Unreadable, load_row
from .tables import phase_moves, summaries
from .tables.jobs import ENDED, OPEN, TABLES
from .tables.phase_moves import Moves
from .tables.summaries import Summary, Time, UploadCache

log = logging.getLogger(__name__)


# The columns that `_read` expects.
_COLUMNS = "id, jobs.created_at, record, phase, cancel, jobs.origin, jobs.account"
_SELECT = f"SELECT {_COLUMNS} FROM jobs "  # noqa: S608 - our columns
_DECISIONS = {paid: verb for verb, paid in PAID_VERBS.items()}
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
        parts = (job_owners, phase_moves, summaries, table)
        tables = (*TABLES, *(each for part in parts for each in part.TABLES))
        self._db.prepare(migrations.VERSION, migrations.MIGRATIONS, *tables)
        self.paid_requests = PaidRequests(self._db, file_identity.identity(self.path))
        self.uploads = UploadCache(self._db)
        try:
            self._summarize_all()
        except BaseException:
            self.close()
            raise

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
        found = next(self._read("WHERE id = ?", job_id), None)
        return found if isinstance(found, Job) else None

    def listed_job(self, job_id: str) -> Job | None:
        """Return a readable job on the list, or None."""
        found = next(self._read("WHERE id = ? AND NOT dismissed", job_id), None)
        return found if isinstance(found, Job) else None

    def listed_jobs(self, prefix: str) -> list[Job]:
        """Return the readable jobs on the list whose id begins like this."""
        clause = "WHERE id >= ? AND id < ? AND NOT dismissed"
        found = self._read(clause, prefix, prefix + "\U0010ffff")
        return [each for each in found if isinstance(each, Job)]

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
        clause = "WHERE id IN (SELECT job FROM summaries WHERE NOT is_readable) AND NOT dismissed"
        return [*self._read(f"WHERE {OPEN}"), *self._read(clause)]

    def ended_records(self, most: int) -> list[Job | Unreadable]:
        """Return the newest jobs on the list for which nothing is left to do."""
        return list(self._read(f"WHERE {ENDED} ORDER BY created_at DESC, id LIMIT ?", most))

    def ended_ids(self) -> dict[str, Phase]:
        """Return the phases of the readable jobs on the list that are over, by id.

        Those are placed, canceled or failed, and not foreign; nothing was decided about them since.
        """
        self.catch_up()
        rows = self._db.rows(
            "SELECT id, phase, jobs.origin, jobs.account FROM jobs JOIN summaries ON job = id"
            " WHERE phase IN ('placed', 'canceled', 'failed') AND NOT dismissed AND is_readable"
        )
        return {
            job_id: Phase(phase)
            for job_id, phase, *owner in rows
            if not self._is_foreign(Owner(*owner))
        }

    def jobs_of_asset(self, asset_id: str) -> list[Job]:
        """Return the jobs on the list that are about this Model or World, newest first."""
        self.catch_up()
        found = self._read(
            "JOIN summaries ON job = id WHERE asset = ? AND NOT dismissed"
            " ORDER BY jobs.created_at DESC, id",
            summaries.stored(asset_id),
        )
        return [each for each in found if isinstance(each, Job)]

    def jobs_of_lines(self, start: str, *, dismissed: bool = False) -> list[Job]:
        """Return the jobs whose batch line begins like this, newest first."""
        self.catch_up()
        found = self._read(
            "JOIN summaries ON job = id WHERE line >= ? AND line < ? AND dismissed = ?"
            " ORDER BY jobs.created_at DESC, id",
            *summaries.range_of(start),
            dismissed,
        )
        return [each for each in found if isinstance(each, Job)]

    def newest(self) -> int:
        """Return a number that changes when there is another new job."""
        return int(self._db.rows("SELECT coalesce(max(rowid), 0) FROM jobs")[0][0])

    def newest_jobs(self, most: int) -> list[Job]:
        """Return the readable ones of the jobs that were added last, dismissed ones included."""
        found = self._read("ORDER BY rowid DESC LIMIT ?", most)
        return [each for each in found if isinstance(each, Job)]

    def moves(self, job_ids: Collection[str] | None = None) -> Moves:
        """Return when these jobs, or all jobs, entered which phase."""
        return phase_moves.read(self._db, job_ids)

    def assets(self, *, exclude: str) -> frozenset[str]:
        """Return the ids of the assets of all jobs but this one, dismissed jobs included."""
        self.catch_up()
        return summaries.assets(self._db, exclude)

    def unnamed_bodies(self, job: Job) -> tuple[str, ...]:
        """Return the bodies of other operations in progress whose asset Mint has not named yet.

        Only those of the job's kind, and of its account.
        """
        clause = f"WHERE {OPEN} AND kind = ? AND id != ? AND phase != 'waiting'"
        return tuple(
            json.dumps(other.request.body(other.image_urls))
            for other in self._read(clause, job.kind.value, job.id)
            if isinstance(other, Job)
            and other.operation is not None
            and other.operation.status not in ENDED_STATUSES
            and asset_of(other) is None
            and not self._is_foreign(other.owner or Owner("", ""))
        )

    def unanswered_bodies(self, job: Job) -> tuple[str, ...]:
        """Return the bodies of starts of other jobs that may have made something without a name."""
        bodies = (
            body or self._expected_body(job_id)
            for job_id, body in self.paid_requests.unnamed_starts(exclude=job.id)
        )
        return tuple(filter(None, bodies))

    def _expected_body(self, job_id: str) -> str | None:
        job = self.job(job_id)
        return json.dumps(job.request.body(job.image_urls)) if job is not None else None

    def job_of_client_request(self, request_id: str) -> Job | None:
        """Return the job that a program has started under this id of its own, or None."""
        found = next(self._read("WHERE client_request = ?", request_id), None)
        return found if isinstance(found, Job) else None

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
        self.catch_up()
        found = summaries.spent(self._db, times, self.mint_now())
        return [
            entry
            for owner, entry in found
            if not self._is_foreign(owner) or self._may_be_ours(owner)
        ]

    def last_optimization(self) -> float | None:
        """Return the Credits that Mint took for the latest optimization; None if for none."""
        self.catch_up()
        found = summaries.optimizations(self._db)
        return next((price for owner, price in found if not self._is_foreign(owner)), None)

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
        query = f"SELECT serial, dismissed, {_COLUMNS} FROM jobs JOIN changes ON job = id"  # noqa: S608 - our columns
        found = self._db.rows(f"{query} WHERE serial > ?", since)
        newest = max((row[0] for row in found), default=since)
        rows = [row for row in found if row[2] not in known]
        records = self._records([row for _, _, *row in rows])
        for (_, is_dismissed, *row), record in zip(rows, records, strict=True):
            changed[row[0]] = None if is_dismissed else record
        return newest, changed

    # -- summaries

    def catch_up(self) -> None:
        """Summarize the jobs whose paid requests have changed: those rows are written alone."""
        if summaries.outdated(self._db):
            with self._db.transaction():
                self._catch_up()

    def _summarize_all(self) -> None:
        """Summarize what has no summary yet, and what only an earlier version could not read."""
        readable = [job_id for job_id in summaries.unreadable(self._db) if self.job(job_id)]
        if readable or summaries.outdated(self._db):
            with self._db.transaction():
                self._catch_up()
                for job_id in readable:
                    self._summarize(job_id, self.serial())

    def _catch_up(self) -> None:
        """Do the same inside a transaction."""
        if job_ids := summaries.outdated(self._db):
            serial = self.serial()
            for job_id in job_ids:
                self._summarize(job_id, serial)

    def _summarize(self, job_id: str, serial: int, job: Job | None = None) -> None:
        """Write the summary of a job from what the journal has.

        `job` is the job as it is stored, if that is known: reading it takes longest.
        """
        found = self._db.row("SELECT dismissed FROM jobs WHERE id = ?", job_id)
        if found is None:
            return
        job = job or self.job(job_id)
        is_dismissed = bool(found[0])
        summary = summaries.of_job(job, dismissed=is_dismissed) if job else Summary(job_id)
        summaries.write(self._db, summary, serial)

    # -- rows

    def _read(self, clause: str, *values: str | float | bytes) -> Iterator[Job | Unreadable]:
        """Yield the jobs of these rows; an unreadable record does not hide the others."""
        yield from self._records(self._db.rows(_SELECT + clause, *values))

    def _records(self, rows: Sequence[Sequence[Any]]) -> Iterator[Job | Unreadable]:
        """Yield the jobs of rows with `_COLUMNS`, with their paid requests."""
        requests = self.paid_requests.of_jobs([row[0] for row in rows])
        for row in rows:
            yield self._record(row, requests.get(row[0], ()))

    def _record(
        self, row: Sequence[Any], requests: tuple[PaidRequest, ...] | None
    ) -> Job | Unreadable:
        job_id, created_at, text, phase, cancel, origin, account = row
        hold = self.current_account.hold(Owner(origin, account)) if self.current_account else None
        try:
            if requests is None:
                raise ValueError("a paid request is damaged")
            job = load_row(text, phase, origin, account, hold)
            job = with_requests(job, requests, is_canceled=bool(cancel))
            if job.id != job_id:
                raise KeyError(job_id)  # the record of another job
        except Exception as error:  # noqa: BLE001 - a damaged record concerns its job alone
            if job_id not in self._unreadable:
                self._unreadable.add(job_id)
                name = type(error).__name__
                log.warning("The record of job %s cannot be read: %s", ascii(job_id), name)
            return Unreadable(job_id, created_at)
        return job


def with_requests(job: Job, requests: tuple[PaidRequest, ...], *, is_canceled: bool) -> Job:
    """Return a job with its paid requests, and with the decision that was not confirmed yet."""
    open_ones = [each for each in requests if each.is_open and each.verb in _DECISIONS]
    decision = Decision(Verb.CANCEL) if is_canceled else None
    if decision is None and open_ones:
        last = open_ones[-1]
        feedback = json.loads(last.body or "{}").get("feedback")
        prices = last.credits, last.extra_credits
        decision = Decision(_DECISIONS[last.verb], last.key, feedback, *prices)
    if (job.requests, job.decision) == (requests, decision):
        return job
    return replace(job, requests=requests, decision=decision)
