# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulate many jobs: `python3 -m tests.simulation --jobs N --seed S --processes 2 --keep-going`.

The seeds follow each other, one for each world of about 40 jobs. A violation prints its seed and the
lines of the trace that belong to it; `--jobs 1 --seed` with that number repeats it. The last line is
a JSON object of what was survived.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from ..harness import methods
from ..harness.methods import Run
from .options import Options
from .world import Outcome, simulate

SEEDS_PER_PROCESS = 100
"""After so many worlds a process is replaced by a new one: its memory stays flat."""


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)  # every fault would be logged
    run, figures = Run("simulation", arguments.minutes), Counter[str]()
    next_seed, processor_seconds = arguments.seed, 0.0
    with _outcomes(arguments) as outcomes:
        for outcome in outcomes:
            next_seed = outcome.seed + 1
            processor_seconds += outcome.seconds
            figures += outcome.figures
            if outcome.failure:
                run.failures.append(f"seed {outcome.seed}: {outcome.failure.splitlines()[0]}")
                print(f"seed {outcome.seed}: {outcome.failure}")
                print(*(f"    {line}" for line in outcome.trace), sep="\n", end="\n\n", flush=True)
            is_enough = figures["jobs"] >= arguments.jobs or run.is_over
            if is_enough or (outcome.failure and not arguments.keep_going):
                break
    return run.end(figures, processor_seconds=round(processor_seconds, 1), next_seed=next_seed)


def _arguments() -> argparse.Namespace:
    parser = methods.parser("simulation", __doc__)
    parser.add_argument("--jobs", type=int, default=1000, help="how many jobs to simulate")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes in any case")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--processes", type=int, default=1, help="how many processes to use")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at a violation")
    text = "let each seed turn what may be taken for granted (the default)"
    parser.add_argument(
        "--surprises", action=argparse.BooleanOptionalAction, default=True, help=text
    )
    return parser.parse_args()


@contextmanager
def _outcomes(arguments: argparse.Namespace) -> Iterator[Iterator[Outcome]]:
    """Yield the outcomes of all seeds from the first one on, in order."""
    seeds = itertools.count(arguments.seed)
    run = partial(simulate, options=Options(surprises=arguments.surprises))
    if arguments.processes == 1:
        yield map(run, seeds)
        return
    with multiprocessing.Pool(
        arguments.processes, partial(logging.disable, 50), maxtasksperchild=SEEDS_PER_PROCESS
    ) as pool:
        # not all at once: the pool would take seeds without end
        chunk = arguments.processes * 20
        yield (
            outcome
            for _ in itertools.count()
            for outcome in pool.imap(run, list(itertools.islice(seeds, chunk)))
        )


if __name__ == "__main__":
    sys.exit(main())
