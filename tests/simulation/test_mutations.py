# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulation finds mistakes that are made on purpose: it is no test that cannot fail."""

from __future__ import annotations

import pytest

from .mutations import MUTATIONS
from .world import simulate

pytestmark = pytest.mark.one_blender

FOUND_BY = {
    "a new key at each try": 1,
    "a new key for each try of a decision": 1,
    "no memory of sending": 5,
    "repeats a start for ever": 8,
    "believes gateways": 1,
    "cancels without looking": 12,
    "a new key after a restart": 1,
    "ignores own limits": 1,
    "shows the key to the file host": 1,
    "waits for nobody": 8,
    "counts no revision": 7,
    "keeps no pictures": 2,
}
"""A seed that finds each mistake: the first one that did."""


@pytest.mark.parametrize("name", FOUND_BY)
def test_finds_the_mistake(name: str) -> None:
    """The mistake breaks a rule in this world or in one of the next."""
    seed = FOUND_BY[name]
    with MUTATIONS[name]():
        failures = (simulate(each).failure for each in range(seed, seed + 20))
        assert any(failure.startswith("Violation") for failure in failures)
