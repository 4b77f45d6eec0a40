# SPDX-License-Identifier: GPL-3.0-or-later
"""Mint's clock, as its answers show it. This computer's own clock may be wrong, or set at any time.

The monotonic clock may stand still while the computer sleeps, so the age of an answer is by it or
by the wall clock, whichever says more.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

MOST_STEPS_BACK = 60.0
"""Seconds that a Date may be before an earlier one: Mint's servers may differ that much."""


class Moment:
    """A moment of this computer, from which seconds are counted."""

    def __init__(self) -> None:
        self._monotonic, self._wall = time.monotonic(), time.time()

    def seconds_since(self) -> float:
        """Return how long ago it was, with sleep."""
        return max(time.monotonic() - self._monotonic, time.time() - self._wall)


class MintClock:
    """The time at Mint: the `Date` of its latest answer, and the time since."""

    def __init__(self) -> None:
        self._date: float | None = None
        self._read = Moment()
        self._sent: Moment | None = None

    def begin(self) -> Moment:
        """Begin a request: until its answer, nothing is known about the connection."""
        self._sent = None
        return Moment()

    def read(self, headers: Mapping[str, str], sent: Moment) -> None:
        """Read an answer of Mint to a request that was sent then.

        A Date before an earlier one, or in an answer that was kept by a cache, is not used.
        """
        date = epoch_of(headers.get("Date"))
        if date is None or _was_cached(headers.get("Age")):
            return
        if self._date is None or date >= self._date - MOST_STEPS_BACK:
            self._date, self._read, self._sent = date, Moment(), sent

    @property
    def age(self) -> float:
        """Seconds since the request of the latest answer was sent; infinite without one.

        Counted from the request, because an answer may wait while the computer sleeps.
        """
        return math.inf if self._sent is None else self._sent.seconds_since()

    @property
    def now(self) -> float | None:
        """Seconds since the epoch, while the latest answer is young; None before any answer."""
        return None if self._date is None else self._date + self._read.seconds_since()


def epoch_of(date: str | None) -> float | None:
    """Return the seconds since the epoch of a Date header; None for an invalid one."""
    try:
        moment = parsedate_to_datetime(date or "")
        return None if moment.tzinfo is None else moment.timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def _was_cached(age: str | None) -> bool:
    return (age or "0").strip() != "0"
