# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulate many jobs, and print what was survived: `python3 -m tests.simulation --jobs N --seed S`.

The seeds follow each other, one for each world of about 40 jobs. A violation prints its seed and the
lines of the trace that belong to it; `--seed` with that number repeats it.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from .world import Options, Outcome, simulate


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    logging.disable(logging.CRITICAL)  # every fault would be logged
    options = replace(
        Options(),
        faults=arguments.faults,
        boundaries=arguments.boundaries,
        most_clock_jump=arguments.clock_jump,
    )
    outcomes, jobs = list[Outcome](), 0
    for outcome in _outcomes(arguments, options):
        outcomes.append(outcome)
        jobs += outcome.jobs
        if outcome.failure:
            _print_failure(outcome)
        if jobs >= arguments.jobs or (outcome.failure and not arguments.keep_going):
            break
    _print_table(outcomes)
    return int(any(outcome.failure for outcome in outcomes))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.simulation", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000, help="how many jobs to simulate")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--processes", type=int, default=1, help="how many processes to use")
    parser.add_argument("--keep-going", action="store_true", help="do not stop at a violation")
    parser.add_argument("--faults", type=float, default=1.0, help="1.0: each with probability 0.1")
    parser.add_argument("--boundaries", type=int, default=1500, help="mean writes until a kill")
    parser.add_argument("--clock-jump", type=float, default=100.0, help="seconds, at most")
    return parser.parse_args()


def _outcomes(arguments: argparse.Namespace, options: Options) -> Iterator[Outcome]:
    seeds = iter(range(arguments.seed, sys.maxsize))
    run = partial(simulate, options=options)
    if arguments.processes == 1:
        yield from map(run, seeds)
        return
    with multiprocessing.Pool(arguments.processes, partial(logging.disable, 50)) as pool:
        while True:
            yield from pool.imap(run, [next(seeds) for _ in range(arguments.processes * 4)])


def _print_failure(outcome: Outcome) -> None:
    print(f"seed {outcome.seed}: {outcome.failure}")
    for line in outcome.trace:
        print(f"    {line}")
    print(flush=True)


def _print_table(outcomes: list[Outcome]) -> None:
    faults = Counter[str]()
    for outcome in outcomes:
        faults.update(outcome.faults)
    jobs = sum(each.jobs for each in outcomes)
    rows = [
        ("seeds", f"{outcomes[0].seed} to {outcomes[-1].seed}"),
        ("jobs", jobs),
        ("operations at Mint", sum(each.operations for each in outcomes)),
        ("calls that reached Mint", sum(each.calls for each in outcomes)),
        *((f"faults: {name}", count) for name, count in sorted(faults.items())),
        ("kills", sum(each.kills for each in outcomes)),
        ("simulated days", round(sum(each.days for each in outcomes), 1)),
        ("seconds of processor time", round(sum(each.seconds for each in outcomes), 1)),
        ("violations", sum(bool(each.failure) for each in outcomes)),
    ]
    for name, value in rows:
        print(f"{name:28}{value:>14}")


if __name__ == "__main__":
    sys.exit(main())
