# SPDX-License-Identifier: GPL-3.0-or-later
"""What a state of the model consists of, and the bounds within which states are explored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

T = TypeVar("T")
Key = tuple[int, ...]


class Row(NamedTuple):
    """One paid request. It is open until it has an operation or is closed."""

    key: Key
    born: int
    """By Mint's `Date`: the insertion; then the first attempt that may be at Mint."""
    is_copy: bool = False
    """Whether this is a copy of the journal file in which it was inserted. A crash makes none."""
    attempts: int = 0
    """How many were begun."""
    refusals: int = 0
    """How many of them Mint has clearly refused."""
    credential: int = 0
    """The API key of the first attempt that may be at Mint."""
    operation: int | None = None
    closed: str = ""
    """`refused`, `canceled` (nothing was started), `dropped` (in doubt), `over` (that was told)."""
    looked: bool = False
    """In memory: the lists were read, and a person was told what they show."""
    filed: bool = False
    """Its file in the shared folder was created by this row."""

    @property
    def is_open(self) -> bool:
        """Whether there may be another attempt."""
        return self.operation is None and not self.closed

    @property
    def is_just_refused(self) -> bool:
        """Whether nothing was started, so that it may be ordered again at once."""
        return self.closed == "refused" and not self.is_copy

    @property
    def is_over(self) -> bool:
        """Whether a person may want it again."""
        return self.operation is None and self.closed in {"refused", "over"}

    @property
    def is_resolved(self) -> bool:
        """Whether the program has nothing to find out about it."""
        is_closed = self.closed in {"refused", "canceled", "over"}
        return self.operation is not None or is_closed or self.looked

    @property
    def may_cost(self) -> bool:
        """Whether it counts for a limit."""
        return self.closed not in {"refused", "canceled"}


Rows = tuple[Row, ...]
"""The rows of a line, by number."""
Table = tuple[Rows, ...]
"""The rows of a home, by line."""
Files = tuple[tuple[int, ...], ...]
"""What a machine sees in the shared folder: for each line the homes that wrote its files."""


class Operation(NamedTuple):
    """What Mint has made, and what it remembers of the request."""

    line: int
    key: Key
    credential: int
    at: int


class Request(NamedTuple):
    """A request on its way to Mint."""

    process: int
    line: int
    index: int
    attempt: int
    key: Key
    credential: int


class Call(NamedTuple):
    """What a process is doing about a line."""

    kind: str
    """`order` (it has read the limit), `checked` (the row), `sent`, `answer` (it has one)."""
    line: int
    index: int = 0
    attempt: int = 0
    clock: int = 0
    credential: int = 0
    answer: int | str = ""
    """An operation, or how Mint has not named one."""


class World(NamedTuple):
    """A state."""

    now: int
    """Mint's clock."""
    skew: int
    """The local clock, compared with it."""
    made: tuple[Operation, ...]
    net: frozenset[Request]
    calls: tuple[Call | None, ...]
    """What each process is doing."""
    keys: tuple[int, ...]
    """The API key of each process."""
    homes: tuple[Table, ...]
    files: tuple[Files, ...]
    """What each machine sees in the folder."""
    ordered: frozenset[tuple[int, int]]
    """Home and line."""
    seen: frozenset[int]
    """Operations that were named by a row, or shown to a person."""
    denied: frozenset[Key]
    """Keys of which a person was told that nothing was started."""
    again: tuple[int, ...]
    """How often a person ordered each line again, knowing that it may have been started."""
    saved: tuple[Table, Files] | None
    """The backup."""
    left: tuple[tuple[str, int], ...]
    """Faults and clicks that may still happen, by name."""

    def put(self, home: int, line: int, index: int, row: Row) -> World:
        """Return the state in which a row is changed or, after the last one, inserted."""
        rows = self.homes[home][line]
        rows = (*rows, row) if index == len(rows) else change(rows, index, row)
        table = change(self.homes[home], line, rows)
        seen = self.seen if row.operation is None else self.seen | {row.operation}
        return self._replace(homes=change(self.homes, home, table), seen=seen)

    def does(self, process: int, call: Call | None) -> World:
        """Return the state in which a process does that."""
        return self._replace(calls=change(self.calls, process, call))

    def may(self, fault: str) -> bool:
        """Return whether that may still happen."""
        return dict(self.left).get(fault, 0) > 0

    def take(self, fault: str) -> World:
        """Return the state in which that may happen once less."""
        return self._replace(left=tuple((name, n - (name == fault)) for name, n in self.left))


@dataclass(frozen=True)
class Setup:
    """A configuration: what is explored."""

    homes: tuple[int, ...]
    """The home of each process."""
    faults: Mapping[str, int]
    """How often each may happen: tick, crash, again, rekey, clock, backup."""
    lines: int = 1
    outside: bool = False
    """Whether others can order the same line."""
    folder: str = ""
    """`exclusive`, or `blind`: files of other machines are seen late."""
    keys: tuple[int, ...] = (1, 1)
    """The API key of each process."""
    answers: tuple[str, ...] = ("refused",)
    """How Mint may answer, beside with an operation."""
    attempts: int = 2
    """Most attempts of a row."""
    limit: int = 0
    restores: tuple[str, ...] = ()
    """What is restored from the backup."""
    is_listed: bool = True
    """Whether Mint's lists show what it makes."""
    is_lossy: bool = True
    """Whether requests and answers may be lost."""


def change(values: tuple[T, ...], index: int, value: T) -> tuple[T, ...]:
    """Return the values with another one at an index."""
    return (*values[:index], value, *values[index + 1 :])
