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
from collections.abc import Iterator
from functools import partial

from ..harness import methods
from ..harness.methods import Run
from .sequences import Result, first_tasks, life_tasks, next_tasks, run_task, task_of
from .workloads import WORKLOADS


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)  # what goes wrong on purpose would be logged
    method, figures = Run("bounded exhaustive"), Counter[str]()
    end = time.perf_counter() + 60.0 * arguments.minutes
    for result in [run_task(task_of(arguments.only))] if arguments.only else _all(arguments, end):
        figures["sequences"] += result.is_offered
        figures["crash points"] += result.points
        figures["cases"] += result.cases.total()
        figures += Counter({f"cases: {name}": count for name, count in result.cases.items()})
        for failure in result.failures:
            print(failure)
            method.failures.append(_one_line(failure))
    return method.end(figures)


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
    return parser.parse_args()


def _all(arguments: argparse.Namespace, end: float) -> Iterator[Result]:
    """Run whole lives, or the sequences of each length: only what was possible becomes longer."""
    workloads = arguments.workload or list(WORKLOADS)
    tasks = (life_tasks if arguments.lives else first_tasks)(workloads, end)
    lengths = 1 if arguments.lives else arguments.length
    with multiprocessing.Pool(arguments.processes, partial(logging.disable, 50)) as pool:
        for _ in range(lengths):
            results = list(pool.imap_unordered(run_task, tasks))
            yield from results
            tasks = [task for result in results for task in next_tasks(result)]


def _one_line(failure: str) -> str:
    name, _, rest = failure.partition(" (after ")
    problem = rest.partition("): ")[2].partition("\n")[0]
    repeat = f"repeat: python3 -m tests.exhaustive --only '{name}'"
    return f"{name}: {problem}; {repeat}" if rest else failure.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main())
