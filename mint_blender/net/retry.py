# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals between retries, and Retry-After headers (RFC 9110, section 10.2.3).

Arithmetic only: clock, sleep and random numbers come from the caller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff of retries, in seconds.

    `give_up_after` (seconds) limits callers that block, `give_up_refused` where nobody listens at
    the address; the calls of jobs are retried without a limit. `min_retry_after` and
    `max_retry_after` bound what a server may ask for.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0
    give_up_after: float = 180.0
    give_up_refused: float = 5.0
    min_retry_after: float = 1.0
    max_retry_after: float = 15 * 60.0

    def wait(self, attempt: int, chance: float, retry_after: float | None = None) -> float:
        """Return the seconds to wait before the next attempt.

        Args:
            attempt: Number of failures so far, from 1.
            chance: A random number from 0 to 1; spreads callers over the upper half of the wait.
            retry_after: What the server asks for; used within bounds.
        """
        if retry_after is not None:
            return min(max(self.min_retry_after, retry_after), self.max_retry_after)
        # The exponent is limited, or days of retries would overflow a float.
        planned = min(self.longest, self.first * self.factor ** min(attempt - 1, 64))
        return planned * (0.5 + 0.5 * chance)


def parse_retry_after(
    header: str | None, *, date: str | None = None, now: datetime
) -> float | None:
    """Return the seconds to wait, or None for a missing, unreadable or past value.

    Args:
        header: A number of seconds or an HTTP date.
        date: The response's own Date header. An HTTP date counts from it, so that a wrong clock on
            this computer does no harm.
        now: The time to count from when the response has no Date header.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = epoch_of(text)
    since = epoch_of(date)
    if until is None:
        return None
    wait = until - (now.timestamp() if since is None else since)
    return wait if wait >= 0 else None


def epoch_of(date: str | None) -> float | None:
    """Return the seconds since the epoch of an HTTP date; None for an invalid one."""
    try:
        moment = parsedate_to_datetime(date or "")
        return None if moment.tzinfo is None else moment.timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
