# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals between polls of an operation: arithmetic only, without clock or sleep.

Polling means "not finished yet"; "the call failed" is `retry`.

Source of the intervals: Mint's own client (2 s, times 1.6, at most 15 s, for 30 minutes). After
that, polling continues once a minute.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PollIntervals:
    """Seconds between polls."""

    first: float = 2.0
    factor: float = 1.6
    longest: float = 15.0
    slow_after: float = 30 * 60.0
    """Seconds of waiting after which `slow` is used."""
    slow: float = 60.0
    min_retry_after: float = 1.0
    """The shortest wait that Mint can ask for."""

    def wait(self, round: int, retry_after: float | None = None) -> float:
        """Return the seconds before poll number `round`, counted from 0: 2, 3.2, 5.12 … 15.

        What Mint asks for wins, up to `longest`.
        """
        # The exponent is limited, or a job that is polled for days would overflow a float.
        planned = self.first * self.factor ** min(round, 64)
        return min(
            self.longest, planned if retry_after is None else max(self.min_retry_after, retry_after)
        )


@dataclass
class Polling:
    """State of polling one operation: the number of polls and the seconds waited for them."""

    intervals: PollIntervals
    rounds: int = 0
    waited: float = 0.0

    def wait(self, retry_after: float | None = None) -> float:
        """Return the seconds before the next poll, and count it."""
        wait = (
            self.intervals.slow if self.is_slow else self.intervals.wait(self.rounds, retry_after)
        )
        self.rounds, self.waited = self.rounds + 1, self.waited + wait
        return wait

    @property
    def is_slow(self) -> bool:
        """Whether polling has taken longer than usual."""
        return self.waited >= self.intervals.slow_after
