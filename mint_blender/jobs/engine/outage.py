# SPDX-License-Identifier: GPL-3.0-or-later
"""Detect that Mint cannot be reached, from the calls of all jobs together.

One job whose calls fail says nothing about the others. When the calls of two jobs fail one after
the other, without any answer in between, there is an outage: then one call at a time probes Mint,
at growing intervals, and the first answer wakes all the other jobs.

No clock, no threads.
"""

from __future__ import annotations

from ...message import Message
from ...mint.errors import MintError
from ...mint.polling import FailureStreak, RetryPolicy


class StillUnreachable(MintError):
    """Nothing was answered for as long as the caller wanted to wait. The jobs are kept."""

    retryable = True

    def __init__(self, sentence: str) -> None:
        super().__init__(
            Message(
                "{problem} Stopped waiting. Started jobs are kept: resume them later.",
                problem=sentence,
            )
        )


ENOUGH = 2  # jobs whose calls failed since the last answer


class Outage:
    """What is known about the connection to Mint."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._failing: set[str] = set()
        self._probes = FailureStreak(policy)
        self._next_probe = 0.0
        self._probe: int | None = None

    @property
    def is_on(self) -> bool:
        """Whether the calls of several jobs fail."""
        return len(self._failing) >= ENOUGH

    @property
    def next_call(self) -> float:
        """When the next call may be sent.

        While a probe is out, its answer decides, but not forever: it may hang on a dead connection.
        """
        return self._next_probe if self.is_on else 0.0

    def sent(self, number: int, now: float) -> None:
        """Note that a call was sent; during an outage it is the probe."""
        if self.is_on:
            self._probe, self._next_probe = number, now + self._policy.longest

    def ended(self, number: int, now: float) -> None:
        """Note that a call has come back, one way or another."""
        if number == self._probe:
            self._probe, self._next_probe = None, now

    def failed(self, job_id: str, now: float, chance: float, retry_after: float | None) -> None:
        """Note that a call had no answer, or a retryable error."""
        self._failing.add(job_id)
        if self.is_on:
            self._next_probe = now + self._probes.fail(now, chance, retry_after)

    def answered(self) -> bool:
        """Note that Mint has answered. Returns whether that ended an outage."""
        was_on = self.is_on
        self._failing.clear()
        self._probes.reset()
        self._next_probe, self._probe = 0.0, None
        return was_on
