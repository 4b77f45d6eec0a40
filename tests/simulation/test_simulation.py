# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated worlds in which everything goes wrong, and one in which nothing does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .mint_operations import LIMIT
from .world import CALM, simulate

SEEDS = range(1, 11)
"""About 400 jobs: half a minute of processor time. The command runs as many as you like."""


@pytest.mark.covers("R-pay-once")
@pytest.mark.parametrize("seed", SEEDS)
def test_survives_everything_at_once(seed: int) -> None:
    """Faults, kills, full disks, other keys and lost days: Mint's ledger has nothing to complain."""
    outcome = simulate(seed)
    assert not outcome.failure, "\n".join([outcome.failure, *outcome.trace])
    assert outcome.operations > 20 and outcome.faults and outcome.kills


def test_a_seed_repeats_its_run() -> None:
    """Two runs of a seed are the same, so that a failure can be looked at again."""
    first, second = simulate(3), simulate(3)
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


@pytest.mark.covers("C18-ten")
def test_never_more_generations_than_mint_allows() -> None:
    """Two Blenders, commands and a batch share Mint's slots, also where Mint would not refuse."""
    busy = replace(CALM, jobs=60, limit_is_enforced=False, reviews=False, pause=0.5)
    outcome = simulate(1, busy)
    assert not outcome.failure, "\n".join([outcome.failure, *outcome.trace])
    assert outcome.most_active == LIMIT
