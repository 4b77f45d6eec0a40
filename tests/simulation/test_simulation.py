# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated worlds in which everything goes wrong, and one in which nothing does."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from ..harness.methods import seed_of_commit
from ..mint_model.operations import LIMIT
from .mutations import MUTATIONS
from .options import CALM, Options, Surprises
from .world import Outcome, simulate

pytestmark = pytest.mark.slow

SEEDS = 3
"""Worlds of a test, each with 40 jobs."""
NIGHTLY_BLOCKS = range(1, 9)


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """Leave out the log: every fault would be in it."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def survived(seed: int, options: Options = Options()) -> Outcome:
    """Return the outcome of a world, in which no rule was broken."""
    outcome = simulate(seed, options)
    repeat = f"python3 -m tests.simulation --jobs 1 --seed {seed}"
    lines = [f"repeat: {repeat}", f"with {options}", outcome.failure, *outcome.trace]
    assert not outcome.failure, "\n".join(lines)
    return outcome


@pytest.mark.covers("R-pay-once")
@pytest.mark.parametrize(
    "block", [0, *(pytest.param(block, marks=pytest.mark.nightly) for block in NIGHTLY_BLOCKS)]
)
def test_survives_everything_at_once(block: int) -> None:
    """Faults, kills, full disks, other keys and lost days: Mint's ledger has nothing to complain."""
    first = seed_of_commit() + block * SEEDS
    outcomes = [survived(seed) for seed in range(first, first + SEEDS)]
    figures = [each.figures for each in outcomes]
    assert sum(each["jobs"] for each in figures) >= SEEDS * 38
    assert all(each["operations at Mint"] > 10 for each in figures)
    assert all(any(name.startswith("faults") for name in each) for each in figures)
    assert any(each["kills"] for each in figures)


@pytest.mark.nightly
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
    assert survived(1, busy).most_active == LIMIT


# -- seeds that have failed once. Each is kept with the options that it failed with


PLAIN = Options(surprises=False, motions=False)
FOUND: dict[int, str] = {
    65: "a start that was never answered was found as an asset that waited for an approval, for ever",
    5018: "a revision of long ago was forgotten before Mint was polled: an approval met another Preview",
    72: "a start without an answer was dismissed, and nobody knew what it had started",
    2000655: "a start without an answer was taken for canceled after a day of sleep",
    2001068: "a queued job was dismissed, and the command that waited for Mint sent it",
    956: "a Preview that a killed process had downloaded was taken for a later one: wrong on disk",
    2594: "a Preview was approved on one computer that was revised on another one since it was shown",
    7746: "a Preview was approved that another process had revised while the price was asked for",
    15021: "what a revision on another computer had cost was not counted after a fresh link was asked for",
    17737: "a killed process's request counted for its day, and not for that on which another one sent it",
    3310: "what an optimization without an answer had cost was not counted",
    5539: "an answer about an earlier key came after its scheduler was closed: taken for the present key's",
    588: "a process was killed when it had created the lease of a batch, and not yet written it",
    1000001: "a computer slept for a day between two tries of a revision, and sent it again: paid twice",
}
SELECTED = (5018, 2000655, 956, 1000001)
"""Those that reach what the rest does not; the rest runs at night."""


@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, marks=() if seed in SELECTED else pytest.mark.nightly) for seed in FOUND],
)
def test_does_not_fail_again(seed: int) -> None:
    """What this seed has found is fixed."""
    survived(seed, PLAIN)


# -- the simulation finds mistakes that are made on purpose: it is no test that cannot fail


SHORT = replace(PLAIN, jobs=12)
MOVING = replace(SHORT, motions=True)
RESTORED = replace(PLAIN, surprises=Surprises(journals_are_restored=True))
RESTARTED = replace(SHORT, surprises=Surprises(devices_change=True))
CHANGING = replace(PLAIN, surprises=Surprises(prices_change=True))
FOUND_BY: dict[str, tuple[int, Options, str]] = {
    "a new key at each try": (1, SHORT, "the rule 'record'"),
    "shares lines": (1, PLAIN, "the rule 'once'"),
    "ignores own limits": (3, SHORT, "has cost 1650.0 of 300.0 Credits"),
    "shows the key to the file host": (1, SHORT, "was sent to cdn.mint.gg"),
    "waits for nobody": (45, SHORT, "is stuck in fetching"),
    "keeps no pictures": (10, SHORT, "other pictures than at the click"),
    "sends all motions": (41, MOVING, "was sent before"),
    "takes a copy for the original": (1, RESTORED, "the rule 'copy'"),
    "counts the device": (1, RESTARTED, "the rule 'record'"),
    "needs no look of its own": (24, RESTORED, "the rule 'look'"),
    "asks no price again": (39, CHANGING, "a person has accepted"),
    "pays motions again": (1, MOVING, "follow-ups"),
}
"""A world that finds each mistake, and what is said of it."""
QUICKLY_FOUND = {"a new key at each try"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICKLY_FOUND else pytest.mark.nightly)
        for name in MUTATIONS
    ],
)
def test_finds_the_mistake(name: str) -> None:
    """The mistake breaks a rule in this world or in one of the next, and nothing else is said."""
    first, options, says = FOUND_BY[name]
    with MUTATIONS[name]:
        failures = (simulate(seed, options).failure for seed in range(first, first + 20))
        assert any(failure.startswith("Violation") and says in failure for failure in failures)
