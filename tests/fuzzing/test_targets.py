# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form: a few inputs of each target, the inputs that have failed once, and their memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from .mutation import LONGEST, mutate
from .strategies import inputs
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


@pytest.mark.covers("S-models", "S-foreign")
def test_hostile_inputs_pass(target: Target) -> None:
    """Any input is used, or refused with the errors that the docstrings promise."""

    @settings(
        max_examples=target.examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),  # shrinking takes minutes
    )
    @given(data=inputs(target))
    def run(data: bytes) -> None:
        target.function(data)

    run()


def test_memory_is_bounded(target: Target) -> None:
    """No input allocates more than its target allows, beside a multiple of its own size."""
    random = Random(target.name)
    for number in range(20):
        data = mutate(random.choice(target.seeds), random, is_json=target.is_json)
        most = _peak(target, data)
        assert most <= target.memory + 40 * len(data), f"input {number}: {most:,} bytes"


def test_each_case_belongs_to_a_target() -> None:
    """No input that has failed once is left out, since its target has another name now."""
    assert {path.parent.name for path in FILES} <= {target.name for target in TARGETS}


def test_targets_notice_a_failure() -> None:
    """The search finds an error that only a few inputs reach: it can fail."""

    def fail_on_brackets(data: bytes) -> None:
        if b"[[[" in data:
            raise RecursionError

    broken = Target("broken", fail_on_brackets, (b"text",), examples=400)
    with pytest.raises(RecursionError):
        test_hostile_inputs_pass(broken)


def test_changed_inputs_are_not_longer_than_promised() -> None:
    """A changed input stays within its limit, so that memory is a matter of the code alone."""
    random, data = Random(1), b"x"
    for _ in range(300):
        data = mutate(data, random, is_json=False)
        assert len(data) <= LONGEST


def _peak(target: Target, data: bytes) -> int:
    """Return the most bytes that an input allocates at a time."""
    target.function(target.seeds[0])  # what is imported or cached once does not count
    tracemalloc.start()
    try:
        target.function(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
