# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the worker that have not finished, with the number of the last one.

A result with an earlier number is late: something was requested since, and is still pending.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Pending(Generic[T]):
    """Jobs that were woken, or queries that were sent."""

    def __init__(self) -> None:
        self.version = 0  # grows with every change
        self._numbers: dict[T, int] = {}
        self._count = itertools.count(1)

    def __contains__(self, what: T) -> bool:
        return what in self._numbers

    def __iter__(self) -> Iterator[T]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def begin(self, what: T) -> int:
        """Note a request and return its number, which comes back with the result."""
        self.version += 1
        self._numbers[what] = next(self._count)
        return self._numbers[what]

    def end(self, what: T, number: int) -> bool:
        """Note a result. Returns False when it is late."""
        if self._numbers.get(what) != number:
            return False
        self.version += 1
        del self._numbers[what]
        return True

    def clear(self) -> None:
        """Treat every result that still comes as late."""
        self.version += 1
        self._numbers.clear()
