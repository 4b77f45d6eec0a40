# SPDX-License-Identifier: GPL-3.0-or-later
"""How long to wait: arithmetic only. Clock, sleep and chance come from outside.

Polling ("not finished yet") and retrying ("the call failed") are two things with two rhythms.
Source of the polling rhythm: Mint's own client (2 s, times 1.6, at most 15 s, for 30 minutes). What
takes longer than that is not over: polling goes on once a minute.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PollIntervals:
    """The rhythm of polling, in seconds.

    After `patience` it is the slow one; `shortest` is the least that Mint can ask for.
    """

    first: float = 2.0
    factor: float = 1.6
    longest: float = 15.0
    patience: float = 30 * 60.0
    slow: float = 60.0
    shortest: float = 1.0

    def wait(self, round: int, retry_after: float | None = None) -> float:
        """Seconds before poll number `round` (the first is 0): what Mint asked for, else 2, 3.2,
        5.12 … 15; never above the longest.
        """
        # The exponent is capped: a job watched for long must not overflow a float.
        planned = self.first * self.factor ** min(round, 64)
        return min(
            self.longest, planned if retry_after is None else max(self.shortest, retry_after)
        )


@dataclass
class Polling:
    """Polls of one thing, for as long as it is watched.

    `rounds` counts them, `watched` the seconds waited before them.
    """

    pace: PollIntervals
    rounds: int = 0
    watched: float = 0.0

    def wait(self, retry_after: float | None = None) -> float:
        """Seconds before the next poll."""
        wait = self.pace.slow if self.is_long else self.pace.wait(self.rounds, retry_after)
        self.rounds, self.watched = self.rounds + 1, self.watched + wait
        return wait

    @property
    def is_long(self) -> bool:
        """Has it been watched for longer than usual?"""
        return self.watched >= self.pace.patience


@dataclass(frozen=True)
class RetryPolicy:
    """The rhythm of repeating a failed call, in seconds.

    `attempts` and `patience` bound the number and the time for who blocks meanwhile; what a job
    needs is repeated without an end.
    """

    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0
    attempts: int = 6
    patience: float = 180.0
    shortest_asked: float = 1.0
    longest_asked: float = 15 * 60.0

    def wait(self, attempt: int, chance: float, retry_after: float | None = None) -> float:
        """Seconds before repeating after failure number `attempt` (the first is 1).

        `chance` in 0..1 spreads callers over the upper half of the wait. What Mint asks for is
        kept, as long as it is sane.
        """
        if retry_after is not None:
            return min(max(self.shortest_asked, retry_after), self.longest_asked)
        # The exponent is capped: what is repeated for days must not overflow a float.
        planned = min(self.longest, self.first * self.factor ** min(attempt - 1, 64))
        return planned * (0.5 + 0.5 * chance)

    def may_retry(self, attempt: int, waited: float) -> bool:
        """Is there another attempt after failure number `attempt`, when `waited` seconds have
        passed since the first?
        """
        return attempt < self.attempts and waited < self.patience
