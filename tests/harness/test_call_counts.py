# SPDX-License-Identifier: GPL-3.0-or-later
"""The counts that tests compare do not depend on what ran before."""

from __future__ import annotations

from .call_counts import calls_of


class Abandoned:
    """Something in a cycle, whose finalizer runs when the garbage collector finds it."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        pass


def test_finalizers_of_abandoned_objects_are_not_counted() -> None:
    """The garbage collector would find them while the calls are counted."""

    def act() -> None:
        kept: list[list[int]] = []
        for _ in range(100_000):
            kept.append([])  # noqa: PERF401 - a comprehension would be a call of its own

    for _ in range(50):
        Abandoned()
    assert calls_of(act) == 1
