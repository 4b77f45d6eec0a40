# SPDX-License-Identifier: GPL-3.0-or-later
"""Random steps of a user, and a kill: the short form of `python3 -m tests.random_steps`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.random_steps.rounds import play

from .display import Display

pytestmark = [pytest.mark.window, pytest.mark.thorough]

SEED, STEPS, KILL_EVERY = 1, 60, 25


def test_random_steps_and_a_kill(display: Display, installed: Path, tmp_path: Path) -> None:
    """Nothing is lost, paid twice, placed twice or left behind, and no traceback is written."""
    outcome = play(display, installed, tmp_path, SEED, STEPS, KILL_EVERY)
    assert not outcome.failure, f"seed {SEED}: {outcome.failure}\n{outcome.last_steps[-12:]}"
    assert outcome.tally.kills and outcome.jobs and outcome.placed
    assert outcome.tally.steps > STEPS / 2
