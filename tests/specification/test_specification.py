# SPDX-License-Identifier: GPL-3.0-or-later
"""The protocol of paid requests holds within bounds, and each of its rules is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .exploring import explore
from .rules import RULES
from .setups import NAMES, SHOWN_IN, explore_setup

pytestmark = pytest.mark.one_blender
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", NAMES)
def test_all_is_well_in_every_state(name: str) -> None:
    """No state within small bounds is wrong, and an end can be reached from each."""
    exploration = explore_setup(name, is_small=True)
    assert exploration.error is None, str(exploration)


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_something_goes_wrong(rule: str) -> None:
    """There is a way to a state that is wrong: the rule is needed, and the model would show it."""
    exploration = explore_setup(SHOWN_IN[rule], off=rule)
    assert exploration.steps, f"without '{rule}': {exploration}"
    assert "\n    1. " in str(exploration)


class Walk:
    """A model of somebody who walks from 0 and may fall into a hole."""

    def __init__(self, wrong: int = 99, hole: int = 99) -> None:
        self.wrong, self.hole = wrong, hole

    def start(self) -> int:
        """Return the first place."""
        return 0

    def steps(self, w: int) -> Iterator[tuple[str, int]]:
        """Yield the next places."""
        if w < 5 and w != self.hole:
            yield "one step", w + 1
            yield "two steps", w + 2

    def error(self, w: int) -> str | None:
        """Return whether the place is wrong."""
        return "wrong" if w == self.wrong else None

    def is_end(self, w: int) -> bool:
        """Return whether the walk is over."""
        return w >= 5


def test_the_shortest_way_to_an_error_is_found() -> None:
    """A person reads it."""
    exploration = explore(Walk(wrong=3), 100)
    assert exploration.error == "wrong" and len(exploration.steps) == 2


def test_a_state_without_an_end_is_found() -> None:
    """Nothing is wrong there, but nothing ever gets right."""
    exploration = explore(Walk(hole=2), 100)
    assert (exploration.error, exploration.steps) == ("no end can be reached", ("two steps",))


def test_a_walk_is_explored_as_a_whole() -> None:
    """Each state counts once, and too many are no success."""
    assert explore(Walk(), 100).states == 7 and explore(Walk(), 100).error is None
    assert explore(Walk(), 3).error == "too many states"


def run(*arguments: str) -> tuple[int, list[str], dict[str, Any]]:
    """Run the command; return its status, its lines, and the report in the last one."""
    command = [sys.executable, "-m", "tests.specification", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout, ended.stderr
    lines = ended.stdout.splitlines()
    return ended.returncode, lines, json.loads(lines[-1])


def test_the_command_shows_a_counterexample() -> None:
    """Without one rule it prints what goes wrong, step by step, and that is a success."""
    status, lines, report = run("--only", "operation")
    assert (status, report["failures"]) == (0, [])
    assert report["figures"]["counterexamples"] == report["figures"]["rules switched off"] == 1
    assert any("cancel: in doubt" in line for line in lines)


@pytest.mark.parametrize("name", ["limit of one", "limit"])
def test_the_command_fails_if_it_has_not_seen_everything(name: str) -> None:
    """Its last line says why, and how to repeat it."""
    status, _, report = run("--only", name, "--most", "10")
    (failure,) = report["failures"]
    assert status == 1
    assert "too many states; repeat: " in failure and f"--only '{name}'" in failure
