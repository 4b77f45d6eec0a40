# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of retrying failed calls within limits, with a fake clock."""

from __future__ import annotations

import pytest

from mint_blender.mint.errors import MintError, Problem, Unreachable, problem_error
from mint_blender.mint.retry import call_with_retries


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


def test_a_successful_call_is_made_once():
    """A call that succeeds has no wait."""
    time, call = Time(), Call()
    assert (run(call, time), call.made, time.slept) == ("done", 1, [])


@pytest.mark.parametrize(
    "error", [Unreachable("no answer"), *(refusal(status) for status in (429, 500, 502, 503, 504))]
)
def test_temporary_errors_are_retried(error):
    """Connection errors, 429, 500, 502, 503 and 504 are retried with growing waits."""
    time, call = Time(), Call(error, error, error)
    assert (run(call, time), call.made, time.slept) == ("done", 4, [1, 2, 4])


@pytest.mark.parametrize(
    "error", [refusal(status) for status in (400, 401, 402, 403, 404, 405, 409, 413, 422)]
)
def test_permanent_errors_are_not_retried(error):
    """A rejected call would be rejected again."""
    time, call = Time(), Call(error)
    with pytest.raises(MintError) as raised:
        run(call, time)
    assert (raised.value, call.made, time.slept) == (error, 1, [])


def test_other_exceptions_are_raised():
    """An exception that is not a MintError is a bug of ours, and it is not retried."""
    call = Call(KeyError("x"))
    with pytest.raises(KeyError):
        run(call, Time())
    assert call.made == 1


def test_retry_after_is_respected():
    """The requested wait is used without jitter, and it is at least 1 s."""
    time = Time()
    run(Call(refusal(429, retry_after=17), refusal(503, retry_after=0)), time)
    assert time.slept == [17, 1]


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
