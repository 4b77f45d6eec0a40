# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of paid requests in the journal: rows are inserted and changed, never deleted.

Each change is one transaction that reads the row again and asks `record.TRANSITIONS`. Each thread
opens a table of its own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...mint.schema import Operation
from .. import database
from ..database import Database, journal_error
from . import journal_id
from .record import COLUMNS, JOB, OPEN, YOUNG_FOR, Event, PaidRequest, PaidVerb, State, key_of

_VERBS = ", ".join(f"'{verb}'" for verb in PaidVerb)
# What was begun says with which API key and what was sent, and Mint remembers it. Nobody is told
# that nothing was started while an attempt is unclear, or if others can have ordered the same.
TABLES = (
    *journal_id.TABLES,
    f"""
    CREATE TABLE IF NOT EXISTS paid_requests (
        key TEXT PRIMARY KEY,
        subject TEXT NOT NULL CHECK (subject <> ''),
        verb TEXT NOT NULL CHECK (verb IN ({_VERBS})),
        number INTEGER NOT NULL CHECK (number > 0),
        job TEXT NOT NULL,
        body TEXT,
        credits REAL CHECK (credits >= 0),
        priced_at REAL,
        journal TEXT NOT NULL,
        born REAL NOT NULL,
        credential TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0,
        attempted REAL NOT NULL DEFAULT 0,
        copied REAL NOT NULL DEFAULT 0,
        operation TEXT,
        answer TEXT,
        closed TEXT,
        cost REAL NOT NULL DEFAULT 0,
        arose_at REAL,
        looked_by TEXT NOT NULL DEFAULT '',
        UNIQUE (subject, verb, number),
        CHECK (refusals BETWEEN 0 AND attempts),
        CHECK (attempted = 0 OR (attempts > 0 AND credential <> '' AND body IS NOT NULL)),
        CHECK (attempted = 0 OR attempted - born < {YOUNG_FOR}),
        CHECK (closed IN ('refused', 'canceled', 'dropped', 'over')),
        CHECK (closed NOT IN ('refused', 'canceled') OR attempts = refusals),
        CHECK (closed NOT IN ('refused', 'canceled') OR substr(subject, 1, {len(JOB)}) = '{JOB}'),
        CHECK (closed IS NOT 'refused' OR refusals > 0)
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS paid_requests_of_jobs ON paid_requests (job)",
    "CREATE INDEX IF NOT EXISTS made_by_paid_requests ON paid_requests (operation)",
    "CREATE INDEX IF NOT EXISTS optimizations ON paid_requests (born)"
    " WHERE verb = 'optimize' AND operation IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS costs ON paid_requests (arose_at)",
)

_SELECT = f"SELECT {', '.join(COLUMNS)} FROM paid_requests "  # noqa: S608 - our columns
_INSERT = (
    f"INSERT INTO paid_requests ({', '.join(COLUMNS)})"  # noqa: S608 - our columns
    f" VALUES ({', '.join('?' * len(COLUMNS))})"
)
NOTED = ("credits", "priced_at", "answer")
"""What is written together with a job; all else changes only by the transitions."""
_MOST_JOBS = 500
"""Most jobs in one statement."""


@contextmanager
def opened(journal: Path) -> Iterator[PaidRequests]:
    """Yield the records of a journal file that exists, for a thread of its own."""
    with database.opened(journal) as file:
        yield PaidRequests(file, journal_id.recognize(file))


def note_cost(database: Database, key: str, cost: float, arose_at: float) -> None:
    """Store what an attempt costs and when that arose, for sums over many jobs.

    `key` is that of its first request.
    """
    database.rows(
        "UPDATE paid_requests SET (cost, arose_at) = (?, ?)"
        " WHERE key = ? AND (cost, arose_at) IS NOT (?, ?)",
        *(cost, arose_at, key, cost, arose_at),
    )


def note_change(database: Database, job_id: str) -> None:
    """Let readers know that a job, or a request of it, has changed."""
    database.rows("INSERT OR REPLACE INTO changes (job) VALUES (?)", job_id)


class PaidRequests:
    """The records of one journal file. `identity` tells it from its copies."""

    def __init__(self, database: Database, identity: str) -> None:
        self._db = database
        self.identity = identity

    # -- reading

    def get(self, key: str) -> PaidRequest | None:
        """Return the record of a request, or None."""
        return next(iter(self._read("WHERE key = ?", key)), None)

    def of_jobs(self, job_ids: Collection[str]) -> dict[str, tuple[PaidRequest, ...] | None]:
        """Return the records of several jobs, by job; nothing for those that have none.

        None in place of records: one of them is damaged.
        """
        found: dict[str, tuple[PaidRequest, ...] | None] = {}
        ids = list(job_ids)
        for start in range(0, len(ids), _MOST_JOBS):
            some = ids[start : start + _MOST_JOBS]
            clause = f"WHERE job IN ({', '.join('?' * len(some))}) ORDER BY rowid"
            for row in self._db.rows(_SELECT + clause, *some):
                job_id = row[COLUMNS.index("job")]
                before = found.get(job_id, ())
                try:
                    found[job_id] = (*before, self._record(row)) if before is not None else None
                except ValueError:
                    found[job_id] = None
        return found

    def latest(self, subject: str, verb: PaidVerb) -> PaidRequest | None:
        """Return the latest record of what was ordered, or None."""
        clause = "WHERE subject = ? AND verb = ? ORDER BY number DESC LIMIT 1"
        return next(iter(self._read(clause, subject, verb.value)), None)

    def next_number(self, subject: str, verb: PaidVerb) -> int:
        """Return the number of the record that the next order of the same inserts, or reopens."""
        before = self.latest(subject, verb)
        return before.number + (not before.may_be_reopened) if before is not None else 1

    def was_answered(self, subject: str, verb: PaidVerb) -> bool:
        """Return whether Mint has carried out an order of the same before."""
        query = (
            "SELECT 1 FROM paid_requests WHERE subject = ? AND verb = ? AND operation IS NOT NULL"
        )
        return self._db.row(query, subject, verb.value) is not None

    def beginning_with(self, subject: str) -> tuple[PaidRequest, ...]:
        """Return the records whose subject begins like this, in the order of insertion."""
        last = f"{subject}\U0010ffff"
        return self._read("WHERE subject >= ? AND subject < ? ORDER BY rowid", subject, last)

    def names(self, made: str) -> bool:
        """Return whether a record names this operation or asset."""
        return self._db.row("SELECT 1 FROM paid_requests WHERE operation = ?", made) is not None

    # -- writing

    def insert(self, request: PaidRequest) -> PaidRequest:
        """Insert a record as it is, or reopen the one that was given up with the same key."""
        row = [_stored(getattr(request, name)) for name in COLUMNS]
        with self._db.transaction():
            before = self.get(request.key)
            if before is not None and before.may_be_reopened:
                reopened = ("job", "credits", "born", "closed")
                changes = {name: getattr(request, name) for name in reopened}
                if before.is_copied:  # the original may have sent it since then
                    changes["born"] = before.born
                self._change(before, Event.REOPEN, body=request.body or before.body, **changes)
            else:
                self._db.rows(_INSERT, *row)
            note_change(self._db, request.job)
            return self.get(request.key) or request

    def order(
        self,
        subject: str,
        verb: PaidVerb,
        job: str,
        *,
        now: float,
        body: str | None = None,
        credits: float | None = None,
    ) -> PaidRequest:
        """Insert the record of something that a person, or a program, has ordered now.

        The latest record, and those of this job, are given up if they are still open: a person was
        told what became of them. A line of a batch may have been ordered by another job since.
        """
        with self._db.transaction():
            number = self.next_number(subject, verb)
            clause = "WHERE subject = ? AND verb = ? AND number < ? ORDER BY number DESC"
            earlier = self._read(clause, subject, verb.value, number)
            for before in (*earlier[:1], *(older for older in earlier[1:] if older.job == job)):
                if before.is_open or before.state is State.DROPPED:
                    self._change(before, Event.REPLACE, closed=State.OVER)
            return self.insert(
                PaidRequest(
                    *(key_of(subject, verb, number), subject, verb, number, job, body),
                    credits=credits,
                    journal=self.identity,
                    born=now,
                )
            )

    def begin(
        self, key: str, *, now: float, credential: str, body: str, is_replay: bool = False
    ) -> PaidRequest | None:
        """Commit that an attempt is about to be sent; return the record, or None: it must not be.

        Args:
            key: The request.
            now: Mint's time, read over the connection that will be used.
            credential: A hash of the API key.
            body: The JSON. A request in doubt keeps the one that it was sent with.
            is_replay: Whether Mint has answered before, and the same is sent again.
        """
        with self._db.transaction():
            request = self.get(key)
            if request is None or request.is_answered is not is_replay:
                return None
            if not request.may_be_sent(now, credential):
                return None
            changes: dict[str, Any] = {"attempts": request.attempts + 1, "attempted": now}
            changes |= {"looked_by": "", "is_looked_for": False}
            if request.attempts == request.refusals:
                changes |= {"credential": credential, "body": body}
                # others may have sent it since it was inserted, by a clock that may be fast
                changes["born"] = min(request.born, now) if request.is_outside else now
            journal_id.count_attempt(self._db)
            return self._change(request, Event.ATTEMPT, **changes)

    def note_attempts(self) -> None:
        """Write beside the journal how many attempts were begun, before another one is sent.

        Raises:
            JournalError: That is not possible.
        """
        journal_id.note_attempts(self._db)

    def answer(self, key: str, made: str, operation: Operation | None = None) -> PaidRequest | None:
        """Commit what Mint, or Mint's list, names for a request, whatever its record says.

        `operation` is Mint's own answer.
        """
        with self._db.transaction():
            request = self.get(key)
            if request is None:
                return None
            if request.operation is None:
                return self._change(request, Event.ANSWER, operation=made, answer=operation)
            if operation is not None:
                self.note(replace(request, answer=operation))
            return self.get(key)

    def note(self, request: PaidRequest) -> None:
        """Commit what Mint has said last about a request: the prices, and how far it is.

        A row that says so already is not written: each save of a job comes here.
        """
        values = [_stored(getattr(request, name)) for name in NOTED]
        columns = ", ".join(NOTED)
        marks = ", ".join("?" * len(NOTED))
        self._db.rows(
            f"UPDATE paid_requests SET ({columns}) = ({marks})"  # noqa: S608 - our columns
            f" WHERE key = ? AND operation IS ? AND ({columns}) IS NOT ({marks})",
            *(*values, request.key, request.operation, *values),
        )

    def refuse(self, key: str, *, is_final: bool) -> PaidRequest | None:
        """Commit that Mint clearly refused an attempt, after which nothing was started by it.

        The request is over if the refusal is final and no other attempt is in doubt.
        """
        with self._db.transaction():
            if (request := self.get(key)) is None:
                return None
            request = self._change(request, Event.REFUSAL, refusals=request.refusals + 1)
            if is_final and request.state is State.CLEAN:
                request = self._change(request, Event.END, closed=State.REFUSED)
            return request

    def cancel(self, key: str) -> PaidRequest | None:
        """Commit that nothing more is sent for a request that is open; return its record."""
        return self._close(key, Event.CANCEL, OPEN)

    def look(self, key: str) -> PaidRequest | None:
        """Commit that Mint's lists do not show what a request in doubt has made."""
        return self._close(key, Event.LOOK, {State.DROPPED})

    def note_look(self, key: str) -> PaidRequest | None:
        """Commit that this journal was told what Mint shows since the last attempt."""
        with self._db.transaction():
            if (request := self.get(key)) is None:
                return None
            query = "UPDATE paid_requests SET looked_by = ? WHERE key = ?"
            self._db.rows(query, self.identity, key)
            note_change(self._db, request.job)
            return self.get(key)

    def give_up(self, key: str) -> PaidRequest | None:
        """Commit that a request is over, after a person was told what became of it."""
        return self._close(key, Event.REPLACE, OPEN)

    def _close(self, key: str, event: Event, states: Collection[State]) -> PaidRequest | None:
        """Commit the state that follows an event, if the request is in one of these."""
        with self._db.transaction():
            request = self.get(key)
            if request is None or request.state not in states:
                return request
            return self._change(request, event, closed=request.after(event))

    def take_over(self, key: str) -> PaidRequest | None:
        """Commit that this copy of the journal may send a request: a person has said so.

        Another attempt is counted for the original, of which nobody knows what it has sent.
        """
        with self._db.transaction():
            request = self.get(key)
            if request is None or not request.is_open:
                return request
            attempts = request.attempts + 1
            return self._change(
                request, Event.TAKE_OVER, attempts=attempts, journal=self.identity, is_copied=False
            )

    def _change(self, request: PaidRequest, event: Event, **changes: Any) -> PaidRequest:
        """Write changes of a row. Raises IllegalTransition."""
        request.after(event)
        columns = {name: value for name, value in changes.items() if name in COLUMNS}
        marks = ", ".join(f"{name} = ?" for name in columns)
        values = map(_stored, columns.values())
        self._db.rows(
            f"UPDATE paid_requests SET {marks} WHERE key = ?",  # noqa: S608 - our columns
            *(*values, request.key),
        )
        note_change(self._db, request.job)
        return replace(request, **changes)

    def _read(self, clause: str, *values: object) -> tuple[PaidRequest, ...]:
        try:
            return tuple(map(self._record, self._db.rows(_SELECT + clause, *values)))
        except ValueError as error:
            damage = sqlite3.DatabaseError(str(error))
            damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise journal_error(self._db.path, damage) from error

    def _record(self, row: tuple[Any, ...]) -> PaidRequest:
        """Return the record of a row. Raises ValueError if it is damaged."""
        members = dict(zip(COLUMNS, row, strict=True))
        verb = PaidVerb(members["verb"])
        closed = members["closed"]
        members |= {"verb": verb, "closed": State(closed) if closed else None}
        if members["answer"] is not None:
            members["answer"] = Operation.from_json(json.loads(members["answer"]))
        return PaidRequest(
            **members,
            is_copied=members["journal"] != self.identity,
            is_looked_for=members["looked_by"] == self.identity,
        )


def _stored(value: Any) -> Any:
    """Return a value of a record as it is stored."""
    if isinstance(value, Operation):
        return json.dumps(value.raw)
    return value.value if isinstance(value, PaidVerb | State) else value
