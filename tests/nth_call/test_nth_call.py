# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the calls fails; the long form lets each of them fail."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mint_blender.jobs.diagnostics.log_file import LogFile

from ..harness.methods import report_of
from ..mint_service.runner import running_service
from .generation import Case, run_case

pytestmark = pytest.mark.one_blender

FEW = ("write", "fsync", "rename", "connect")
MANY = ("open", "read", "journal write", "journal open")


@pytest.mark.covers("R-pay-once")
@pytest.mark.parametrize(("kinds", "step"), [(FEW, 5), (MANY, 37)])
def test_a_run_survives_failing_calls(kinds: tuple[str, ...], step: int) -> None:
    """It ends in a sentence or goes on by itself, and in the end it was paid once."""
    words = [word for kind in kinds for word in ("--kind", kind)]
    report = report_of("nth_call", "--first", "2", "--step", str(step), *words)
    assert report["failures"] == []
    assert all(report["figures"][f"failed calls: {kind}"] >= 2 for kind in kinds)


def test_finds_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that cannot be opened, and says so with a traceback, is found."""
    monkeypatch.setattr(LogFile, "handleError", logging.Handler.handleError)
    with running_service(speed=2000) as service:
        _, problem = run_case(service, tmp_path / "run", Case("open", 20, for_good=True))
    assert "was printed" in problem
