# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of a way through the model, as the engine would record them.

So the checks of histories are held against the model: what it allows has to pass, and the
counterexample of each rule has to be noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, State

from . import events
from .events import Event
from .keys import key_of
from .record import Record
from .state import Row, Table, World

UNIT = 12 * 3600.0
"""Seconds of a unit of the model's time. A step takes one, and a look comes some hours later."""
LATER = 20_000.0
_STEP = re.compile(r"(.*?)(?: \(process (\d+)(?:, line (\d+))?\))?")


def events_of(record: Record, steps: Sequence[str], path: Sequence[World]) -> list[Event]:
    """Return the events of these steps, which lead from each state of the path to the next."""
    writer = _Writer(record)
    return [
        event
        for number, (step, before, after) in enumerate(zip(steps, path, path[1:], strict=False))
        for event in writer.events(number, step, before, after)
    ]


def stored_rows(record: Record, table: Table) -> list[PaidRequest]:
    """Return the rows of a home as its journal would have them."""
    writer = _Writer(record)
    return [
        PaidRequest(
            key=writer.key(row),
            subject=writer.subject(line),
            verb=PaidVerb.START,
            number=number,
            job="",
            journal="a",
            born=row.born * UNIT,
            attempts=row.attempts,
            refusals=row.refusals,
            operation=None if row.operation is None else str(row.operation),
            closed=State(row.closed) if row.closed else None,
        )
        for line, rows in enumerate(table)
        for number, row in enumerate(rows, 1)
    ]


