# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs in one Blender: the short form of `python3 -m tests.endurance`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.endurance.watch import Sample, growth, watch

from .blender_window import BlenderWindow

MINT = {"speed": 40.0, "retry_after": 0.05, "credits": 1e7}
JOBS, BATCH = 30, 10
HELD = ("threads", "own_threads", "files", "sockets")
FLAT = [Sample(jobs, 400.0, 30, 0, 25, 3, 0.5) for jobs in range(25, 1001, 25)]


@pytest.mark.thorough
@pytest.mark.window
def test_what_jobs_hold_is_given_back(blender: BlenderWindow) -> None:
    """After each batch there are no more threads, open files and sockets than after the first."""
    first, *others = watch(blender, JOBS, BATCH)
    assert len(others) == 2 and others[-1].jobs == JOBS
    for each in others:
        more = {name: getattr(each, name) - getattr(first, name) for name in HELD}
        assert {name: count for name, count in more.items() if count > 0} == {}, (first, each)


@pytest.mark.nightly
def test_flat_samples_are_flat() -> None:
    """Nothing is reported where nothing grows."""
    assert growth(FLAT) == []


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "step"),
    [("megabytes", 4.0), ("threads", 1), ("files", 1), ("sockets", 1), ("beat_milliseconds", 0.1)],
)
def test_growth_is_found(name: str, step: float) -> None:
    """A quantity that grows with each batch is named."""
    growing = [
        replace(each, **{name: getattr(each, name) + step * number})
        for number, each in enumerate(FLAT)
    ]
    (sentence,) = growth(growing)
    assert sentence.startswith(f"{name} grew from ")
