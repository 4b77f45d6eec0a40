# SPDX-License-Identifier: GPL-3.0-or-later
"""Retry a failed call, for callers that may block.

Safe for all methods of `Client`: its calls only read, or have an idempotency key.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from .errors import MintError
from .polling import FailureStreak, RetryPolicy

T = TypeVar("T")
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
        MintError: The last error, when it is not retryable or a limit is reached.
    """
    began, failures = clock(), FailureStreak(retries)
    while True:
        try:
            return call()
        except MintError as error:
            wait = failures.fail(clock(), chance(), error.retry_after)
            # The wait counts too: do not sleep past the limit only to give up then.
            if not error.retryable or not retries.may_retry(failures.count, clock() - began + wait):
                raise
            if on_wait is not None:
                on_wait(error, wait)
        sleep(wait)
