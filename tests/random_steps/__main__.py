# SPDX-License-Identifier: GPL-3.0-or-later
"""Random steps from seeds, in rounds: `python3 -m tests.random_steps --steps 10000 --seed 1`.

Each round has an own seed, an empty folder and an own service. A failure prints its seed and its
last steps; `--seed` with that number repeats the round. A crash of Blender is repeated without the
add-on: if Blender crashes then, too, the crash is named and set aside.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.harness import methods
from tests.harness.methods import Run
from tests.window.blender_window import ROOT, make_profile
from tests.window.display import Display

from .rounds import Outcome, play

KEPT = ROOT / "build" / "random-steps"


def main() -> int:
    """Return 0 if no rule was broken, else 1."""
    options = _options()
    method = Run("random_steps", options.minutes)
    with tempfile.TemporaryDirectory(prefix="mint-steps-") as name:
        folder = Path(name)
        display = Display(folder)
        try:
            outcomes = _play_all(display, folder, options, method)
        finally:
            display.close()
    _print_details(outcomes)
    failures = [_one_line(each, options) for each in outcomes if each.failure]
    return method.end(_figures(outcomes), failures, next_seed=options.seed + len(outcomes))


def _options() -> argparse.Namespace:
    parser = methods.parser("random_steps", __doc__)
    parser.add_argument("--steps", type=int, default=10_000, help="steps in all")
    parser.add_argument("--minutes", type=float, help="begin no round after this time")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first round")
    parser.add_argument("--round", type=int, default=500, help="steps of each round")
    parser.add_argument("--kill-every", type=int, default=75, help="mean steps between two kills")
    return parser.parse_args()


def _play_all(
    display: Display, folder: Path, options: argparse.Namespace, method: Run
) -> list[Outcome]:
    installed = make_profile(folder / "installed")
    outcomes: list[Outcome] = []
    left, seed = options.steps, options.seed
    while left > 0 and not method.is_over:
        place = folder / f"round-{seed}"
        place.mkdir()
        outcome = play(
            display, installed, place, seed, min(left, options.round), options.kill_every
        )
        shutil.rmtree(place, ignore_errors=True)
        _report(outcome)
        outcomes.append(outcome)
        left -= max(1, outcome.tally.steps)
        seed += 1
    return outcomes


def _report(outcome: Outcome) -> None:
    tally = outcome.tally
    rate = tally.steps / max(0.001, tally.seconds)
    ending = "FAILED" if outcome.failure else outcome.crash_without_addon or "ok"
    print(
        f"seed {outcome.seed}: {tally.steps} steps ({rate:.1f} a second), {tally.kills} kills,"
        f" {outcome.jobs} jobs, {outcome.placed} placed: {ending}",
        flush=True,
    )
    if outcome.failure or outcome.crash_without_addon:
        KEPT.mkdir(parents=True, exist_ok=True)
        file = KEPT / f"seed-{outcome.seed}.json"
        file.write_text(json.dumps(outcome.last_steps), encoding="utf-8")
        print(f"    {outcome.failure or outcome.crash_without_addon}")
        print(f"    the last steps: {[each.name for each in outcome.last_steps[-12:]]}")
        print(f"    all steps since Blender was started: {file}", flush=True)


def _print_details(outcomes: list[Outcome]) -> None:
    total = sum((outcome.tally.outcomes for outcome in outcomes), Counter[str]())
    for what, count in sorted(total.items()):
        print(f"{count:7}  {what}")


def _figures(outcomes: list[Outcome]) -> dict[str, float]:
    return {
        "steps": sum(each.tally.steps for each in outcomes),
        "steps with an effect": sum(
            count
            for each in outcomes
            for what, count in each.tally.outcomes.items()
            if what.endswith(": done")
        ),
        "kills": sum(each.tally.kills for each in outcomes),
        "jobs": sum(each.jobs for each in outcomes),
        "results placed": sum(each.placed for each in outcomes),
        "stops in GLX": sum(each.tally.glx_stops for each in outcomes),
        "crashes that happen without the add-on": sum(
            bool(each.crash_without_addon) for each in outcomes
        ),
    }


def _one_line(outcome: Outcome, options: argparse.Namespace) -> str:
    command = f"python3 -m tests.random_steps --seed {outcome.seed} --steps {options.round}"
    return f"{command}: {' '.join(outcome.failure.split())[:600]}"


if __name__ == "__main__":
    sys.exit(main())