class _Writer:
    """Writes events. Each home has a journal file, another one after a restored backup."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.number = 0
        self.journals = [f"home {home}" for home in sorted(set(record.setup.homes))]

    def events(self, number: int, step: str, before: World, after: World) -> Iterator[Event]:
        """Yield the events of one step."""
        self.number = number
        match = _STEP.fullmatch(step)
        what, process, line = (
            match.group(1),
            int(match.group(2) or 1) - 1,
            int(match.group(3) or 1) - 1,
        )
        if what == "send":
            yield from self._send(process, before, after)
        elif what.startswith("store"):
            yield from self._store(process, before, after)
        elif what == "order as it is":
            row, journal = self._rows(process, line, after)[-1], self._journal(process)
            yield events.Reopened(self.key(row), self._time(row.born), journal=journal)
            if row.looked:  # the lists were read before
                yield from self._told(process, row, before, since=0)
        elif what in {"order", "again"}:
            yield from self._insert(process, line, before, after)
        elif what.startswith("look"):
            yield from self._look(process, line, before, after)
        elif what.startswith("cancel") or what == "find a file":
            yield self._close(process, line, after)
        elif what == "crash":
            yield from self._end(process)
        elif "backup" in what:
            yield from self._backup(what, after)
        else:
            yield from self._mint(before, after)

    def _time(self, now: int) -> float:
        return now * UNIT + self.number

    def key(self, row: Row) -> str:
        """Return the key of a row, which is derived if the model obeys that rule."""
        line, index = row.key[:2]
        return key_of(self.subject(line), "start", index + 1) if len(row.key) == 2 else str(row.key)

    def subject(self, line: int) -> str:
        """Return what a line has ordered."""
        return f"line:{line}" if self.record.setup.outside else f"job:{line}"

    def _journal(self, process: int) -> str:
        return self.journals[self.record.setup.homes[process]]

    def _rows(self, process: int, line: int, w: World) -> tuple[Row, ...]:
        return w.homes[self.record.setup.homes[process]][line]

    def _send(self, process: int, before: World, after: World) -> Iterator[Event]:
        call = before.calls[process]
        row = self._rows(process, call.line, after)[call.index]
        key, journal = self.key(row), self._journal(process)
        if self.record.on("record"):
            at = self._time(call.clock)
            yield events.Begun(key, at, str(call.credential), row.attempts, journal=journal)
        at = self._time(before.now)
        yield events.Sent(key, str(call.credential), at, row.attempts, journal=journal)

    def _store(self, process: int, before: World, after: World) -> Iterator[Event]:
        call, journal = before.calls[process], self._journal(process)
        old = self._rows(process, call.line, before)[call.index]
        row = self._rows(process, call.line, after)[call.index]
        key = self.key(row)
        if isinstance(call.answer, str):
            is_final = call.answer == "refused"
            yield events.Refused(
                key, row.attempts, row.refusals, is_final, call.attempt, journal=journal
            )
            if row.closed != old.closed:
                yield events.Closed(key, row.closed, journal=journal)
        elif row.operation == call.answer:
            yield events.Answered(key, str(call.answer), journal=journal)

    def _insert(self, process: int, line: int, before: World, after: World) -> Iterator[Event]:
        old, new = self._rows(process, line, before), self._rows(process, line, after)
        row, journal = new[-1], self._journal(process)
        if len(new) == len(old):
            yield events.TakenOver(self.key(row), journal=journal)
            return
        if old:
            yield events.Again(self.key(old[-1]), self.key(row), journal=journal)
        if self.record.on("limit"):
            table = after.homes[self.record.setup.homes[process]]
            total = sum(each.may_cost for rows in table for each in rows)
            yield events.LimitSum("today", total, self.record.setup.limit or None, journal=journal)
        yield events.Inserted(
            self.key(row),
            self.subject(line),
            "start",
            len(new),
            self._time(row.born),
            is_outside=self.record.setup.outside,
            look="the same",
            day="today",
            credits=1.0,
            journal=journal,
        )
        if row.looked:  # the lists were read before
            yield from self._told(process, row, before, since=0)

    def _look(self, process: int, line: int, before: World, after: World) -> Iterator[Event]:
        for old, row in zip(
            self._rows(process, line, before), self._rows(process, line, after), strict=True
        ):
            key, journal = self.key(row), self._journal(process)
            if row == old:
                continue
            looked, told = self._told(process, old, before, since=old.born)
            yield looked
            if row.operation is not None:
                yield events.Adopted(key, str(row.operation), journal=journal)
                return
            yield told
            if row.closed != old.closed:
                yield events.Closed(key, row.closed, journal=journal)

    def _told(self, process: int, row: Row, w: World, since: int) -> Iterator[Event]:
        home = self.record.setup.homes[process]
        found = self.record.candidates(w, home, since)
        is_settled = self.record.is_settled(w, home, row.key[0])
        at = self._time(w.now) + (LATER if is_settled else 0)
        key, journal = self.key(row), self._journal(process)
        yield events.Looked(key, tuple(map(str, sorted(found))), True, at, journal=journal)
        yield events.Told(key, f"home {home}", journal=journal)

    def _close(self, process: int, line: int, after: World) -> Event:
        row, journal = self._rows(process, line, after)[-1], self._journal(process)
        key = self.key(row)
        if row.closed == "canceled":
            return events.Canceled(key, journal=journal)
        if row.closed == "dropped":
            return events.Dropped(key, journal=journal)
        return events.Closed(key, row.closed, journal=journal)

    def _end(self, process: int) -> Iterator[Event]:
        yield events.Ended(f"process {process}")
        yield events.Ended(f"home {self.record.setup.homes[process]}")  # what it was told

    def _backup(self, what: str, after: World) -> Iterator[Event]:
        if what == "backup":
            yield events.Copied(self.journals[0], "backup")  # which nobody works with
        elif "home" in what:
            home = 1 if "another machine" in what else 0
            for process, each in enumerate(self.record.setup.homes):
                if each == home:
                    yield from self._end(process)
            yield events.Lost(self.journals[home])
            self.journals[home] = f"home {home}, restored"
            yield events.Copied("backup", self.journals[home])
            yield events.Lost("backup")
            yield events.Opened(self.journals[home], self._time(after.now))

    def _mint(self, before: World, after: World) -> Iterator[Event]:
        for number in range(len(before.made), len(after.made)):
            made = after.made[number]
            key = self.key(Row(made.key, 0))
            yield events.Made(key, str(made.credential), str(number), self._time(made.at))
        for process, call in enumerate(after.calls):
            if call is None or call.kind != "answer" or call == before.calls[process]:
                continue
            if not isinstance(call.answer, str):
                row = self._rows(process, call.line, after)[call.index]
                yield events.Received(
                    self.key(row),
                    str(call.answer),
                    f"process {process}",
                    journal=self._journal(process),
                )
