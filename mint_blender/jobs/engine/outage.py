# SPDX-License-Identifier: GPL-3.0-or-later
"""Can Mint be reached?

Judged by all jobs together: an outage concerns every job of the API's origin. No clock, no threads.

One job whose calls fail says nothing about the others. When the calls of two jobs fail one after
the other, without an answer to anybody in between, there is an outage: then one call at a time
probes, at growing intervals, and the first answer wakes all the others.
"""

from __future__ import annotations

from ...mint.errors import MintError
from ...mint.pacing import RetryPolicy


class StillUnreachable(MintError):
    """Nobody has been answered for as long as somebody wanted to wait.

    The jobs are kept where they are.
    """

    retryable = True

    def __init__(self, sentence: str) -> None:
        super().__init__(
            f"{sentence} Stopped waiting. What was started is kept, and resume goes on with it."
        )


ENOUGH = 2  # jobs whose calls failed since the last answer


class Outage:
    """What is known of the connection."""

    def __init__(self, retries: RetryPolicy) -> None:
        self._retries = retries
        self._failing: set[str] = set()
        self._tries = 0
        self._next_probe = 0.0
        self._probe: int | None = None

    @property
    def is_on(self) -> bool:
        """Do calls of several jobs fail?"""
        return len(self._failing) >= ENOUGH

    @property
    def next_call(self) -> float:
        """When the next call may be sent.

        While a probe is out its answer decides, but not for ever: it may hang on a dead connection.
        """
        return self._next_probe if self.is_on else 0.0

    def sent(self, number: int, now: float) -> None:
        """A call was sent, which is the probe if there is an outage."""
        if self.is_on:
            self._probe, self._next_probe = number, now + self._retries.longest

    def ended(self, number: int, now: float) -> None:
        """A call has come back, one way or another."""
        if number == self._probe:
            self._probe, self._next_probe = None, now

    def failed(self, job_id: str, now: float, chance: float, retry_after: float | None) -> None:
        """A call was not answered, or with trouble that passes."""
        self._failing.add(job_id)
        if self.is_on:
            self._tries += 1
            self._next_probe = now + self._retries.wait(self._tries, chance, retry_after)

    def answered(self) -> bool:
        """Mint has answered somebody. Returns whether there was an outage, which is over."""
        was_on = self.is_on
        self._failing.clear()
        self._tries, self._next_probe, self._probe = 0, 0.0, None
        return was_on
