# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all short sequences with all crashes: `python3 -m tests.exhaustive --seed S`.

The last line on standard output is a JSON object with the figures and the failures.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import random
import sys
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from ..harness import methods
from ..harness.methods import Run
from .disk_image import Crash
from .mistakes import MISTAKES
from .sequences import Result, Task, first_tasks, next_tasks, run_task


@dataclass
class Totals:
    """What all tasks have found together."""

    sequences: int = 0
    points: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    run: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Add the result of one sequence."""
        self.sequences += result.is_offered
        self.points += result.points
        self.cases.update(result.cases)
        self.run += result.run
        self.failures += result.failures


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)  # what goes wrong on purpose would be logged
    method = Run("bounded exhaustive")
    mistake = MISTAKES[arguments.mistake]() if arguments.mistake else nullcontext()
    with mistake:
        totals = _run_one(arguments.only) if arguments.only else _run_all(arguments)
    for failure in totals.failures:
        print(failure)
    figures = {
        "sequences": totals.sequences,
        "crash points": totals.points,
        **{f"cases: {name}": count for name, count in sorted(totals.cases.items())},
        "cases": totals.cases.total(),
        "cases run": totals.run,
    }
    return method.end(figures, map(_one_line, totals.failures))


def _arguments() -> argparse.Namespace:
    parser = methods.parser("exhaustive", __doc__)
    parser.add_argument("--seed", type=int, default=1, help="chooses the cases of a share")
    parser.add_argument("--length", type=int, default=4, help="actions in a sequence, at most")
    parser.add_argument("--whole", type=int, default=4, help="up to this length, all cases are run")
    parser.add_argument("--share", type=float, default=0.02, help="of the cases of the others")
    parser.add_argument("--short-share", type=float, default=1.0, help="of the cases of --whole")
    parser.add_argument("--sample", type=int, default=10**9, help="longer sequences, by length")
    parser.add_argument("--workload", action="append", help="a workload; by default all")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600.0, help="start nothing after that")
    parser.add_argument(
        "--only", help='one sequence or case: "WORKLOAD: start, poll; crash 3 torn"'
    )
    parser.add_argument("--mistake", choices=MISTAKES, help="make this mistake, to be found")
    return parser.parse_args()


def _run_all(arguments: argparse.Namespace) -> Totals:
    """Run the sequences of each length: only what was possible becomes longer."""
    totals, end = Totals(), time.perf_counter() + 60.0 * arguments.minutes
    tasks = first_tasks(arguments.seed, arguments.workload)
    tasks = [replace(task, share=arguments.short_share, end=end) for task in tasks]
    with multiprocessing.Pool(arguments.processes, partial(logging.disable, 50)) as pool:
        for length in range(1, arguments.length + 1):
            results = []
            for result in pool.imap_unordered(run_task, tasks):
                totals.add(result)
                results.append(result)
            is_whole = length + 1 <= arguments.whole
            share = arguments.short_share if is_whole else arguments.share
            tasks = [task for result in results for task in next_tasks(result, share)]
            if not is_whole and len(tasks) > arguments.sample:
                tasks.sort(key=lambda task: task.name)
                tasks = random.Random(arguments.seed).sample(tasks, arguments.sample)
    return totals


def _run_one(text: str) -> Totals:
    """Run one sequence, or one case of it."""
    name, _, case = text.partition("; crash ")
    workload, _, actions = name.partition(": ")
    only = None
    if case:
        number, _, crash = case.partition(" ")
        only = int(number), Crash(crash)
    totals = Totals()
    totals.add(run_task(Task(workload, tuple(actions.split(", ")), only=only)))
    return totals


def _one_line(failure: str) -> str:
    name, _, rest = failure.partition(" (after ")
    problem = rest.partition("): ")[2].partition("\n")[0]
    repeat = f"repeat: python3 -m tests.exhaustive --only '{name}'"
    return f"{name}: {problem}; {repeat}" if rest else failure.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
