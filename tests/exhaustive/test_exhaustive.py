# SPDX-License-Identifier: GPL-3.0-or-later
"""Short sequences of actions survive a crash at every point; the long form runs all of them.

Each run is a process of its own: it forks, which a process with threads must not do.
"""

from __future__ import annotations

import sys

import pytest

from ..harness.methods import report_of
from .disk_image import Crash
from .mistakes import MISTAKES

pytestmark = [
    pytest.mark.one_blender,
    pytest.mark.skipif(sys.platform != "linux", reason="does not apply: it needs fork and /proc"),
]


@pytest.mark.covers("R-pay-once", "C7-restart")
def test_short_sequences_survive_every_crash() -> None:
    """All sequences of up to two actions, and a sample of the longer ones."""
    report = report_of(
        "exhaustive", "--whole", "2", "--short-share", "0.1", "--sample", "8", "--share", "0.03"
    )
    assert report["failures"] == []
    figures = report["figures"]
    assert figures["sequences"] > 50 and figures["cases run"] > 100
    assert min(figures[f"cases: {crash}"] for crash in Crash) > 50


FOUND_BY = {
    "no sync of files": "optimized model: start, poll",
    "no sync of folders": "model after a picture: start, poll; crash 1 lost",
    "a new key at each try": "model with review: start",
}
"""A sequence, or a case of one, that finds each mistake."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_finds_the_mistake(mistake: str) -> None:
    """It is no test that cannot fail: a mistake that is made on purpose is found."""
    report = report_of("exhaustive", "--mistake", mistake, "--only", FOUND_BY[mistake])
    assert report["failures"]
