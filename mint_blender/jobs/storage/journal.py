# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of every job, in SQLite: committed before anything is sent, and after every answer.

Two writers never overwrite each other: the worker that drives a job writes its record; what may
cost Credits has rows of its own (`jobs.paid_requests`). Each thread opens a journal of its own on
the same file. What is asked about many jobs at once is answered from columns with an index, not
from records.
"""

from __future__ import annotations

import json
import logging
import math
import operator
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...files import urls
from ...mint.account import Account, Owner
from ...mint.schema import Kind
from ..database import Database, JournalError
from ..job import Job, is_unanswered, operation_of
from ..job_values import PAID_VERBS, ClickPrices, Decision, Hold
from ..paid_requests import journal_id, table
from ..paid_requests.record import FOUND, PaidRequest, PaidVerb, of_operation, of_preview
from ..paid_requests.table import PaidRequests, note_change
from ..phases import HAS_RESULT, HOLDS_SLOT, UNSUCCESSFUL, Phase, Verb, may_decide
from . import job_owners, tables
from .job_owners import Accounts, CurrentAccount
from .serialization import ROW, Unreadable, dump, load_row, with_requests
from .tables import Spent

if TYPE_CHECKING:
    from .job_locks import ProcessLock

log = logging.getLogger(__name__)

__all__ = ["Journal", "JournalError", "Unreadable"]

_SELECT = f"SELECT {ROW} FROM jobs "  # noqa: S608 - our columns
PAGE = 500
"""Jobs that are read at once."""


def journal_file(home: Path) -> Path:
    """Return the path of the journal in the home folder."""
    return home / "journal.sqlite3"


class Journal:
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
        parts = (tables, job_owners, table)
        statements = (each for part in parts for each in part.TABLES)
        self._db.prepare(tables.VERSION, *statements)
        self.paid_requests = PaidRequests(self._db, journal_id.recognize(self._db))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # -- whose jobs

    def set_account(self, account: Account) -> None:
        """Talk to this account from now on."""
        self._account = account
        self.current_account = self._accounts.current_account(account)

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

    def _hold(self, owner: Owner | None) -> Hold | None:
        """Return why the current account does not continue a job of that owner, if it does not."""
        return self.current_account.hold(owner or Owner("", "")) if self.current_account else None

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
        return [record for record in self.records() if isinstance(record, Job)]

    def records(self) -> Iterator[Job | Unreadable]:
        """Yield everything on the list, newest first. Reads it page by page."""
        clause = (
            "WHERE NOT dismissed AND created_at <= ? AND (created_at < ? OR id > ?)"
            f" ORDER BY created_at DESC, id LIMIT {PAGE}"
        )
        at = math.inf
        last = ""
        while page := self._db.rows(_SELECT + clause, at, at, last):
            yield from self._records(page)
            last, at, *_ = page[-1]  # of the row, which it is sorted by: the record may differ

    def open_records(self) -> list[Job | Unreadable]:
        """Return what is on the list and not over, and what cannot be read."""
        damaged = f"WHERE {tables.UNREADABLE} AND NOT dismissed AND NOT ({tables.OPEN})"
        return [*self._read(f"WHERE {tables.OPEN}"), *self._read(damaged)]

    def ended_records(self, most: int) -> list[Job | Unreadable]:
        """Return the newest jobs on the list for which nothing is left to do."""
        return list(self._read(f"WHERE {tables.ENDED} ORDER BY created_at DESC, id LIMIT ?", most))

    def ended_ids(self) -> dict[str, Phase]:
        """Return the phases of the jobs on the list that are over, by id.

        Those are placed, canceled or failed, and not foreign; nothing was decided about them since.
        """
        rows = self._db.rows(
            f"SELECT id, phase, origin, account FROM jobs WHERE {tables.ENDED}"  # noqa: S608 - our words
        )
        return {
            job_id: Phase(phase)
            for job_id, phase, *owner in rows
            if self._hold(Owner(*owner)) is not Hold.FOREIGN
        }

    def jobs_of_asset(self, asset_id: str | None) -> list[Job]:
        """Return the jobs on the list about a Model or World, newest first; none for None."""
        clause = "WHERE asset = ? AND NOT dismissed ORDER BY created_at DESC, id"
        return self._jobs(clause, tables.stored(asset_id or ""))

    def motions_of(self, asset_id: str) -> list[Job]:
        """Return the jobs that animate this model, newest first, dismissed ones too."""
        found = self._jobs("WHERE asset = ? ORDER BY created_at DESC, id", tables.stored(asset_id))
        return [each for each in found if each.motion is not None]

    def clips_of(self, asset_id: str) -> list[str]:
        """Return the words of the motions of a model that are made, oldest first, each once."""
        made = (each for each in self.motions_of(asset_id) if each.phase in HAS_RESULT)
        words = [each.motion.words for each in made if each.motion is not None]
        return list(dict.fromkeys(reversed(words)))

    def jobs_of_lines(self, start: str, *, dismissed: bool = False) -> list[Job]:
        """Return the jobs whose batch line begins like this, newest first."""
        clause = "WHERE line >= ? AND line < ? AND dismissed = ? ORDER BY created_at DESC, id"
        return self._jobs(clause, *tables.range_of(start), dismissed)

    def newest(self) -> int:
        """Return a number that changes when there is another new job."""
        return int(self._db.rows("SELECT coalesce(max(rowid), 0) FROM jobs")[0][0])

    def newest_jobs(self, most: int) -> list[Job]:
        """Return the readable ones of the jobs that were added last, dismissed ones included."""
        return self._jobs("ORDER BY rowid DESC LIMIT ?", most)

    def moves(self, job_ids: Collection[str]) -> tables.Moves:
        """Return when these jobs entered which phase."""
        return tables.read_moves(self._db, job_ids)

    def assets(self, *, exclude: str) -> frozenset[str]:
        """Return the ids of the assets of all jobs but this one, dismissed jobs included."""
        query = "SELECT DISTINCT asset FROM jobs WHERE asset IS NOT NULL AND id != ?"
        rows = self._db.rows(query, exclude)
        return frozenset(asset.decode("utf-8", "surrogatepass") for (asset,) in rows)

    def job_of_client_request(self, request_id: str) -> Job | Unreadable | None:
        """Return the job that a program has started under this id of its own, or None."""
        return next(self._read("WHERE client_request = ?", request_id), None)

    def mint_now(self) -> float:
        """Return Mint's time as far as it is known, in seconds since the epoch."""
        found = self._db.row("SELECT value FROM meta WHERE name = 'clock_offset'")
        return time.time() - (float(found[0]) if found else 0.0)

    def _time_of_order(self) -> float:
        """Return the latest that it may be at Mint, for what is ordered now.

        This computer's clock may have been set since it was compared with Mint's. An order that is
        taken for too new is dated when it is sent; one that is taken for old could not be sent.
        """
        return max(self.mint_now(), time.time())

    def note_clock_offset(self, seconds: float) -> None:
        """Store how many seconds this computer's clock is ahead of Mint's, if that has changed."""
        if abs(time.time() - self.mint_now() - seconds) > 1.0:
            query = "INSERT OR REPLACE INTO meta VALUES ('clock_offset', ?)"
            self._db.rows(query, str(seconds))

    def spent(self, *times: tables.Time) -> list[Spent]:
        """Return what jobs have cost in each time, dismissed ones included, foreign ones not.

        What is still to be sent costs now. A job of a key that Mint was never asked about counts:
        it may be another key of this account.
        """
        totals = [Spent()] * len(times)
        current = self.current_account
        for place, owner, found in tables.spent(self._db, times, self.mint_now()):
            is_same_api = current is not None and current.origin == owner.origin
            may_be_ours = is_same_api and self._accounts.is_unknown_key(owner)
            if self._hold(owner) is not Hold.FOREIGN or may_be_ours:
                totals[place] = Spent(*map(operator.add, totals[place], found))
        return totals

    def last_optimization(self) -> float | None:
        """Return the Credits that Mint took for the latest optimization; None if for none."""
        clause = (
            "WHERE id IN (SELECT job FROM paid_requests WHERE verb = 'optimize'"
            " AND operation IS NOT NULL ORDER BY born DESC LIMIT 20) ORDER BY created_at DESC"
        )
        for job in self._jobs(clause):
            credits = job.optimization.credits if job.optimization else None
            if job.hold is not Hold.FOREIGN and credits is not None and credits.spent:
                return credits.spent
        return None

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
                        job.work,
                        job.phase.value,
                        dump(job),
                        _program(job),
                    ),
                    *(owner.origin, owner.account),
                )
                tables.note_move(self._db, job.id, job.phase)
                for request in job.requests:
                    self.paid_requests.insert(request)
                self._note_content(job.id, job)
                added.append(job)
        for job in added:
            log.info("Job %s: new (%s, %s), %s", job.id, job.work, job.request.preset, job.phase)
        return added

    def _owned(self, job: Job) -> Job:
        """Return a new job as it is stored: of the current account, and of this journal file."""
        ours = tuple(
            replace(
                request,
                journal=self.paid_requests.identity,
                born=request.born if request.attempts else self._time_of_order(),
            )
            if not request.journal
            else request
            for request in job.requests
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
            query = "SELECT phase, cancel, dismissed, origin, account FROM jobs WHERE id = ?"
            before = self._db.row(query, job.id)
            if before is None:
                return job
            was_in, is_canceled, is_dismissed, *owner = before
            if was_in != job.phase.value:
                tables.note_move(self._db, job.id, job.phase)
            if answered is not None and answered.verb is Verb.CANCEL:
                is_canceled = 0
            elif answered is not None:
                self.paid_requests.give_up(answered.key)  # unless Mint's answer is there
            for request in job.requests:
                self.paid_requests.note(request)
                if job.phase in UNSUCCESSFUL and request.is_still_to_be_sent:
                    self.paid_requests.cancel(request.key)
            columns = {"phase": job.phase.value, "record": dump(job), "cancel": is_canceled}
            columns["client_request"] = _program(job)
            owned = Owner(*owner) if any(owner) else None
            kept = self._with_rows(job, owned, is_canceled=bool(is_canceled))
            if kept is None:  # a paid request cannot be read
                tables.update_job(self._db, job.id, **columns)
            else:
                is_gone = bool(is_dismissed)
                tables.note_content(self._db, kept, is_dismissed=is_gone, **columns)
            note_change(self._db, job.id)
        if was_in != job.phase.value:
            _log_move(job)
        return kept or job

    def decide(
        self, job_id: str, decision: Decision, prices: ClickPrices = (None, None)
    ) -> Job | None:
        """Commit a decision, with its prices. From a cancel on, nothing more is sent for the job.

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
                self._order_decision(job, decision, prices)
            job = self._with_rows(job, job.owner, is_canceled=is_canceled)
            self._note_content(job_id, job)
        log.info("Job %s: decided to %s", job_id, decision.verb)
        return job

    def _order_decision(self, job: Job, decision: Decision, prices: ClickPrices) -> None:
        verb = PAID_VERBS[decision.verb]
        made = operation_of(job).id
        picture = urls.content_key(job.previews[-1].url) if job.previews else str(job.revision)
        is_resumed = decision.verb is Verb.RESUME
        subject = of_operation(made) if is_resumed else of_preview(made, picture)
        self.paid_requests.order(
            subject,
            verb,
            job.id,
            now=self._time_of_order(),
            body=json.dumps({"feedback": decision.feedback} if decision.feedback else {}),
            credits=prices[0],
        )
        optimization = job.with_prices(None, prices[1]).paid_request(PaidVerb.OPTIMIZE)
        if optimization is not None:
            self.paid_requests.note(optimization)

    def order(
        self,
        job: Job,
        subject: str,
        verb: PaidVerb,
        *,
        body: str | None = None,
        credits: float | None = None,
    ) -> PaidRequest:
        """Commit that something else was ordered for a job, and return its record."""
        with self._db.transaction():
            request = self.paid_requests.order(
                subject,
                verb,
                job.id,
                now=self._time_of_order(),
                body=body,
                credits=credits,
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

    def note_look(self, key: str) -> PaidRequest | None:
        """Commit that Mint was asked what a request in doubt has made.

        None, and stores nothing, with another API key than that of the attempt: it may belong to
        another project, whose list shows other things.
        """
        request = self.paid_requests.get(key)
        current = self.current_account
        if request is None or current is None:
            return None
        if request.credential not in ("", current.key_hash):
            return None
        return self.paid_requests.note_look(key)

    def close_request(self, key: str) -> PaidRequest | None:
        """Commit that a request is over: what it may have made is not at Mint, or not wanted."""
        with self._db.transaction():
            request = self.paid_requests.look(key)
            return self.paid_requests.give_up(key) if request and request.is_open else request

    def dismiss(self, job_id: str) -> None:
        """Remove a job from the list. What it cost stays known."""
        with self._db.transaction():
            query = "UPDATE jobs SET dismissed = 1 WHERE id = ? RETURNING phase"
            is_paused = self._db.rows(query, job_id) == [(Phase.PAUSED.value,)]
            job = self.job(job_id) if is_paused else None
            if job is not None and is_unanswered(job):
                for request in job.requests:  # a person was told what became of it
                    self.close_request(request.key)
            self._note_content(job_id)

    def restore_dismissed(self, start: str) -> list[Job]:
        """Put dismissed jobs whose batch line begins like this back on the list."""
        found = self.jobs_of_lines(start, dismissed=True)
        if found:
            with self._db.transaction():
                for job in found:
                    self.restore(job.id)
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
            job = self.job(job_id) if self._hold(Owner(*found[1:])) is None else None
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
                note_change(self._db, job_id)
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

    def driven(self, process: ProcessLock) -> frozenset[str]:
        """Return the jobs that living processes drive, this one included."""
        rows = self._db.rows(f"SELECT id, process FROM jobs WHERE {tables.DRIVEN}")  # noqa: S608 - our constant
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
            tables.note_move(self._db, job_id, Phase.SENDING)
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
            if self._hold(Owner(origin, account)) is None
        )

    def _note_content(self, job_id: str, job: Job | None = None) -> None:
        """Note a change that the other columns of a job, or the costs of its requests, depend on.

        `job` is the job as it is stored, if it was read.
        """
        note_change(self._db, job_id)
        job = job or self.job(job_id)
        if job is not None:
            query = "SELECT dismissed FROM jobs WHERE id = ?"
            is_dismissed = self._db.rows(query, job_id) == [(1,)]
            tables.note_content(self._db, job, is_dismissed=is_dismissed)

    def _with_rows(self, job: Job, owner: Owner | None, *, is_canceled: bool) -> Job | None:
        """Return a job as it would be read; None if its paid requests cannot be read."""
        requests = self.paid_requests.of_jobs([job.id]).get(job.id, ())
        if requests is None:
            return None
        job = with_requests(job, requests, is_canceled=is_canceled)
        return replace(job, owner=owner, hold=self._hold(owner))

    def single_commit(self) -> AbstractContextManager[None]:
        """Write everything inside in one commit. No other process writes meanwhile."""
        return self._db.transaction()

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
        try:
            return load_row(row, requests, self._hold(Owner(origin, account)))
        except Exception as error:  # noqa: BLE001 - a damaged record concerns its job alone
            if job_id not in self._unreadable:
                self._unreadable.add(job_id)
                name = type(error).__name__
                log.warning("The record of job %s cannot be read: %s", ascii(job_id), name)
            return Unreadable(job_id, created_at)


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
