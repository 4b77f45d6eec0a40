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

from . import report
from .measure import Plot, Row

HERE = Path(__file__).parent
RESULTS = report.ROOT / "build" / "benchmarks"


def subjects() -> list[str]:
    """Return the names of all benchmarks: the modules with a function `measure`."""
    modules = HERE.glob("*.py")
    return sorted(each.stem for each in modules if "\ndef measure() ->" in each.read_text("utf-8"))


def main(words: list[str]) -> int:
    """Run the benchmarks; return 1 if one of them failed to run."""
    parser = argparse.ArgumentParser(prog="dev.py bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(subjects())}")
    parser.add_argument("--python", default=sys.executable, help=argparse.SUPPRESS)
    text = "write the figures of these benchmarks to docs/performance.md, too"
    parser.add_argument("--write", action="store_true", help=text)
    options = parser.parse_args(words)
    if unknown := set(options.names) - set(subjects()):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    names = options.names or subjects()
    failed = [name for name in names if not _run(name, options.python)]
    for name in names:
        if name not in failed:
            _print(name, _load(name)[0])
    if options.write:
        report.write({name: _load(name) for name in names if name not in failed})
    if failed:
        print(f"These benchmarks could not be run; see above: {', '.join(failed)}")
    return 1 if failed else 0


def _run(name: str, python: str) -> bool:
    print(f"-- {name}", flush=True)
    command = [python, "-m", "benchmarks.run_one", name, str(_results_of(name))]
    return subprocess.run(command, cwd=report.ROOT, check=False).returncode == 0


def _load(name: str) -> tuple[list[Row], list[Plot]]:
    found = json.loads(_results_of(name).read_text(encoding="utf-8"))
    return [Row(**row) for row in found["rows"]], [Plot(**plot) for plot in found["plots"]]


def _results_of(name: str) -> Path:
    return RESULTS / f"{name}.json"


def _print(name: str, rows: list[Row]) -> None:
    table = Table("What", "Goal", "Measured", "Reached", title=name, title_justify="left")
    for row in rows:
        table.add_row(row.what, row.goal, row.measured, report.mark(row).strip("*"))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
