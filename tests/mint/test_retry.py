# SPDX-License-Identifier: GPL-3.0-or-later
"""Retrying failed calls within bounds, with a fake clock."""

from __future__ import annotations

import pytest

from mint_blender.mint.errors import MintError, Problem, Unreachable, problem_error
from mint_blender.mint.retry import RetryPolicy, call_with_retries


class Time:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Call:
    """A call that fails with these errors in turn, then works."""

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


def test_a_call_that_works_is_made_once():
    """No waiting without a reason."""
    time, call = Time(), Call()
    assert (run(call, time), call.made, time.slept) == ("done", 1, [])


@pytest.mark.parametrize(
    "error", [Unreachable("no answer"), *(refusal(status) for status in (429, 500, 502, 503, 504))]
)
def test_temporary_errors_are_repeated(error):
    """Connection errors, 429, 500, 502, 503 and 504 are repeated with growing waits."""
    time, call = Time(), Call(error, error, error)
    assert (run(call, time), call.made, time.slept) == ("done", 4, [1, 2, 4])


@pytest.mark.parametrize(
    "error", [refusal(status) for status in (400, 401, 402, 403, 404, 405, 409, 413, 422)]
)
def test_everything_else_is_not_repeated(error):
    """A call that was refused for a reason is refused again."""
    time, call = Time(), Call(error)
    with pytest.raises(MintError) as raised:
        run(call, time)
    assert (raised.value, call.made, time.slept) == (error, 1, [])


def test_other_exceptions_pass_through():
    """A mistake of ours is no trouble of Mint's."""
    call = Call(KeyError("x"))
    with pytest.raises(KeyError):
        run(call, Time())
    assert call.made == 1


def test_retry_after_is_honoured():
    """Mint's own wait counts, without spreading, but no burst follows."""
    time = Time()
    run(Call(refusal(429, retry_after=17), refusal(503, retry_after=0)), time)
    assert time.slept == [17, 1]


def test_the_number_of_attempts_is_bounded():
    """The last error is reported."""
    errors = [Unreachable(f"try {number}") for number in range(1, 20)]
    time, call = Time(), Call(*errors)
    with pytest.raises(Unreachable, match="try 6"):
        run(call, time)
    assert call.made == 6


def test_the_time_is_bounded():
    """Nobody sleeps past the end of patience only to give up then."""
    time, call = Time(), Call(*(refusal(503, retry_after=100) for _ in range(9)))
    with pytest.raises(MintError):
        run(call, time, retries=RetryPolicy(attempts=50))
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
