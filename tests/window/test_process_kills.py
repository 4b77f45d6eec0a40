# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender that kills itself at a step: a sample of what `python3 -m tests.process_kills` does."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.mint_service.runner import running_service
from tests.process_kills.window_kills import WindowKiller

from .display import Display

SCENARIO = "in the window: reviewed model"


@pytest.mark.window
@pytest.mark.covers("R-pay-once", "C7-restart")
def test_a_killed_blender_goes_on(display: Display, installed: Path, tmp_path: Path) -> None:
    """It is killed when Mint has answered the start or a revision, or the result was just placed."""
    choice = random.Random(0)  # none of these kills is followed by a second one
    with running_service(speed=1000, credits=1e9) as service:
        killer = WindowKiller(service, display, installed, tmp_path)
        names = killer.run(SCENARIO, None, choice)["steps"]
        steps = [
            names.index("after request", names.index("after take_slot")),
            names.index("after request", names.index("after decide")),
            names.index("after place"),
        ]
        for step in steps:
            killer.run(SCENARIO, step + 1, choice)
    assert killer.kills == len(steps)
