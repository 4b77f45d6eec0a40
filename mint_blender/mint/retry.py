# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeat a failed call until it works or patience ends, for callers that may block.

The rhythm is `pacing.RetryPolicy`.

Safe for everything a `Client` offers: it makes only calls that read, and calls that carry an
idempotency key.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from .errors import MintError
from .pacing import RetryPolicy

T = TypeVar("T")
USUAL = RetryPolicy()


def call_with_retries(
    call: Callable[[], T],
    *,
    retries: RetryPolicy = USUAL,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
    on_wait: Callable[[MintError, float], None] | None = None,
) -> T:
    """The call's result; retryable errors are waited out, the last error is raised when the bounds
    are reached.

    `call` must use the same idempotency key each time. `on_wait` hears of each error and the
    seconds until the next try.
    """
    began = clock()
    attempt = 1
    while True:
        try:
            return call()
        except MintError as error:
            wait = retries.wait(attempt, chance(), error.retry_after)
            # The wait counts too: nobody sleeps past the end of patience only to give up then.
            if not error.retryable or not retries.may_retry(attempt, clock() - began + wait):
                raise
            if on_wait is not None:
                on_wait(error, wait)
        sleep(wait)
        attempt += 1
