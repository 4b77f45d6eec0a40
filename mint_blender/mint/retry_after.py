# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Retry-After header asks for, in seconds. Pure: the present time comes from outside.

Both forms of RFC 9110, section 10.2.3: a number of seconds, or an HTTP date.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def seconds(header: str | None, *, date: str | None = None, now: datetime) -> float | None:
    """Seconds to wait, or None when nothing sensible is asked for.

    An HTTP date counts from the answer's own Date header where there is one, so that a wrong clock
    here does no harm.
    """
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _moment(text)
    if until is None:
        return None
    wait = (until - (_moment(date) or now)).total_seconds()
    return wait if wait >= 0 else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
