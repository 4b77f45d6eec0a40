# SPDX-License-Identifier: GPL-3.0-or-later
"""What people have clicked: the upper bound of what Mint may be paid."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PaidClick:
    """A click after which Mint may be paid.

    `at` is the time by the computer's own clock. `is_confirmed`: a person has agreed to go beyond
    the limits.
    """

    job: str
    machine: str
    at: float
    is_confirmed: bool


@dataclass
class Clicks:
    """The clicks of all people.

    Attributes:
        starts: Starts and retries, by prompt.
        previews: Starts, retries and revisions, by prompt.
        follow_ups: Optimizations and conversions that were asked for, by prompt; motions by prompt
            and words.
        motion_orders: The jobs of each order of several motions.
        shown: The hash of the Preview picture that was shown at an approval, by its key.
        own_limit: The most that a job may cost, by its id.
        pictures: The hashes of the reference pictures of each start, by prompt.
        paid: Clicks that cost, by their idempotency keys.
        confirmed: The jobs that may exceed the limits.
        accepted: The price that a person has accepted for a start, or None, and when, by its key.
        ordered: The job of each paid request in a journal, and when it was ordered, by its key.
    """

    starts: dict[str, int] = field(default_factory=dict)
    previews: dict[str, int] = field(default_factory=dict)
    follow_ups: dict[str, int] = field(default_factory=dict)
    motion_orders: list[tuple[str, ...]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    own_limit: dict[str, float] = field(default_factory=dict)
    pictures: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    paid: dict[str, PaidClick] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)
    accepted: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    ordered: dict[str, tuple[str, float]] = field(default_factory=dict)

    @staticmethod
    def add(counts: dict[str, int], prompt: str, number: int = 1) -> None:
        """Count clicks for a prompt."""
        counts[prompt] = counts.get(prompt, 0) + number

    def paid_by(self, key: str) -> PaidClick | None:
        """Return the click that a request with this idempotency key belongs to, if it is known.

        What a job orders by itself, such as an optimization, belongs to its latest click before.
        """
        if key in self.paid or key not in self.ordered:
            return self.paid.get(key)
        job, at = self.ordered[key]
        clicks = [each for each in self.paid.values() if each.job == job]
        before = [each for each in clicks if each.at <= at + 1.0] or clicks
        return max(before, key=lambda each: each.at, default=None)
