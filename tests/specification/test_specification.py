# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol of paid requests holds within bounds, and each of its rules is needed."""

from __future__ import annotations

import pytest

from .histories import BROKEN
from .rules import RULES
from .setups import LARGE, SETUPS, SHOWN_IN, explore_setup
from .trace import check


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.thorough if name in LARGE else ()) for name in SETUPS],
)
def test_all_is_well_in_every_state(name: str) -> None:
    """No state within small bounds is wrong, and an end can be reached from each."""
    exploration = explore_setup(name, is_small=True)
    assert exploration.error is None, str(exploration)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SETUPS)
def test_all_is_well_in_larger_bounds(name: str) -> None:
    """With a further attempt, fault or hour the same is true."""
    exploration = explore_setup(name)
    assert exploration.error is None, str(exploration)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, marks=pytest.mark.thorough if rule == "takeover" else ())
        for rule in SHOWN_IN
    ],
)
def test_without_a_rule_something_goes_wrong(rule: str) -> None:
    """There is a way to a state that is wrong: the rule is needed, and the model would show it."""
    exploration = explore_setup(SHOWN_IN[rule], off=rule)
    assert exploration.steps, f"without {rule!r}, {RULES[rule]!r}: {exploration}"
    assert "\n    1. " in str(exploration)


# -- histories of paid requests are checked: each mistake is noticed


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_noticed(name: str) -> None:
    """It breaks the rule, or the property, and what follows from it is told apart."""
    rule, events = BROKEN[name]
    violations = check(events)
    assert [each.rule for each in violations] == [rule], violations
