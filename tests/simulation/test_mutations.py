# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulation finds mistakes that are made on purpose: it is no test that cannot fail."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .mutations import MUTATIONS
from .options import Options
from .world import simulate

pytestmark = pytest.mark.one_blender


WORLD = Options(motions=False)
SURPRISING = replace(WORLD, jobs=12)
SHORT, LONG = replace(SURPRISING, surprises=False), replace(WORLD, surprises=False)
MOVING = replace(SHORT, motions=True)
FOUND_BY: dict[str, tuple[int, Options, str]] = {
    "a new key at each try": (1, SHORT, "the rule 'record'"),
    "a new key for each try of a decision": (1, SHORT, "the rule 'record'"),
    "no memory of sending": (1, SHORT, "refusal of a request that is clean"),
    "repeats a start for ever": (7, SHORT, "the rule 'age'"),
    "believes gateways": (6, SHORT, "the rule 'denied'"),
    "cancels without looking": (11, SHORT, "nobody knows the operation"),
    "believes a later refusal": (7, SURPRISING, "the rule 'outside'"),
    "starts again without a person": (2, WORLD, "operations for 1 clicks"),
    "does not wait for late requests": (11, SHORT, "the rule 'settled'"),
    "does not compare API keys": (62, SHORT, "the rule 'credential'"),
    "takes random keys": (1, SHORT, "the rule 'key'"),
    "tells nothing apart": (58, WORLD, "the rule 'unique'"),
    "approves unseen": (1, SHORT, "the rule 'preview'"),
    "shares lines": (1, LONG, "the rule 'once'"),
    "ignores own limits": (3, SHORT, "has cost 1650.0 of 300.0 Credits"),
    "shows the key to the file host": (1, SHORT, "was sent to cdn.mint.gg"),
    "waits for nobody": (11, SHORT, "is stuck in fetching"),
    "keeps no pictures": (10, SHORT, "other pictures than at the click"),
    "sends all motions": (40, MOVING, "was sent before"),
    "pays motions again": (1, MOVING, "follow-ups"),
}
"""A world that finds each mistake, and what is said of it."""


def test_each_mistake_is_found() -> None:
    """None is left out."""
    assert set(FOUND_BY) == set(MUTATIONS)


@pytest.mark.parametrize("name", FOUND_BY)
def test_finds_the_mistake(name: str) -> None:
    """The mistake breaks a rule in this world or in one of the next, and nothing else is said."""
    first, options, says = FOUND_BY[name]
    with MUTATIONS[name]():
        failures = (simulate(seed, options).failure for seed in range(first, first + 20))
        assert any(failure.startswith("Violation") and says in failure for failure in failures)
