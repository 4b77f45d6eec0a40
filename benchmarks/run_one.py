# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one benchmark and write its results: `python -m benchmarks.run_one NAME FILE`."""

from __future__ import annotations

import importlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any


def main(name: str, target: Path) -> None:
    """Run the benchmark `name` and write its rows to `target` as JSON."""
    rows: list[dict[str, Any]] = []
    target.parent.mkdir(parents=True, exist_ok=True)
    for each in importlib.import_module(f"benchmarks.{name}").measure():
        rows.append(asdict(each))
        goal = f" (goal: {each.goal})" if each.goal else ""
        beside = f"; beside it: {each.beside}" if each.beside else ""
        print(f"   {each.what}: {each.measured}{beside}{goal}", flush=True)
        # each time, so that a failure leaves what was measured before
        target.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # Python's shutdown hangs in the bpy 4.5 wheel
