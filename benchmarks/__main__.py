# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `bench` of `scripts/dev.py`: run benchmarks and print their table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .measure import Row

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = ROOT / "build" / "benchmarks"


def subjects() -> list[str]:
    """Return the names of all benchmarks: the modules with a function `measure`."""
    modules = HERE.glob("*.py")
    return sorted(each.stem for each in modules if "\ndef measure() ->" in each.read_text("utf-8"))


def main(words: list[str]) -> int:
    """Run the benchmarks; return 1 if one of them failed to run."""
    parser = argparse.ArgumentParser(prog="dev.py bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(subjects())}")
    options = parser.parse_args(words)
    if unknown := set(options.names) - set(subjects()):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    names = options.names or subjects()
    failed = [name for name in names if not _run(name)]
    for name in names:
        if name not in failed:
            _print(name, _load(name))
    if failed:
        print(f"These benchmarks could not be run; see above: {', '.join(failed)}")
    return 1 if failed else 0


def _run(name: str) -> bool:
    print(f"-- {name}", flush=True)
    command = [sys.executable, "-m", "benchmarks.run_one", name, str(_results_of(name))]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def _load(name: str) -> list[Row]:
    return [Row(**row) for row in json.loads(_results_of(name).read_text(encoding="utf-8"))]


def _results_of(name: str) -> Path:
    return RESULTS / f"{name}.json"


def _print(name: str, rows: list[Row]) -> None:
    heads = "What", "Goal", "Measured", "Beside it", "Reached"
    table = Table(*heads, title=name, title_justify="left")
    for row in rows:
        reached = {True: "yes", False: "no", None: ""}[row.is_reached]
        table.add_row(row.what, row.goal, row.measured, row.beside, reached)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
