# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form: some inputs of each target, the inputs that have failed once, and their memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from .mutation import FEW, mutate
from .target import Target
from .targets import TARGETS

CASES = Path(__file__).with_name("cases")
FILES = sorted(path for path in CASES.glob("*/*") if path.is_file())


@pytest.fixture(scope="module", params=TARGETS, ids=lambda target: target.name)
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """One target after the other, with what it needs."""
    with request.param.setup():
        yield request.param


def test_seeds_pass(target: Target) -> None:
    """The inputs to begin from pass, so that what is near them is reached."""
    for seed in target.seeds:
        target.function(seed)


def test_inputs_that_have_failed_pass(target: Target) -> None:
    """Every input that has failed once passes."""
    for path in FILES:
        if path.parent.name == target.name:
            target.function(path.read_bytes())


def changed_seeds(target: Target, count: int) -> Iterator[bytes]:
    """Yield seeds that were changed a few times, always the same ones, and some noise."""
    random = Random(target.name)
    for _ in range(count):
        data = random.choice(target.seeds)
        for _ in range(random.choice(FEW)):
            data = mutate(data, random, is_json=target.is_json)
        yield data if random.random() < 0.9 else random.randbytes(random.randrange(60))


@pytest.mark.covers("S-models", "S-foreign", "C8-members")
@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.thorough)])
def test_hostile_inputs_pass(target: Target, count: int) -> None:
    """Any input is used, or refused with the errors that the docstrings promise."""
    for data in changed_seeds(target, count):
        target.function(data)


@pytest.mark.thorough
def test_memory_is_bounded(target: Target) -> None:
    """No input allocates more than its target allows, beside a multiple of its own size."""
    for number, data in enumerate(changed_seeds(target, 20)):
        most = _peak(target, data)
        assert most <= target.memory + 40 * len(data), f"input {number}: {most:,} bytes"


def test_each_case_belongs_to_a_target() -> None:
    """No input that has failed once is left out, since its target has another name now."""
    assert {path.parent.name for path in FILES} <= {target.name for target in TARGETS}


def _peak(target: Target, data: bytes) -> int:
    """Return the most bytes that an input allocates at a time."""
    target.function(target.seeds[0])  # what is imported or cached once does not count
    tracemalloc.start()
    try:
        target.function(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
