# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the intervals between polls and between retries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.mint.retry import Polling, PollIntervals, RetryPolicy

chances = st.floats(0, 1)
asked = st.none() | st.floats(allow_nan=False)


@pytest.mark.covers("C14-rhythm")
def test_poll_intervals_follow_the_contract():
    """The interval starts at 2 s, grows by a factor of 1.6, and is at most 15 s."""
    waits = [round(1000 * PollIntervals().wait(number)) for number in range(8)]
    assert waits == [2000, 3200, 5120, 8192, 13107, 15000, 15000, 15000]


def test_after_half_an_hour_polls_are_a_minute_apart():
    """Polling continues as long as the job does, whatever wait Mint requests then."""
    polling = Polling(PollIntervals())
    waits = []
    while not polling.is_slow:
        waits.append(polling.wait())
    assert waits[:3] == [2.0, 3.2, pytest.approx(5.12)]
    assert 30 * 60 <= sum(waits) < 30 * 60 + 15
    assert [polling.wait(asked) for asked in (None, 0.0, 5.0)] == [60.0, 60.0, 60.0]


@pytest.mark.covers("C14-retry-after")
@pytest.mark.parametrize(("wanted", "kept"), [(0, 1), (0.2, 1), (7, 7), (60, 15), (-1, 1)])
def test_retry_after_replaces_the_poll_interval(wanted, kept):
    """The requested wait is limited to 1 s to 15 s."""
    assert PollIntervals().wait(4, retry_after=wanted) == kept


@given(st.integers(0, 10**9), asked)
def test_the_poll_interval_is_always_limited(number, wanted):
    """However long a job is polled, the interval is 1 to 15 s."""
    assert 1 <= PollIntervals().wait(number, wanted) <= 15


def test_retries_back_off_exponentially():
    """The wait doubles up to a maximum, with random jitter over its upper half."""
    assert [RetryPolicy().wait(attempt, 1.0) for attempt in range(1, 9)] == [
        1,
        2,
        4,
        8,
        16,
        32,
        60,
        60,
    ]
    assert [RetryPolicy().wait(attempt, 0.0) for attempt in range(1, 4)] == [0.5, 1, 2]


@given(st.integers(1, 10**6), chances, asked)
def test_the_retry_wait_is_always_limited(attempt, chance, wanted):
    """A computed wait is at most a minute, a requested one 1 s to 15 minutes."""
    assert RetryPolicy().wait(attempt, chance, wanted) <= (60 if wanted is None else 900)
    assert RetryPolicy().wait(attempt, chance, wanted) >= (0.5 if wanted is None else 1)


@pytest.mark.covers("C14-retry-after")
@pytest.mark.parametrize(
    ("wanted", "kept"), [(0, 1), (0.01, 1), (300, 300), (900, 900), (3600, 900)]
)
def test_retry_after_replaces_the_retry_wait(wanted, kept):
    """The requested wait is limited to 1 s to 15 minutes."""
    assert RetryPolicy().wait(3, 0.5, wanted) == kept
