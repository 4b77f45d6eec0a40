# SPDX-License-Identifier: GPL-3.0-or-later
"""Retries of failed calls: the intervals between them, and a loop for callers that may block.

The intervals are arithmetic only; clock, sleep and random numbers come from the caller. All methods
of `Client` may be retried: they only read, or have an idempotency key.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .errors import MintError

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff of retries, in seconds.

    `give_up_after` (seconds) limits callers that block; the calls of jobs are retried without a
    limit. `min_retry_after` and `max_retry_after` bound what Mint may ask for.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0
    give_up_after: float = 180.0
    min_retry_after: float = 1.0
    max_retry_after: float = 15 * 60.0

    def wait(self, attempt: int, chance: float, retry_after: float | None = None) -> float:
        """Return the seconds to wait before the next attempt.

        Args:
            attempt: Number of failures so far, from 1.
            chance: A random number from 0 to 1; spreads callers over the upper half of the wait.
            retry_after: What Mint asks for; used within bounds.
        """
        if retry_after is not None:
            return min(max(self.min_retry_after, retry_after), self.max_retry_after)
        # The exponent is limited, or days of retries would overflow a float.
        planned = min(self.longest, self.first * self.factor ** min(attempt - 1, 64))
        return planned * (0.5 + 0.5 * chance)


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
    began, failures = clock(), FailureStreak(retries)
    while True:
        try:
            return call()
        except MintError as error:
            wait = failures.fail(clock(), chance(), error.retry_after)
            left = retries.give_up_after - (clock() - began)
            if error.retry_after is None:
                wait = min(wait, left)  # so that the last attempt is at the limit
            # do not sleep past the limit only to give up then
            if not error.retryable or left <= 0 or wait > left:
                raise
            if on_wait is not None:
                on_wait(error, wait)
        sleep(wait)
