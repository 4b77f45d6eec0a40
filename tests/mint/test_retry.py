# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of waiting: the intervals between polls and retries, and retrying within limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.mint.errors import MintError, Problem, Unreachable, problem_error
from mint_blender.mint.retry import Polling, PollIntervals, RetryPolicy, call_with_retries

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
    waits = [RetryPolicy().wait(attempt, 1.0) for attempt in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
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


# -- tests of retrying failed calls within limits, with a fake clock


class Time:
    """A clock that moves only when its `sleep` is called."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Call:
    """A call that fails with these errors in turn, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def run(call: Call, time: Time, **more: object) -> str:
    return call_with_retries(call, clock=time.now, sleep=time.sleep, chance=lambda: 1.0, **more)  # type: ignore[arg-type]


def refusal(status: int, retry_after: float | None = None) -> MintError:
    return problem_error(Problem(status), retry_after=retry_after)


TEMPORARY = [Unreachable("no answer"), *map(refusal, (429, 500, 502, 503, 504))]
PERMANENT = [
    *map(refusal, (400, 401, 402, 403, 404, 405, 409, 413, 422)),
    KeyError("a bug of ours"),
]


@pytest.mark.parametrize(
    ("errors", "slept"),
    [
        ([], []),
        *(([error] * 3, [1, 2, 4]) for error in TEMPORARY),
        ([refusal(429, retry_after=17), refusal(503, retry_after=0)], [17, 1]),
    ],
)
def test_temporary_errors_are_retried(errors, slept):
    """With growing waits, or the requested one without jitter, which is at least 1 s."""
    time, call = Time(), Call(*errors)
    assert (run(call, time), call.made, time.slept) == ("done", len(errors) + 1, slept)


@pytest.mark.parametrize("error", PERMANENT)
def test_permanent_errors_are_not_retried(error):
    """A rejected call would be rejected again."""
    time, call = Time(), Call(error)
    with pytest.raises(type(error)) as raised:
        run(call, time)
    assert (raised.value, call.made, time.slept) == (error, 1, [])


@pytest.mark.covers("R-three-minutes")
def test_a_call_is_retried_for_three_minutes():
    """However short the waits are. The last one is shortened, then the last error is raised."""
    errors = [Unreachable(f"try {number}") for number in range(1, 20)]
    time, call = Time(), Call(*errors)
    with pytest.raises(Unreachable, match="try 9"):
        run(call, time)
    assert (call.made, time.slept) == (9, [1, 2, 4, 8, 16, 32, 60, 57])


def test_the_total_time_is_limited():
    """A wait that would end after the time limit is not started."""
    time, call = Time(), Call(*(refusal(503, retry_after=100) for _ in range(9)))
    with pytest.raises(MintError):
        run(call, time)
    assert (call.made, time.slept) == (2, [100])


def test_waits_are_reported():
    """A caller can show why nothing happens for a while."""
    reported: list[tuple[str, float]] = []
    run(
        Call(Unreachable("the cable is out")),
        Time(),
        on_wait=lambda error, wait: reported.append((str(error), wait)),
    )
    assert reported == [("Mint cannot be reached: the cable is out.", 1.0)]
