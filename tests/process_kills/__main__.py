# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill commands at every step: `python3 -m tests.process_kills --count N --seed S`.

The last line on standard output is a JSON object with the figures and the failures.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from ..harness import methods
from ..harness.methods import Run
from ..mint_service.runner import running_service
from .kills import SCENARIOS, CommandProcess, Killer


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    method, counts = Run("real processes", arguments.minutes), Counter[str]()
    limits = {"model": 10000, "world": 10000}
    with (
        tempfile.TemporaryDirectory(prefix="mint-kills-") as folder,
        running_service(speed=1000, credits=1e9, limits=limits) as service,
        closing(CommandProcess(service)) as process,
    ):
        killer = Killer(service, process.run, Path(folder))
        choice = random.Random(arguments.seed)
        for name, step in _cases(killer, _names(arguments), arguments, choice):
            if method.is_over:
                break
            before = killer.kills
            try:
                killer.run(name, step, choice)
            except Exception as error:
                method.failures.append(f"{name}, step {step}: {error}; {_command(name, step)}")
                print(method.failures[-1], flush=True)
            counts[name] += killer.kills - before
    figures = {f"kills: {name}": count for name, count in counts.items()}
    return method.end({**figures, "kills": counts.total()}, next_seed=arguments.seed + 1)


def _names(arguments: argparse.Namespace) -> list[str]:
    """Return the scenarios that were asked for, or all that are possible here."""
    if arguments.scenario:
        return [*arguments.scenario]
    has_bpy = importlib.util.find_spec("bpy") is not None
    return [name for name, scenario in SCENARIOS.items() if has_bpy or not scenario.blender]


def _cases(
    killer: Killer, names: list[str], arguments: argparse.Namespace, choice: random.Random
) -> list[tuple[str, int]]:
    """Return which scenario is killed at which step: every step once, or a sample of them."""
    if arguments.step:
        return [(name, arguments.step) for name in names]
    cases = [(name, step) for name in names for step in range(1, killer.steps(name) + 1)]
    number, parts = arguments.part
    cases = cases[number - 1 :: parts]
    return choice.sample(cases, min(arguments.count, len(cases)))


def _command(name: str, step: int) -> str:
    return f"repeat: python3 -m tests.process_kills --scenario '{name}' --step {step}"


def _part(text: str) -> tuple[int, int]:
    number, _, parts = text.partition("/")
    return int(number), int(parts)


def _arguments() -> argparse.Namespace:
    parser = methods.parser("process_kills", __doc__)
    parser.add_argument("--count", type=int, default=10**6, help="cases; by default all")
    parser.add_argument("--seed", type=int, default=1, help="chooses the cases and second kills")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="by default all")
    part = "only a part of all cases, such as 1/4"
    parser.add_argument("--part", type=_part, default=(1, 1), metavar="N/PARTS", help=part)
    parser.add_argument("--step", type=int, help="only this step")
    parser.add_argument("--minutes", type=float, default=600.0, help="start nothing after that")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
