# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill commands at every step: `python3 -m tests.process_kills --count N --seed S`.

The last line on standard output is a JSON object with the figures and the failures.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from ..mint_service.runner import running_service
from .kills import SCENARIOS, CommandProcess, Killer


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    arguments = _arguments()
    began = time.monotonic()
    end = began + 60.0 * arguments.minutes
    counts, failures = Counter[str](), list[str]()
    limits = {"model": 10000, "world": 10000}
    with (
        tempfile.TemporaryDirectory(prefix="mint-kills-") as folder,
        running_service(speed=1000, credits=1e9, limits=limits) as service,
    ):
        process = CommandProcess(service)
        try:
            killer = Killer(service, process, Path(folder))
            choice = random.Random(arguments.seed)
            for name, step in _cases(killer, arguments, choice):
                if time.monotonic() > end:
                    break
                before = killer.kills
                try:
                    killer.run(name, step, choice)
                except Exception as error:
                    failures.append(f"{name}, step {step}: {error}; {_command(name, step)}")
                    print(failures[-1], flush=True)
                counts[name] += killer.kills - before
        finally:
            process.end()
    report = {
        "method": "real processes",
        "figures": {
            **{f"kills: {name}": count for name, count in counts.items()},
            "kills": counts.total(),
        },
        "failures": failures,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(report))
    return int(bool(failures))


def _cases(
    killer: Killer, arguments: argparse.Namespace, choice: random.Random
) -> list[tuple[str, int]]:
    """Return which scenario is killed at which step: every step once, or a sample of them."""
    names = arguments.scenario or [
        name
        for name, scenario in SCENARIOS.items()
        if not scenario.blender or importlib.util.find_spec("bpy")
    ]
    if arguments.step:
        return [(name, arguments.step) for name in names]
    cases = [(name, step) for name in names for step in range(1, killer.steps(name) + 1)]
    return choice.sample(cases, min(arguments.count, len(cases)))


def _command(name: str, step: int) -> str:
    return f"repeat: python3 -m tests.process_kills --scenario '{name}' --step {step}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.process_kills", description=__doc__)
    parser.add_argument("--count", type=int, default=10**6, help="cases; by default all")
    parser.add_argument("--seed", type=int, default=1, help="chooses the cases and second kills")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="by default all")
    parser.add_argument("--step", type=int, help="only this step")
    parser.add_argument("--minutes", type=float, default=600.0, help="start nothing after that")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
