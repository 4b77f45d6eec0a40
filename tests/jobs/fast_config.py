# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine configuration for tests: Mint's own schedule, 400 times as fast.

All ratios stay the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.engine.config import EngineConfig
from mint_blender.jobs.workflow import collect, run
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.mint.account import Account
from mint_blender.mint.retry import PollIntervals, RetryPolicy

SPEED = 400.0
PACE = PollIntervals(
    first=2.0 / SPEED,
    longest=15.0 / SPEED,
    slow_after=30 * 60 / SPEED,
    slow=60.0 / SPEED,
    min_retry_after=1.0 / SPEED,
)
RETRIES = RetryPolicy(
    first=1.0 / SPEED,
    longest=60.0 / SPEED,
    min_retry_after=1.0 / SPEED,
    max_retry_after=900.0 / SPEED,
)


def fast_config(
    home: Path, *, readable: frozenset[str] = frozenset(), pace: PollIntervals = PACE, **more: Any
) -> EngineConfig:
    """Return a configuration whose waits are short."""
    return EngineConfig(home, WorkflowConfig(pace, readable), **{"retries": RETRIES, **more})


def shorten_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of a workflow for another job, and for a result that is incomplete."""
    monkeypatch.setattr(run, "FIRST_INTERVAL", 5.0 / SPEED)
    monkeypatch.setattr(run, "STOPPED_INTERVAL", 60.0 / SPEED)
    monkeypatch.setattr(collect, "SETTLING_WAIT", 3.0 / SPEED)


def account(service: Any) -> Account:
    """Return the account of a stand-in service."""
    return Account(service.key, service.api)
