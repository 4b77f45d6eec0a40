# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of histories agree with the model: what it allows passes, its counterexamples do not."""

from __future__ import annotations

import random

import pytest

from mint_blender.jobs.paid_requests.table_check import check_table

from .events import Event
from .exploring import Model, explore
from .model_events import events_of, stored_rows
from .properties import is_quiet
from .rules import PROPERTIES, RULES
from .setups import MOST, SETUPS, SHOWN_IN
from .state import World
from .test_trace import NOT_SEEN
from .trace import check

pytestmark = pytest.mark.one_blender


def walk(model: Model, seed: int) -> tuple[list[str], list[World]]:
    """Return the steps of a random way, which ends at an error, and its states."""
    choose = random.Random(seed)
    steps, path = [], [model.start()]
    for _ in range(60):
        following = list(model.steps(path[-1]))
        if not following:
            break
        step, after = choose.choice(following)
        steps.append(step)
        path.append(after)
        if model.error(after):
            break
    return steps, path


def is_over(model: Model, w: World) -> bool:
    """Return whether the program does nothing more by itself."""
    return all(is_quiet(w, line) for line in model.lines)


def shown(steps: list[str], events: list[Event]) -> str:
    """Return what has happened, for a person."""
    return "\n".join(["", *steps, "", *map(str, events)])


@pytest.mark.parametrize("name", SETUPS)
def test_what_the_model_allows_passes(name: str) -> None:
    """Random ways through the model, with all rules, are correct histories."""
    model = Model(SETUPS[name])
    kinds = set[str]()
    for seed in range(200):
        steps, path = walk(model, seed)
        events = events_of(model, steps, path)
        found = check(events, is_over=is_over(model, path[-1]))
        assert not found, f"seed {seed}: {found}{shown(steps, events)}"
        kinds |= {type(event).__name__ for event in events}
    assert kinds >= {"Inserted", "Begun", "Sent", "Made", "Looked"}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "preview"])
def test_a_counterexample_is_noticed(rule: str) -> None:
    """Without a rule, the shortest way to an error breaks the rule, or what it is for."""
    model = Model(SETUPS[SHOWN_IN[rule]], off=rule)
    exploration = explore(model, MOST)
    events = events_of(model, exploration.steps, exploration.path)
    rules = {each.rule for each in check(events, is_over=is_over(model, exploration.path[-1]))}
    expected = set(PROPERTIES) if rule in NOT_SEEN else {rule}
    assert rules & expected, f"{rules}{shown(list(exploration.steps), events)}"


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "preview"])
def test_no_error_is_missed(rule: str) -> None:
    """Without a rule, random ways go wrong now and then: each time something is noticed."""
    model = Model(SETUPS[SHOWN_IN[rule]], off=rule)
    for seed in range(200):
        steps, path = walk(model, seed)
        error = model.error(path[-1])
        events = events_of(model, steps, path)
        found = error is None or check(events, is_over=is_over(model, path[-1]))
        assert found, f"seed {seed}: {error}{shown(steps, events)}"


@pytest.mark.parametrize("name", SETUPS)
def test_the_tables_of_the_model_pass(name: str) -> None:
    """What the model allows is a good table in each home, at any time."""
    model = Model(SETUPS[name])
    for seed in range(100):
        for w in walk(model, seed)[1]:
            for table in w.homes:
                assert check_table(stored_rows(model, table)) == [], f"seed {seed}: {w}"
