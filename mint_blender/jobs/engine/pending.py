# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker has been sent for and has not come back from: each under the number of the last
time that it was sent.

What comes back with an earlier number is late: something was sent since, and that is still under
way.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Pending(Generic[T]):
    """Jobs that are looked at, or questions that are asked."""

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
        """It is being sent; the number is to come back with the answer."""
        self.version += 1
        self._numbers[what] = next(self._count)
        return self._numbers[what]

    def end(self, what: T, number: int) -> bool:
        """It has come back with this number; False when that is late."""
        if self._numbers.get(what) != number:
            return False
        self.version += 1
        del self._numbers[what]
        return True

    def clear(self) -> None:
        """Whatever comes back now is late."""
        self.version += 1
        self._numbers.clear()
