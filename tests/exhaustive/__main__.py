# SPDX-License-Identifier: GPL-3.0-or-later
"""Run all short sequences with all crashes: `python3 -m tests.exhaustive`.

The last line on standard output is a JSON object with the figures and the failures.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

from ..harness import methods
from ..harness.methods import Run
from .mistakes import MISTAKES
from .sequences import Result, first_tasks, life_tasks, next_tasks, run_task, task_of
from .workloads import WORKLOADS


@dataclass
class Totals:
    """What all tasks have found together."""

    sequences: int = 0
    points: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Add the result of one sequence."""
        self.sequences += result.is_offered
        self.points += result.points
        self.cases.update(result.cases)
        self.failures += result.failures


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)  # what goes wrong on purpose would be logged
    method, totals = Run("bounded exhaustive"), Totals()
    end = time.perf_counter() + 60.0 * arguments.minutes
    with MISTAKES[arguments.mistake]() if arguments.mistake else nullcontext():
        if arguments.only:
            totals.add(run_task(task_of(arguments.only)))
        else:
            _run_all(totals, arguments, end)
    for failure in totals.failures:
        print(failure)
    figures = {
        "sequences": totals.sequences,
        "crash points": totals.points,
        **{f"cases: {name}": count for name, count in sorted(totals.cases.items())},
        "cases": totals.cases.total(),
    }
    return method.end(figures, map(_one_line, totals.failures))


def _arguments() -> argparse.Namespace:
    parser = methods.parser("exhaustive", __doc__)
    parser.add_argument("--length", type=int, default=4, help="actions in a sequence, at most")
    lives = "only one whole life of each workload, with one way to die at each point"
    parser.add_argument("--lives", action="store_true", help=lives)
    parser.add_argument("--workload", action="append", choices=WORKLOADS, help="by default all")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600.0, help="start nothing after that")
    parser.add_argument("--seed", type=int, default=1, help="not used: nothing is random")
    parser.add_argument(
        "--only", help='one sequence, life or case: "WORKLOAD: start, poll; crash 3 torn"'
    )
    parser.add_argument("--mistake", choices=MISTAKES, help="make this mistake, to be found")
    return parser.parse_args()


def _run_all(totals: Totals, arguments: argparse.Namespace, end: float) -> None:
    """Run whole lives, or the sequences of each length: only what was possible becomes longer."""
    workloads = arguments.workload or list(WORKLOADS)
    tasks = (life_tasks if arguments.lives else first_tasks)(workloads, end)
    lengths = 1 if arguments.lives else arguments.length
    with multiprocessing.Pool(arguments.processes, partial(logging.disable, 50)) as pool:
        for _ in range(lengths):
            results = list(pool.imap_unordered(run_task, tasks))
            for result in results:
                totals.add(result)
            tasks = [task for result in results for task in next_tasks(result)]


def _one_line(failure: str) -> str:
    name, _, rest = failure.partition(" (after ")
    problem = rest.partition("): ")[2].partition("\n")[0]
    repeat = f"repeat: python3 -m tests.exhaustive --only '{name}'"
    return f"{name}: {problem}; {repeat}" if rest else failure.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
