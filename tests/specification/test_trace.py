# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of paid requests are checked: correct ones pass, and each mistake is noticed."""

from __future__ import annotations

import pytest

from .histories import BROKEN, CORRECT
from .rules import PROPERTIES, RULES
from .trace import check

pytestmark = pytest.mark.one_blender

NOT_SEEN = {
    **dict.fromkeys(("copy", "takeover"), "nobody copies a journal in the simulation"),
    "limit": "what a transaction sums up is not in the record: `simulation/limits.py` judges it",
    "known": "what a person is shown is not in the record: `simulation/books.py` judges it",
    "date": "a time does not say which clock it is of",
    "file": "the folder is not in the record",
    "scan": "what the lists show before the first row is not in the record",
}
"""The rules that a history cannot show, and why."""


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_history_passes(name: str) -> None:
    """Nothing is wrong with it."""
    assert check(CORRECT[name]) == []


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_noticed(name: str) -> None:
    """It breaks the rule, or the property, and what follows from it is told apart."""
    rule, events = BROKEN[name]
    violations = check(events)
    assert [each.rule for each in violations] == [rule], violations


def test_each_rule_has_a_broken_history() -> None:
    """Those that a history cannot show say why."""
    shown = {rule for rule, _ in BROKEN.values()}
    assert shown | set(NOT_SEEN) == set(RULES) | set(PROPERTIES)
    assert not shown & set(NOT_SEEN)


@pytest.mark.parametrize("name", CORRECT)
def test_a_history_may_stop_anywhere(name: str) -> None:
    """What was correct as a whole is correct up to each event, but for an answer that just came."""
    events = CORRECT[name]
    for end in range(len(events)):
        assert {each.rule for each in check(events[:end])} <= {"operation"}


def test_a_violation_says_where_it_is() -> None:
    """It names the event, and they come in the order of the events."""
    events = [*BROKEN["an attempt is sent twice"][1], *BROKEN["a Preview that nobody has seen"][1]]
    violations = check(events)
    assert [(each.rule, each.index) for each in violations] == [("record", 3), ("preview", 5)]
    assert violations[0].key != violations[1].key
