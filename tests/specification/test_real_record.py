# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's table of paid requests does what the model says, step by step."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.paid_requests.record import IllegalTransition, PaidRequest, PaidVerb
from mint_blender.jobs.paid_requests.record import key_of as real_key_of
from mint_blender.jobs.paid_requests.table_check import check_table
from mint_blender.jobs.storage.journal import Journal, JournalError

from .exploring import Model
from .real_record import RealRecord
from .rules import key_of
from .setups import SETUPS
from .state import World

SEEDS = 40
"""Random ways of a test; the night has three times as many."""


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


def differences(name: str, seed: int) -> list[str]:
    """Return where the table does something else than the model on a random way."""
    model = Model(SETUPS[name])
    real = RealRecord(model)
    steps, path = walk(model, seed)
    for number, step in enumerate(steps):
        way = f"seed {seed}: {steps[: number + 1]}"
        try:
            real.follow(step, path[number], path[number + 1])
        except IllegalTransition as error:
            return [way, f"{error!r}"]
        if different := list(real.differences(path[number + 1])):
            return [way, *different]
    faults = (
        fault for home in range(len(real.homes)) for fault in check_table(real.stored_rows(home))
    )
    return [f"seed {seed}: {steps}: {fault}" for fault in faults]


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n * SEEDS, marks=pytest.mark.nightly) for n in (1, 2))]
)
@pytest.mark.parametrize("name", SETUPS)
def test_the_table_follows_the_model(name: str, first: int) -> None:
    """After each step of random ways, its rows, and what may be sent, are those of the model."""
    for seed in range(first, first + SEEDS):
        assert differences(name, seed) == []


@pytest.mark.parametrize("verb", PaidVerb)
def test_keys_are_derived_in_the_same_way(verb: PaidVerb) -> None:
    """What checks a journal derives the key once more."""
    for subject, number in (("job:1", 1), ("line:ä\ud800:chair", 2), ("asset:1\nstart", 30)):
        assert key_of(subject, verb, number) == real_key_of(subject, verb, number)


# -- the table of a journal is checked: a row that cannot be is noticed


def row(subject: str = "job:1", verb: str = "start", number: int = 1, **more: Any) -> PaidRequest:
    """Return a row that was not sent yet."""
    key = key_of(subject, verb, number)
    stored = PaidRequest(key, subject, PaidVerb(verb), number, "1", "{}", 100.0)
    return replace(stored, **{"journal": "a", "born": 1e9, **more})


def sent(
    subject: str = "job:1", verb: str = "start", attempts: int = 1, **more: Any
) -> PaidRequest:
    """Return a row that was sent at once."""
    counted = {"attempts": attempts, "attempted": 1e9, "credential": "x"}
    return row(subject, verb, **{**counted, **more})


REFUSED = sent(refusals=1, closed="refused")
OVER = sent(closed="over")
LINE = "line:1:chair"

GOOD = {
    "repeated after 11 hours": [sent(attempts=2, attempted=1e9 + 11 * 3600)],
    "ordered again after it was made": [sent(operation="op-1"), row(number=2)],
    "a line that another machine has started again": [row(LINE, number=3, operation="op-3")],
    "a line that another machine has": [row(LINE, closed="dropped"), row(LINE, number=2)],
    "a decision about what was started": [
        sent(operation="op-1"),
        sent("preview:op-1:picture", "approve", operation="op-1"),
    ],
}
"""What the ways through the model do not lead to."""


@pytest.mark.parametrize("name", GOOD)
def test_a_good_table_passes(name: str) -> None:
    """Nothing is said about it."""
    assert check_table(GOOD[name]) == []


REFUSED_BY_THE_TABLE = {
    "no subject": row(""),
    "number 0": row(number=0),
    "more refusals than attempts": sent(refusals=2),
    "fewer than none": sent(refusals=-1),
    "refused with an attempt in doubt": sent(attempts=2, refusals=1, closed="refused"),
    "refused without a refusal": row(closed="refused"),
    "canceled in doubt": sent(closed="canceled"),
    "a line that is canceled": row(LINE, closed="canceled"),
    "a line that is refused": sent(LINE, refusals=1, closed="refused"),
    "closed as something else": row(closed="lost"),
    "sent, and not counted": sent(attempts=0),
    "sent, and not known what": sent(body=None),
    "sent, and not known with which API key": sent(credential=""),
    "repeated after 12 hours": sent(attempts=2, attempted=1e9 + 12 * 3600),
    "a price below nothing": row(credits=-5.0),
}


@pytest.mark.parametrize("name", REFUSED_BY_THE_TABLE)
def test_the_table_refuses_a_row_that_cannot_be(tmp_path: Path, name: str) -> None:
    """Nothing can be stored that breaks a rule of a single row; a good row can."""
    with closing(Journal(tmp_path)) as journal:
        with pytest.raises(JournalError):
            journal.paid_requests.insert(REFUSED_BY_THE_TABLE[name])
        assert journal.paid_requests.insert(sent()).attempts == 1


BAD = {
    "a key of its own": ("key", [row(key="random")]),
    "a verb that nobody knows": ("key", [replace(row(), verb="enchant")]),  # type: ignore[arg-type]
    "a gap": ("key", [REFUSED, row(number=3)]),
    "canceled, and made": ("denied", [row(closed="canceled", operation="op-1")]),
    "refused, and made": ("denied", [replace(REFUSED, operation="op-1")]),
    "ordered again while it is open": ("look", [sent(), row(number=2)]),
    "ordered again before a look": ("look", [sent(closed="dropped"), row(number=2)]),
    "one asset of two starts": ("unique", [sent(operation="asset:1"), sent("job:2", operation="asset:1")]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_noticed(name: str) -> None:
    """The row is named, and the rule that is broken."""
    rule, rows = BAD[name]
    faults = check_table(rows)
    assert {fault.rule for fault in faults} == {rule}, faults
    assert {fault.key for fault in faults} <= {each.key for each in rows}
    assert all(fault.what for fault in faults)
