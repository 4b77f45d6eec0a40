# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated worlds in which everything goes wrong, and one in which nothing does."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ..mint_model.operations import LIMIT
from .options import CALM
from .world import Outcome, simulate

pytestmark = pytest.mark.one_blender

BLOCKS, SEEDS = 8, 3
"""24 worlds with 960 jobs: a block is one test, so that workers share them."""


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """Leave out the log: every fault would be in it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def survived(seed: int) -> Outcome:
    """Return the outcome of a world, in which no rule was broken."""
    outcome = simulate(seed)
    assert not outcome.failure, "\n".join([outcome.failure, *outcome.trace])
    return outcome


@pytest.mark.covers("R-pay-once")
@pytest.mark.parametrize("block", range(BLOCKS))
def test_survives_everything_at_once(block: int) -> None:
    """Faults, kills, full disks, other keys and lost days: Mint's ledger has nothing to complain."""
    outcomes = [survived(1 + block * SEEDS + number) for number in range(SEEDS)]
    assert sum(each.jobs for each in outcomes) >= SEEDS * 38
    assert all(each.operations > 10 for each in outcomes)
    assert all(each.faults for each in outcomes) and any(each.kills for each in outcomes)


def test_a_seed_repeats_its_run() -> None:
    """Two runs of a seed are the same, so that a failure can be looked at again."""
    first, second = simulate(3), simulate(3)
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)


@pytest.mark.covers("C18-ten")
def test_never_more_generations_than_mint_allows() -> None:
    """Two Blenders, commands and a batch share Mint's slots, also where Mint would not refuse.

    The jobs of a process that has quit are not counted until another one takes them over.
    """
    busy = replace(CALM, jobs=60, limit_is_enforced=False, reviews=False, quits=False, pause=0.5)
    outcome = simulate(1, busy)
    assert not outcome.failure, "\n".join([outcome.failure, *outcome.trace])
    assert outcome.most_active == LIMIT
