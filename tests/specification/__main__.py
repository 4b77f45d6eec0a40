# SPDX-License-Identifier: GPL-3.0-or-later
"""Explore the protocol of paid requests: `python3 -m tests.specification --mutations`.

The last line on standard output is a JSON object with the figures and the failures.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from ..harness import methods
from ..harness.methods import Run
from .exploring import Exploration
from .rules import RULES
from .setups import MOST, NAMES, SHOWN_IN, explore_setup


class Task(NamedTuple):
    """A configuration, and the rule that is switched off in it, if one is."""

    setup: str
    off: str = ""


class Found(NamedTuple):
    """What a task has found, and how long it took."""

    task: Task
    exploration: Exploration
    seconds: float

    @property
    def failure(self) -> str:
        """What is wrong with it: an error with all rules, or none without one."""
        (setup, off), error = self.task, self.exploration.error
        if off and error in {None, "too many states"}:
            return f"nothing goes wrong without the rule '{off}': {error or 'all is well'}"
        return "" if off or error is None else f"{setup}: {error}"


def main() -> int:
    """Return 0 if all is well with all rules, and not without any one of them; else 1."""
    arguments = _arguments()
    method, found = Run("specification"), list[Found]()
    run = partial(_run, most=arguments.most, is_small=arguments.small)
    with multiprocessing.Pool(arguments.processes) as pool:
        for each in pool.imap(run, _tasks(arguments)):
            _show(each)
            found.append(each)
    failures = [f"{each.failure}; {_command(each.task)}" for each in found if each.failure]
    return method.end(_figures(found), failures)


def _command(task: Task) -> str:
    return f"repeat: python3 -m tests.specification --only '{task.off or task.setup}'"


def _arguments() -> argparse.Namespace:
    parser = methods.parser("specification", __doc__)
    text = "then switch off one rule at a time: something has to go wrong"
    parser.add_argument("--mutations", action="store_true", help=text)
    text = "only this configuration, or only without this rule"
    parser.add_argument("--only", choices=[*NAMES, *RULES], metavar="NAME", help=text)
    text = "the states of a configuration, at most"
    parser.add_argument("--most", type=int, default=MOST, help=text)
    text = "in the bounds of the tests: seconds"
    parser.add_argument("--small", action="store_true", help=text)
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def _tasks(arguments: argparse.Namespace) -> Iterator[Task]:
    only = arguments.only
    if only is None or only in NAMES:
        yield from (Task(name) for name in NAMES if only in {None, name})
    if only in RULES or (only is None and arguments.mutations):
        yield from (Task(SHOWN_IN[rule], rule) for rule in RULES if only in {None, rule})


def _run(task: Task, most: int, is_small: bool) -> Found:
    began = time.perf_counter()
    is_small = is_small and not task.off  # what goes wrong without a rule is found soon
    exploration = explore_setup(task.setup, off=task.off, most=most, is_small=is_small)
    return Found(task, exploration, time.perf_counter() - began)


def _show(found: Found) -> None:
    (setup, off), exploration = found.task, found.exploration
    if off:
        print(f"\nWithout the rule '{off}': {RULES[off]}")
    print(
        f"{setup}: {exploration.states:,} states, {found.seconds:.1f} s, {exploration}", flush=True
    )


def _figures(found: list[Found]) -> dict[str, int]:
    whole = [each for each in found if not each.task.off]
    mutations = [each for each in found if each.task.off]
    return {
        "configurations": len(whole),
        "states": sum(each.exploration.states for each in whole),
        "rules switched off": len(mutations),
        "counterexamples": sum(not each.failure for each in mutations),
        **{f"states: {each.task.setup}": each.exploration.states for each in whole},
    }


if __name__ == "__main__":
    sys.exit(main())
