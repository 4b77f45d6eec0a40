# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs in one Blender with a window: `python3 -m tests.endurance --jobs 1000`.

After each batch, memory, threads, open files and sockets are measured while nothing is in flight,
and the time of the heartbeats. The samples are printed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.harness import methods
from tests.harness.methods import Run
from tests.mint_service.runner import running_service
from tests.window.blender_window import BlenderError, BlenderWindow, NotTrue, make_profile
from tests.window.display import Display

from .watch import BATCH, Sample, growth, watch

QUICK = {"speed": 40.0, "switches": ("poll-hint",), "retry_after": 0.05, "credits": 1e7}
"""Options of a stand-in for Mint whose jobs take half a second."""


def main() -> int:
    """Return 0 if everything stays flat, else 1."""
    options = _options()
    method, samples = Run("endurance", options.minutes), list[Sample]()
    folder = Path(tempfile.mkdtemp(prefix="mint-endurance-"))
    try:
        _run(folder, options.jobs, method, samples)
    except (BlenderError, NotTrue) as error:
        method.failures.append(" ".join(str(error).split())[:600])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    command = f"python3 -m tests.endurance --jobs {options.jobs}"
    found = growth(samples) if samples else ["no batch was finished"]
    return method.end(_figures(samples), [f"{command}: {each}" for each in found])


def _options() -> argparse.Namespace:
    parser = methods.parser("endurance", __doc__)
    parser.add_argument("--jobs", type=int, default=1000, help="how many jobs to run")
    parser.add_argument("--minutes", type=float, help="begin no batch after this time")
    parser.add_argument("--seed", type=int, help="accepted, but nothing here is random")
    return parser.parse_args()


def _run(folder: Path, jobs: int, method: Run, samples: list[Sample]) -> None:
    display = Display(folder)
    try:
        with running_service(**QUICK) as service:
            profile = make_profile(folder)
            window = BlenderWindow(
                display, profile, folder / "home", api=service.api, key=service.key
            )
            try:
                window.open_sidebar()
                for sample in watch(window, jobs, BATCH):
                    samples.append(sample)
                    print(json.dumps(asdict(sample)), flush=True)
                    if method.is_over:
                        break
            finally:
                window.close()
    finally:
        display.close()


def _figures(samples: list[Sample]) -> dict[str, float]:
    if not samples:
        return {"jobs": 0}
    first, last = samples[min(5, len(samples) - 1)], samples[-1]
    return {
        "jobs": last.jobs,
        f"megabytes after {first.jobs} jobs": first.megabytes,
        "megabytes at the end": last.megabytes,
        "threads of the add-on at the end": last.own_threads,
        f"open files after {first.jobs} jobs": first.files,
        "open files at the end": last.files,
        "open sockets at the end": last.sockets,
        f"milliseconds of a heartbeat after {first.jobs} jobs": first.beat_milliseconds,
        "milliseconds of a heartbeat at the end": last.beat_milliseconds,
    }


if __name__ == "__main__":
    sys.exit(main())
