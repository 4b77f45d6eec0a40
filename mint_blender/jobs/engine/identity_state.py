# SPDX-License-Identifier: GPL-3.0-or-later
"""Which jobs wait until it is known whose key is in use, and when Mint is asked next.

Pure: no clock, no socket.
"""

from __future__ import annotations

from typing import Final

from ...mint.errors import Forbidden, MintError, NotFound, NotSupported
from ...mint.pacing import RetryPolicy
from ...mint.schema import Me

NOT_SAID: Final = ""
"""No user id, and not the answer that there is none: the key was refused, or Mint could not be
asked.
"""


def user_of(said: Me | MintError) -> str | None:
    """The account's id; None where Mint does not tell it; NOT_SAID where that is still open."""
    if isinstance(said, Me):
        return said.user_id or None
    return None if isinstance(said, NotFound | NotSupported | Forbidden) else NOT_SAID


class Identity:
    """What waits for the answer."""

    def __init__(self, retries: RetryPolicy) -> None:
        self.waiting: dict[str, int] = {}  # jobs, and the number of the last look at each
        self.due = 0.0  # when to ask next
        self._retries = retries
        self._failures = 0
        self.failing_since = 0.0

    def wait_for(self, job_id: str, number: int) -> None:
        """This job is looked at as soon as there is an answer."""
        self.waiting[job_id] = number

    def take_waiting(self) -> dict[str, int]:
        """All that has waited: there is an answer, or another key."""
        waiting, self.waiting = self.waiting, {}
        self.due, self._failures = 0.0, 0
        return waiting

    def wait(self, error: MintError, now: float, chance: float) -> float | None:
        """Seconds until Mint is asked again, as every call is repeated: without an end.

        None where that cannot help.
        """
        self._failures += 1
        if self._failures == 1:
            self.failing_since = now
        if not error.retryable:
            return None
        wait = self._retries.wait(self._failures, chance, error.retry_after)
        self.due = now + wait
        return wait
