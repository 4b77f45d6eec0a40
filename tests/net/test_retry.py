# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of Retry-After in its two forms, and of invalid values."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.net.retry import parse_retry_after

NOON = datetime(2026, 8, 3, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(("header", "expected"), [("0", 0), ("7", 7), (" 120 ", 120), ("1.5", 1.5)])
def test_a_number_is_in_seconds(header, expected):
    """A number is a wait in seconds."""
    assert parse_retry_after(header, now=NOON) == expected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "-5",
        "soon",
        "1e3",
        "inf",
        "nan",
        "٣",
        "9" * 40,
        "1,5",
        "Mon, 99 Foo 2026 12:00:00 GMT",
        "Mon, 03 Aug 99999 1:1:1 GMT",
    ],
)
def test_an_invalid_wait_is_ignored(header):
    """For garbage and negative numbers, the caller uses its own interval."""
    assert parse_retry_after(header, now=NOON) is None


def test_a_date_is_relative_to_our_clock():
    """Without a Date header, the clock of this computer is used."""
    assert parse_retry_after("Mon, 03 Aug 2026 12:00:30 GMT", now=NOON) == 30


def test_a_date_is_relative_to_the_servers_date():
    """With a Date header, a wrong clock on this computer has no effect."""
    date = "Mon, 03 Aug 2026 18:00:00 GMT"
    assert parse_retry_after("Mon, 03 Aug 2026 18:00:09 GMT", date=date, now=NOON) == 9
    assert parse_retry_after("Mon, 03 Aug 2026 12:00:09 GMT", date="gibberish", now=NOON) == 9


def test_a_date_in_the_past_is_ignored():
    """A date that has passed gives no wait."""
    assert parse_retry_after("Mon, 03 Aug 2026 11:59:59 GMT", now=NOON) is None


@given(st.text(), st.text())
def test_no_header_raises_an_exception(header, date):
    """For any header, the result is None or a wait of zero or more."""
    wait = parse_retry_after(header, date=date, now=NOON)
    assert wait is None or wait >= 0
