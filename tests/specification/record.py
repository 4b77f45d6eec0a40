# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row says: the questions that the protocol asks, with all rules or without one."""

from __future__ import annotations

from .state import Call, Row, Setup, World


class Record:
    """The record of paid requests in a configuration, in which one rule may be switched off."""

    def __init__(self, setup: Setup, off: str = "") -> None:
        self.setup, self.off = setup, off
        self.lines = range(setup.lines)

    def on(self, rule: str) -> bool:
        """Return whether a rule is obeyed."""
        return rule != self.off

    def clock(self, w: World) -> int:
        """Return the time that counts."""
        return w.now if self.on("date") else w.now + w.skew

    def new_row(self, w: World, process: int, line: int, index: int) -> Row:
        """Return the row that an order inserts."""
        key = (line, index) if self.on("key") else (line, index, process, len(w.made), w.now)
        return Row(key, self.clock(w))

    def is_clean(self, row: Row) -> bool:
        """Return whether it is certain that nothing was started."""
        is_mine = not row.is_copy or not self.on("memory")
        is_alone = not self.setup.outside or not self.on("outside")
        return row.attempts == row.refusals and is_mine and is_alone

    def may_reopen(self, row: Row) -> bool:
        """Return whether a row was given up with which only others can have started something."""
        is_mine = row.attempts == row.refusals and not row.is_copy
        is_dropped = row.closed == "dropped" and row.operation is None
        return self.setup.outside and is_dropped and is_mine

    def may_send(self, w: World, process: int, row: Row) -> bool:
        """Return whether the program sends a row by itself."""
        if not row.is_open or row.attempts >= self.setup.attempts:
            return False
        if self.setup.folder and not row.filed and self.on("file"):
            return False
        is_mine = not row.is_copy or not self.on("copy")
        return is_mine and (self.is_clean(row) or self.may_repeat(w, process, row))

    def may_repeat(self, w: World, process: int, row: Row) -> bool:
        """Return whether Mint answers with the operation that it may have started for this key."""
        return self._is_known(row, self.clock(w), w.keys[process])

    def may_begin(self, row: Row, call: Call) -> bool:
        """Return whether an attempt may begin as it was checked: the row may have changed since."""
        may_repeat = self._is_known(row, call.clock, call.credential)
        return row.is_open and (self.is_clean(row) or may_repeat)

    def _is_known(self, row: Row, clock: int, credential: int) -> bool:
        is_young = not self.on("age") or clock - row.born < 1
        return is_young and (row.credential in {0, credential} or not self.on("credential"))

    def is_within_limit(self, w: World, home: int) -> bool:
        """Return whether one row more is within the limit."""
        counted = sum(row.may_cost for rows in w.homes[home] for row in rows)
        return not self.setup.limit or counted < self.setup.limit

    def is_settled(self, w: World, home: int, line: int) -> bool:
        """Return whether no attempt of this line, by this home, can be on its way any more."""
        homes = self.setup.homes
        if any(homes[each.process] == home and each.line == line for each in w.net):
            return False
        return not any(
            call is not None and call.line == line and call.kind in {"sent", "answer"}
            for process, call in enumerate(w.calls)
            if homes[process] == home
        )

    def candidates(self, w: World, home: int, since: int) -> set[int]:
        """Return what Mint's lists show that no row of this home names."""
        if not self.setup.is_listed:
            return set()
        named = {row.operation for rows in w.homes[home] for row in rows}
        return {
            number for number, each in enumerate(w.made) if number not in named and each.at >= since
        }
