# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what the real engine does to its paid requests, as the events that `trace` checks.

What happens to a row is read from the table itself, before and after each statement, and counts
when its transaction was committed: a mistake in the code that writes it cannot hide. What is sent,
polled and listed is noted where the engine does it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from unittest.mock import patch

from mint_blender.files import urls
from mint_blender.jobs.database import Database
from mint_blender.jobs.engine import scheduler
from mint_blender.jobs.paid_requests import send as sending
from mint_blender.jobs.paid_requests.record import COLUMNS, PaidRequest
from mint_blender.jobs.paid_requests.send import PaidCall, Sent
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow import look
from mint_blender.mint import errors
from mint_blender.mint.client import Client
from mint_blender.mint.schema import Operation, Status

from . import events
from .rules import CONVERT, FOUND, JOB, key_of

_WRITES = ("INSERT INTO paid_requests", "UPDATE paid_requests")
_NOTED = (*_WRITES, "BEGIN IMMEDIATE", "COMMIT")
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM paid_requests WHERE key = ?"
DECIDED = ("preview", "operation")
"""How the subjects begin of decisions about an operation."""
_WHOLE_SECONDS = 1.0
"""Mint's `Date` has no fractions."""


@dataclass
class _Transaction:
    """What was written and is not committed: the events, and the rows by key."""

    events: list[events.Event] = field(default_factory=list)
    rows: dict[str, PaidRequest] = field(default_factory=dict)

    def add(self, row: PaidRequest, found: list[events.Event]) -> None:
        """Note what a statement has made of a row."""
        self.rows[row.key] = row
        self.events += found

    def has_start_of(self, job: str) -> bool:
        """Return whether a start of a job is ordered in it."""
        return any(row.job == job and row.verb == "start" for row in self.rows.values())


@dataclass
class _Send:
    """A paid request that is being sent: its call, a name of its own, and the attempt."""

    call: PaidCall
    process: str
    attempt: int = 0


