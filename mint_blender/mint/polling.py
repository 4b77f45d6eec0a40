# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of polling and of retries: arithmetic only, without clock, sleep or random numbers.

Polling ("not finished yet") and retrying ("the call failed") have different intervals.

Source of the polling intervals: Mint's own client (2 s, times 1.6, at most 15 s, for 30 minutes).
After that, polling continues once a minute.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PollIntervals:
    """Seconds between polls."""

    first: float = 2.0
    factor: float = 1.6
    longest: float = 15.0
    patience: float = 30 * 60.0
    """After this time, `slow` is used."""
    slow: float = 60.0
    shortest: float = 1.0
    """The least that Mint can ask for."""

    def wait(self, round: int, retry_after: float | None = None) -> float:
        """Return the seconds before poll number `round`, counted from 0: 2, 3.2, 5.12 … 15.

        What Mint asks for wins, up to `longest`.
        """
        # The exponent is limited, or a job that is polled for days would overflow a float.
        planned = self.first * self.factor ** min(round, 64)
        return min(
            self.longest, planned if retry_after is None else max(self.shortest, retry_after)
        )


@dataclass
class Polling:
    """State of polling one operation: the number of polls and the seconds waited for them."""

    pace: PollIntervals
    rounds: int = 0
    watched: float = 0.0

    def wait(self, retry_after: float | None = None) -> float:
        """Return the seconds before the next poll, and count it."""
        wait = self.pace.slow if self.is_long else self.pace.wait(self.rounds, retry_after)
        self.rounds, self.watched = self.rounds + 1, self.watched + wait
        return wait

    @property
    def is_long(self) -> bool:
        """Whether polling has taken longer than usual."""
        return self.watched >= self.pace.patience


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff of retries, in seconds.

    `attempts` and `patience` limit the number and the time for callers that block; a job's calls
    are retried without a limit.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0
    attempts: int = 6
    patience: float = 180.0
    shortest_asked: float = 1.0
    longest_asked: float = 15 * 60.0

    def wait(self, attempt: int, chance: float, retry_after: float | None = None) -> float:
        """Return the seconds to wait before the next attempt.

        Args:
            attempt: Number of failures so far, from 1.
            chance: A random number from 0 to 1; spreads callers over the upper half of the wait.
            retry_after: What Mint asks for; used within bounds.
        """
        if retry_after is not None:
            return min(max(self.shortest_asked, retry_after), self.longest_asked)
        # The exponent is limited, or days of retries would overflow a float.
        planned = min(self.longest, self.first * self.factor ** min(attempt - 1, 64))
        return planned * (0.5 + 0.5 * chance)

    def may_retry(self, attempt: int, waited: float) -> bool:
        """Return whether to retry after failure `attempt`, `waited` seconds after the first."""
        return attempt < self.attempts and waited < self.patience


@dataclass
class FailureStreak:
    """Consecutive failures of the same call.

    `count` is how many there were; `since` is when the first one happened, by the caller's clock.
    """

    policy: RetryPolicy
    count: int = 0
    since: float = 0.0

    def fail(self, now: float, chance: float, retry_after: float | None = None) -> float:
        """Count a failure and return the seconds until the next attempt."""
        self.count += 1
        if self.count == 1:
            self.since = now
        return self.policy.wait(self.count, chance, retry_after)

    def reset(self) -> None:
        """End the streak: the call has succeeded, or another one takes its place."""
        self.count = 0
