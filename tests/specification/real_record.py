# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's table of paid requests, driven along a way through the model."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from mint_blender.jobs.database import Database
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, State, of_job, of_line
from mint_blender.jobs.paid_requests.table import TABLES, PaidRequests

from .record import Record
from .state import Call, Row, World

UNIT = 12 * 3600.0
"""Seconds of a unit of the model's time."""
_STEP = re.compile(r"(.*?)(?: \(process (\d+)(?:, line (\d+))?\))?")


class MemoryDatabase(Database):
    """A database without a file."""

    def __init__(self, copy_of: MemoryDatabase | None = None) -> None:
        self.path = Path("memory")
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        if copy_of is not None:
            copy_of.connection.backup(self.connection)
            return
        for statement in TABLES:
            self.connection.execute(statement)
        self.connection.execute("CREATE TABLE changes (job TEXT PRIMARY KEY)")


class RealRecord:
    """The tables of all homes, in which the product does what the model does."""

    def __init__(self, record: Record) -> None:
        self.record = record
        homes = sorted(set(record.setup.homes))
        self.databases = [MemoryDatabase() for _ in homes]
        self.homes = [PaidRequests(self.databases[home], f"home {home}") for home in homes]
        self.saved = self.databases[0]
        self.steps = 0

    def follow(self, step: str, before: World, after: World) -> None:
        """Do one step of the model."""
        self.steps += 1
        match = _STEP.fullmatch(step)
        what, process, line = match[1], int(match[2] or 1) - 1, int(match[3] or 1) - 1
        home = self.record.setup.homes[process]
        if what in {"order", "order as it is", "again"}:
            self._insert(home, line, before, after)
        elif what in {"send", "leave it"}:
            self._begin(home, before.calls[process], before)
        elif what.startswith("store"):
            self._store(home, before.calls[process])
        elif what.startswith(("cancel", "find", "look")):
            self._change(home, line, before, after)
        elif what == "backup":
            self.saved = MemoryDatabase(self.databases[0])
        elif what.startswith("restore") and what != "restore the backup: folder":
            home = 1 if "another machine" in what else 0
            self.databases[home] = MemoryDatabase(self.saved)
            self.homes[home] = PaidRequests(self.databases[home], f"restored in {self.steps}")

    def _time(self, unit: int) -> float:
        return unit * UNIT + self.steps

    def _subject(self, line: int) -> str:
        return of_line("batch", str(line)) if self.record.setup.outside else of_job(str(line))

    def _rows(self, home: int, line: int) -> list[PaidRequest]:
        rows = self.homes[home].beginning_with(self._subject(line))
        return sorted(rows, key=lambda row: row.number)

    def _insert(self, home: int, line: int, before: World, after: World) -> None:
        old, new = before.homes[home][line], after.homes[home][line]
        if len(old) == len(new) and old[-1].is_open:
            self.homes[home].take_over(self._rows(home, line)[-1].key)
        else:
            now = self._time(new[-1].born)
            self.homes[home].order(self._subject(line), PaidVerb.START, str(line), now=now)

    def _begin(self, home: int, call: Call, before: World) -> None:
        if before.homes[home][call.line][call.index].attempts >= self.record.setup.attempts:
            return  # a bound of the model alone
        key = self._rows(home, call.line)[call.index].key
        now, credential = self._time(call.clock), str(call.credential)
        self.homes[home].begin(key, now=now, credential=credential, body="{}")

    def _store(self, home: int, call: Call) -> None:
        key = self._rows(home, call.line)[call.index].key
        if isinstance(call.answer, str):
            self.homes[home].refuse(key, is_final=call.answer == "refused")
        else:
            self.homes[home].answer(key, str(call.answer))

    def _change(self, home: int, line: int, before: World, after: World) -> None:
        """Cancel a row, give it up, or look for it."""
        table = self.homes[home]
        old, new = before.homes[home][line], after.homes[home][line]
        for was, row, real in zip(old, new, self._rows(home, line), strict=True):
            if row.operation != was.operation:
                table.answer(real.key, str(row.operation))
            elif was.is_open and row.closed == "over":
                table.give_up(real.key)
            elif was.is_open and row.closed:
                table.cancel(real.key)
            elif row != was:
                table.look(real.key)

    def differences(self, w: World) -> Iterator[str]:
        """Yield where the product's tables are not what the model says."""
        for home, table in enumerate(w.homes):
            for line, rows in enumerate(table):
                real_rows = self._rows(home, line)
                if len(real_rows) != len(rows):
                    yield f"{len(real_rows)} rows, {len(rows)} in the model"
                    continue
                for row, real in zip(rows, real_rows, strict=True):
                    yield from self._difference(w, home, row, real)

    def stored_rows(self, home: int) -> list[PaidRequest]:
        """Return the rows of a home."""
        return [real for line in self.record.lines for real in self._rows(home, line)]

    def _difference(self, w: World, home: int, row: Row, real: PaidRequest) -> Iterator[str]:
        operation = None if row.operation is None else str(row.operation)
        says = (row.attempts, row.refusals, operation, row.closed)
        really = (real.attempts, real.refusals, real.operation, real.closed or "")
        if says != really:
            yield f"{real.key} says {really}, and {says} in the model"
        if not row.is_open:
            return
        if (real.state is State.CLEAN) != self.record.is_clean(row):
            yield f"{real.key} is {real.state}, and not in the model"
        if row.is_copy and not real.is_copied:
            return  # a row after a scan that has shown something: the model waits for a person
        for process, each in enumerate(self.record.setup.homes):
            may_repeat = self.record.may_repeat(w, process, row)
            may_send = not row.is_copy and (self.record.is_clean(row) or may_repeat)
            may_really = real.may_be_sent(self._time(w.now), str(w.keys[process]))
            if each == home and may_really != may_send:
                yield f"{real.key} may be sent: {may_really}, and {may_send} in the model"