class Recorder:
    """The events so far.

    `now` returns Mint's time, `identity` that of the journal in use, and `asset` what an operation
    has made, from Mint's books.
    """

    def __init__(
        self,
        now: Callable[[], float],
        identity: Callable[[], str],
        asset: Callable[[str], str],
    ) -> None:
        self.events: list[events.Event] = []
        self._now, self._identity, self._asset = now, identity, asset
        self._uncommitted: dict[int, _Transaction] = {}
        self._sends: list[_Send] = []
        self._numbers = count(1)
        self._salts: dict[str, bytes] = {}
        self._begun: dict[str, float] = {}
        self._read: dict[str, float] = {}
        """When each operation and asset was read from Mint."""
        self._calls: dict[str, PaidCall] = {}
        self._is_chosen = False
        self._answered: set[tuple[str, str]] = set()

    def made(self, key: str, operation: str) -> None:
        """Note that Mint has carried out a request."""
        self.events.append(events.Made(key, "", operation, self._now()))

    def history(self) -> list[events.Event]:
        """Return the events, with what became known later."""
        return [self._completed(event) for event in self.events]

    def _completed(self, event: events.Event) -> events.Event:
        if isinstance(event, events.Made):
            return replace(event, asset=self._asset(event.operation))
        return event

    # -- the table

    def rows(self, database: Database, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Execute a statement, and note what it does to a row."""
        if query == "BEGIN IMMEDIATE":
            self._uncommitted[id(database)] = _Transaction()
        if query.startswith(_WRITES):
            key = str(values[0] if query.startswith("INSERT") else values[-1])
            return self._write(database, key, query, *values)
        try:
            return _rows(database, query, *values)
        finally:  # a process may be killed when it has just committed
            if query == "COMMIT" and not database.connection.in_transaction:
                self.events += self._uncommitted.pop(id(database), _Transaction()).events

    def _write(
        self, database: Database, key: str, query: str, *values: object
    ) -> list[tuple[Any, ...]]:
        before, is_inside = self._row(database, key), database.connection.in_transaction
        try:
            return _rows(database, query, *values)
        finally:
            after = self._row(database, key)
            if after is not None and after != before:
                ((journal,),) = _rows(database, "SELECT id FROM this_journal")
                transaction = self._uncommitted[id(database)] if is_inside else _Transaction()
                found = list(self._changes(before, after, journal, transaction))
                if is_inside:
                    transaction.add(after, found)
                else:
                    self.events += found
                self._salts[after.key] = self._salt(database)

    def crashed(self, rows: Mapping[str, PaidRequest]) -> None:
        """Note that everything has died: what was being committed counts if the disk has it.

        `rows` are those of the journal, by their keys.
        """
        for each in self._uncommitted.values():
            if each.rows.items() <= rows.items():
                self.events += each.events
        self.events += [events.Ended(each.process) for each in self._sends]
        self._uncommitted.clear()
        self._sends.clear()
        self._is_chosen = False

    @staticmethod
    def _row(database: Database, key: str) -> PaidRequest | None:
        found = database.connection.execute(_SELECT, (key,)).fetchone()
        return None if found is None else PaidRequest(*found)

    @staticmethod
    def _salt(database: Database) -> bytes:
        query = "SELECT value FROM meta WHERE name = 'salt'"
        found = database.connection.execute(query).fetchone()
        return str(found[0]).encode() if found else b""

    def _changes(
        self, before: PaidRequest | None, row: PaidRequest, journal: str, transaction: _Transaction
    ) -> Iterator[events.Event]:
        """Yield what was done to a row in a transaction."""
        if before is None:
            yield from self._insertion(row, journal)
            return
        if row.journal != before.journal:
            yield events.TakenOver(row.key, row.attempts, journal=journal)
        elif row.attempts > before.attempts:
            yield self._attempt(before, row, journal)
        if row.refusals > before.refusals:
            attempt = self._sends[-1].attempt if self._sends else 0
            yield events.Refused(
                row.key,
                row.attempts,
                row.refusals,
                row.closed == "refused",
                attempt,
                journal=journal,
            )
        if row.operation is not None and row.operation != before.operation:
            yield from self._answer(row, journal)
        if row.closed is None and before.closed is not None:
            yield events.Reopened(row.key, row.born, journal=journal)
        if row.closed is not None and row.closed != before.closed:
            is_for_new_model = row.verb == "optimize" and transaction.has_start_of(row.job)
            if row.closed == "over" and is_for_new_model:  # what replaces it is about that one
                yield events.Looked(row.key, (), True, self._now(), is_direct=True, journal=journal)
                yield events.Told(row.key, journal=journal)
            elif row.closed == "over":
                yield from self._reading(row, journal)
            yield events.Closed(row.key, row.closed, journal=journal)

    def _insertion(self, row: PaidRequest, journal: str) -> Iterator[events.Event]:
        is_from_elsewhere = row.operation is not None or row.closed is not None
        if row.number > 1 and not is_from_elsewhere:
            before = key_of(row.subject, row.verb, row.number - 1)
            about, *_ = row.subject.split(":")
            if (
                about in DECIDED and (journal, before) not in self._answered
            ):  # it is shown, and was decided about once more
                at = self._now() + _WHOLE_SECONDS
                yield events.Looked(before, (), True, at, is_direct=True, journal=journal)
                yield events.Told(before, journal=journal)
            yield events.Again(before, row.key, journal=journal)
        is_outside = not row.subject.startswith(JOB)
        yield events.Inserted(
            *(row.key, row.subject, row.verb, row.number, row.born, is_outside, is_from_elsewhere),
            journal=journal,
        )
        if row.operation is not None:  # another machine says so
            yield events.Answered(row.key, row.operation, journal=journal)
        elif row.closed is not None:
            yield events.Closed(row.key, row.closed, journal=journal)

    def _attempt(self, before: PaidRequest, row: PaidRequest, journal: str) -> events.Event:
        self._begun[row.key] = self._now()
        if self._sends:
            self._sends[-1].attempt = row.attempts
        is_replay = before.operation is not None
        return events.Begun(
            *(row.key, row.attempted, row.credential, row.attempts, is_replay), journal=journal
        )

    def _answer(self, row: PaidRequest, journal: str) -> Iterator[events.Event]:
        assert row.operation is not None
        self._answered.add((journal, row.key))
        if row.operation.startswith(FOUND):
            yield from self._reading(row, journal)
            yield events.Adopted(row.key, row.operation, self._is_chosen, journal=journal)
        else:
            yield events.Answered(row.key, row.operation, journal=journal)

    def _reading(self, row: PaidRequest, journal: str) -> Iterator[events.Event]:
        """Yield that Mint has shown what became of a request about something that it has."""
        kind, about, *_ = row.subject.split(":")
        call = self._calls.get(row.key)
        if row.verb == "optimize":
            kind = "asset"  # the job that orders it has made, or fetches, that model
            about = call.target if call is not None else (row.operation or "").removeprefix(FOUND)
        at = self._read.get(about, -1.0)
        if kind in {"asset", *DECIDED} and at >= self._begun.get(row.key, 0.0):
            found = (row.operation,) if row.operation else ()
            # what is there cannot come later: all of a conversion is, if nothing else is read
            is_direct = kind in DECIDED or bool(found) or row.verb == CONVERT
            at += _WHOLE_SECONDS
            yield events.Looked(row.key, found, True, at, is_direct, journal=journal)
            yield events.Told(row.key, journal=journal)  # by a note of the job

    # -- what is sent

    def send(self, client: Client, *values: Any, call: PaidCall, **more: Any) -> Sent:
        """Send a paid request; who dies meanwhile, or has no space, cannot store the answer."""
        process = f"call {next(self._numbers)}"
        self._calls[call.key] = call
        self._sends.append(_Send(call, process))
        try:
            return _send(client, *values, call=call, **more)
        except BaseException:
            self.events.append(events.Ended(process))
            raise
        finally:
            self._sends.pop()

    def post(self, client: Client, call: PaidCall, body: Any) -> Operation:
        """Send the request itself."""
        journal, sent = self._identity(), self._sends[-1]
        secret = client._secret.encode()
        digest = hmac.new(self._salts.get(call.key, b""), secret, hashlib.sha256).hexdigest()
        self.events.append(
            events.Sent(call.key, f"key:{digest[:40]}", self._now(), sent.attempt, journal=journal)
        )
        try:
            operation = self._post(client, call, body)
        except errors.Conflict:
            self.events.append(events.Conflicted(call.key, sent.attempt, journal=journal))
            raise
        self._read[operation.id] = self._now()  # the answer shows it, too
        self.events.append(events.Received(call.key, operation.id, sent.process, journal=journal))
        return operation

    _post: Callable[[Client, PaidCall, Any], Operation]

    # -- what is read

    def operation(self, client: Client, id: str) -> Operation:
        """Read an operation; before a decision is sent, that is how it is checked."""
        operation = self._operation(client, id)
        self._read[id] = self._now()
        call = self._sends[-1].call if self._sends else None
        if call is not None and call.target == id and call.is_about_preview:
            url = operation.assets.preview_image_url if operation.assets else None
            is_seen = not call.seen or any(urls.same_file(each, url or each) for each in call.seen)
            if operation.status is Status.PREVIEW_READY and is_seen:
                journal, shown = self._identity(), url or ""
                self.events.append(events.Approved(call.key, shown, shown, journal=journal))
        return operation

    _operation: Callable[[Client, str], Operation]

    def made_since(self, run: Any, request: Any) -> Generator[Any, Any, Any]:
        """Read the lists."""
        found, *more = yield from self._made_since(run, request)
        names = tuple(f"{FOUND}{asset.id}" for asset in found)
        at = self._now() + _WHOLE_SECONDS
        self.events.append(events.Looked(request.key, names, True, at, journal=self._identity()))
        return found, *more

    _made_since: Callable[[Any, Any], Generator[Any, Any, Any]]

    def tell(
        self, run: Any, request: Any, found: Any, refusal: Any, **more: Any
    ) -> Generator[Any, Any, None]:
        """Tell a person what the lists show. That stays in the job, for every process."""
        journal = self._identity()
        if request.verb != "start":
            at = self._now() + _WHOLE_SECONDS
            self.events.append(events.Looked(request.key, (), True, at, journal=journal))
        self.events.append(events.Told(request.key, journal=journal))
        yield from self._tell(run, request, found, refusal, **more)

    _tell: Callable[..., Generator[Any, Any, None]]

    def use_candidate(self, service: JobService, job_id: str, asset_id: str) -> None:
        """Use what a person has chosen."""
        self._is_chosen = True
        try:
            _use_candidate(service, job_id, asset_id)
        finally:
            self._is_chosen = False


_rows, _send, _use_candidate = Database.rows, sending.send, JobService.use_candidate


@contextmanager
def recorded(recorder: Recorder) -> Iterator[None]:
    """Record what the engine does meanwhile, also one with a mistake that was made before."""
    recorder._post, recorder._operation = sending._post, Client.operation
    recorder._made_since, recorder._tell = look._made_since, look._tell
    asset, poll = Client.asset, Client.poll

    def rows(database: Database, query: str, *values: object) -> list[tuple[Any, ...]]:
        is_noted = query.startswith(_NOTED)  # most statements only read
        return (recorder.rows if is_noted else _rows)(database, query, *values)

    def read_asset(client: Client, kind: Any, id: str) -> Any:
        found = asset(client, kind, id)
        recorder._read[id] = recorder._now()
        return found

    def read_operation(client: Client, id: str) -> Any:
        found = poll(client, id)
        recorder._read[id] = recorder._now()
        return found

    with ExitStack() as stack:
        for place, name, value in (
            (Database, "rows", rows),
            (scheduler, "send", recorder.send),
            (sending, "_post", recorder.post),
            (Client, "operation", lambda client, id: recorder.operation(client, id)),
            (Client, "asset", read_asset),
            (Client, "poll", read_operation),
            (look, "_made_since", recorder.made_since),
            (look, "_tell", recorder.tell),
            (JobService, "use_candidate", lambda *values: recorder.use_candidate(*values)),
        ):
            stack.enter_context(patch.object(place, name, value))
        yield
