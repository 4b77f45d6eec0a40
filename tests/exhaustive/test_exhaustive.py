# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole lives of jobs survive a crash at every point; the long form runs all short sequences.

Each run is a process of its own: it forks, which a process with threads must not do.
"""

from __future__ import annotations

import sys

import pytest

from ..harness.methods import report_of
from .disk_image import Crash
from .workloads import WORKLOADS

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="does not apply: it needs fork and /proc"
)


@pytest.mark.slow
@pytest.mark.covers("R-pay-once", "C7-restart")
def test_whole_lives_survive_every_crash() -> None:
    """At each point the process dies in one way, and they take turns."""
    report = report_of("exhaustive", "--lives")
    assert report["failures"] == []
    figures = report["figures"]
    assert figures["sequences"] == 9 and figures["cases"] == figures["crash points"] > 200
    assert min(figures[f"cases: {crash}"] for crash in Crash) > 20


@pytest.mark.thorough
@pytest.mark.parametrize(
    "workload",
    [
        pytest.param(name, marks=() if name == "few Credits" else pytest.mark.nightly)
        for name in WORKLOADS
    ],
)
def test_short_sequences_survive_every_crash_in_every_way(workload: str) -> None:
    """All sequences of up to two actions."""
    report = report_of("exhaustive", "--length", "2", "--workload", workload)
    assert report["failures"] == []
    assert report["figures"]["cases"] > report["figures"]["crash points"] > 20
