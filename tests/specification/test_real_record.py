# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's table of paid requests does what the model says, step by step."""

from __future__ import annotations

import random

import pytest

from mint_blender.jobs.paid_requests.record import IllegalTransition, PaidVerb
from mint_blender.jobs.paid_requests.record import key_of as real_key_of
from mint_blender.jobs.paid_requests.table_check import check_table

from .exploring import Model
from .mutants import MUTANTS
from .real_record import RealRecord
from .rules import key_of
from .setups import SETUPS
from .state import World

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


@pytest.mark.parametrize("name", SETUPS)
def test_the_table_follows_the_model(name: str) -> None:
    """After each step of random ways, its rows, and what may be sent, are those of the model."""
    model = Model(SETUPS[name])
    for seed in range(120):
        real = RealRecord(model)
        steps, path = walk(model, seed)
        for number, step in enumerate(steps):
            real.follow(step, path[number], path[number + 1])
            different = list(real.differences(path[number + 1]))
            shown = "\n".join(["", *steps[: number + 1]])
            assert not different, f"seed {seed}: {different}{shown}"
        for home in range(len(real.homes)):
            assert check_table(real.stored_rows(home)) == [], f"seed {seed}: {steps}"


@pytest.mark.parametrize("verb", PaidVerb)
def test_keys_are_derived_in_the_same_way(verb: PaidVerb) -> None:
    """What checks a journal derives the key once more."""
    for subject, number in (("job:1", 1), ("line:ä\ud800:chair", 2), ("asset:1\nstart", 30)):
        assert key_of(subject, verb, number) == real_key_of(subject, verb, number)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_in_the_table_is_noticed(name: str) -> None:
    """It does not follow the model any more, on some way through one of its configurations."""
    with MUTANTS[name]():
        assert any(_differs(setup, seed) for seed in range(120) for setup in SETUPS)


def _differs(name: str, seed: int) -> bool:
    """Return whether the table does something else than the model on a random way."""
    model = Model(SETUPS[name])
    real = RealRecord(model)
    steps, path = walk(model, seed)
    for number, step in enumerate(steps):
        try:
            real.follow(step, path[number], path[number + 1])
        except IllegalTransition:
            return True
        if any(real.differences(path[number + 1])):
            return True
    return False
