# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of Retry-After in its two forms, and of invalid values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.net.retry import parse_retry_after

NOON = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC)


DAY = "Mon, 03 Aug 2026"
INVALID = (
    *(None, "", "-5", "soon", "1e3", "inf", "nan", "٣", "9" * 40, "1,5"),
    *("Mon, 99 Foo 2026 12:00:00 GMT", "Mon, 03 Aug 99999 1:1:1 GMT"),
)


@pytest.mark.parametrize(
    ("header", "date", "expected"),
    [
        ("0", None, 0),
        ("7", None, 7),
        (" 120 ", None, 120),
        ("1.5", None, 1.5),
        *((header, None, None) for header in INVALID),
        (f"{DAY} 12:00:30 GMT", None, 30),
        (f"{DAY} 18:00:09 GMT", f"{DAY} 18:00:00 GMT", 9),
        (f"{DAY} 12:00:09 GMT", "gibberish", 9),
        (f"{DAY} 11:59:59 GMT", None, None),
    ],
)
def test_a_wait_is_in_seconds_or_until_a_date(header, date, expected):
    """A date counts from that of the server, so that a wrong clock on this computer has no effect.

    For garbage, negative numbers and dates in the past, the caller uses its own interval.
    """
    assert parse_retry_after(header, date=date, now=NOON) == expected


@given(st.text(), st.text())
def test_no_header_raises_an_exception(header, date):
    """For any header, the result is None or a wait of zero or more."""
    wait = parse_retry_after(header, date=date, now=NOON)
    assert wait is None or wait >= 0
