# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that are killed at a step and run again: a sample of what the long form does."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest

from ..harness.methods import report_of

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(390),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="does not apply: no fork on this system"),
]

PARTS = 8
"""Parts of all boundaries, each in the time of a test."""
NAMES = ("generate after a picture, with review", "batch")


@pytest.mark.covers("R-pay-once", "C7-restart")
def test_commands_that_are_killed_go_on() -> None:
    """Nothing is paid twice, and every file is there in the end."""
    assert _kill(20, *NAMES) >= 16


@pytest.mark.blender
@pytest.mark.one_blender
@pytest.mark.covers("R-python-ids")
@pytest.mark.parametrize(
    "part", [1, 2, *(pytest.param(part, marks=pytest.mark.nightly) for part in range(3, PARTS + 1))]
)
def test_a_script_that_is_killed_anywhere_goes_on(part: int) -> None:
    """The example for studios, with one prop: around each commit and each exchange with Mint."""
    kills = _kill(1000, "a script for one prop", more=("--part", f"{part}/{PARTS}"))
    assert kills >= 3


def _kill(count: int, *names: str, more: Sequence[str] = ()) -> int:
    """Run some cases, check that no rule was broken, and return how many processes were killed."""
    chosen = [word for name in names for word in ("--scenario", name)]
    words = ("--count", str(count), "--seed", "1", *chosen, *more)
    report = report_of("process_kills", *words, timeout=380)
    assert report["failures"] == []
    kills: int = report["figures"]["kills"]
    return kills
