# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse Retry-After headers (RFC 9110, section 10.2.3). Pure: the caller passes the time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


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
    until = _parse_date(text)
    if until is None:
        return None
    wait = (until - (_parse_date(date) or now)).total_seconds()
    return wait if wait >= 0 else None


def _parse_date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError, TypeError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
