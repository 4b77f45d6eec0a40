# SPDX-License-Identifier: GPL-3.0-or-later
"""When to ask Mint again: retries of failed calls, and the pauses between two polls.

Clock, sleep and random numbers come from the caller. All methods of `Client` may be retried: they
only read, or have an idempotency key.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..net.retry import RetryPolicy
from .errors import MintError, Unreachable

__all__ = ["DEFAULT", "FailureStreak", "RetryPolicy", "call_with_retries"]

T = TypeVar("T")


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


DEFAULT = RetryPolicy()


def call_with_retries(
    call: Callable[[], T],
    *,
    retries: RetryPolicy = DEFAULT,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
    on_wait: Callable[[MintError, float], None] | None = None,
) -> T:
    """Return the call's result, retrying after retryable errors.

    Args:
        call: Must use the same idempotency key each time.
        retries: Intervals and limits.
        clock: The time in seconds.
        sleep: Waits for some seconds.
        chance: Returns a random number from 0 to 1.
        on_wait: Called with each error and the seconds until the next attempt.

    Raises:
        MintError: The last error, when it is not retryable or the time is over.
    """
    began = clock()
    failures = FailureStreak(retries)
    while True:
        try:
            return call()
        except MintError as error:
            wait = failures.fail(clock(), chance(), error.retry_after)
            left = retries.give_up_after - (clock() - began)
            if isinstance(error, Unreachable) and error.is_refused:
                left = min(left, retries.give_up_refused - (clock() - began))
            if error.retry_after is None:
                wait = min(wait, left)  # so that the last attempt is at the limit
            # do not sleep past the limit only to give up then
            if not error.retryable or left <= 0 or wait > left:
                raise
            if on_wait is not None:
                on_wait(error, wait)
        sleep(wait)


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
        self.rounds = self.rounds + 1
        self.waited = self.waited + wait
        return wait

    @property
    def is_slow(self) -> bool:
        """Whether polling has taken longer than usual."""
        return self.waited >= self.intervals.slow_after
