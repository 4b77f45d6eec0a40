# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs in one Blender: the short form of `python3 -m tests.endurance`."""

from __future__ import annotations

import pytest

from tests.endurance.watch import watch

from .blender_window import BlenderWindow

MINT = {"speed": 40.0, "retry_after": 0.05, "credits": 1e7}
JOBS, BATCH = 30, 10
HELD = ("threads", "own_threads", "files", "sockets")
MOST_MORE = 1
"""One more open file was seen at times, whose cause is not known; what each job keeps is more."""


@pytest.mark.nightly
@pytest.mark.window
def test_what_jobs_hold_is_given_back(blender: BlenderWindow) -> None:
    """After each batch there are as many threads, open files and sockets as after the first."""
    first, *others = watch(blender, JOBS, BATCH)
    assert len(others) == 2 and others[-1].jobs == JOBS
    for each in others:
        more = {name: getattr(each, name) - getattr(first, name) for name in HELD}
        assert {name: count for name, count in more.items() if count > MOST_MORE} == {}, (
            first,
            each,
        )
