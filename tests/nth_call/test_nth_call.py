# SPDX-License-Identifier: GPL-3.0-or-later
"""Some calls of each kind fail, and at night each of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..mint_service.runner import ThreadService, running_service
from .failing_calls import KINDS
from .generation import Case, run_case

pytestmark = pytest.mark.slow

CALLS = {
    "write": (1, 4, 7),
    "fsync": (2, 5, 12),
    "rename": (1, 3),
    "open": (3, 20, 41),
    "connect": (2, 3),
    "read": (2, 9),
    "journal write": (2, 39, 76),
    "journal open": (2, 4),
}
"""Numbers of calls of each kind: spread over a run that makes more of them."""


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Run a fast service with Credits for all. Its operations are those of one test."""
    with running_service(speed=2000, retry_after=0.01, credits=1e9) as running:
        yield running


@pytest.mark.covers("R-pay-once")
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_survives_failing_calls(
    kind: str, for_good: bool, service: ThreadService, tmp_path: Path
) -> None:
    """It ends in a sentence or goes on by itself, and in the end it was paid once."""
    for number in CALLS[kind]:
        calls, problem = run_case(service, tmp_path, Case(kind, number, for_good))
        assert problem == ""
        assert calls.has_failed


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_survives_each_failing_call(
    kind: str, for_good: bool, service: ThreadService, tmp_path: Path
) -> None:
    """The first, the second, … until there are no more."""
    for number in itertools.count(1):
        calls, problem = run_case(service, tmp_path, Case(kind, number, for_good))
        assert problem == ""
        if not calls.has_failed:
            break
