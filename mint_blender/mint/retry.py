# SPDX-License-Identifier: GPL-3.0-or-later
"""Retries of failed calls: how often they have failed, and a loop for callers that may block.

Clock, sleep and random numbers come from the caller. All methods
of `Client` may be retried: they only read, or have an idempotency key.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..net.retry import RetryPolicy
from .errors import MintError

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
