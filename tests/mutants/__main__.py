# SPDX-License-Identifier: GPL-3.0-or-later
"""Make one mistake after the other in a copy of the package, and run the tests until one fails.

python3 -m tests.mutants [--only TEXT]… [--sample N --seed TEXT] [--processes N] [--write]

Run are the tests that show the broken rule, then those of the room, of the rooms above it and of
whole systems, each as `dev.py test` selects them. A test that fails counts if it passes without the
mistake. `--tree` measures the tests of another checkout, `--write` writes the table into the manual.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from scripts.devtools.pytest_runs import BLENDER, DRIVEN, PURE, Level, at

from ..harness import methods
from ..harness.covering import covering_tests
from ..harness.methods import ROOT, Run
from .mutants import MUTANTS, PACKAGE, Mutant
from .table import PAGE, with_table

STAGES = [at(Level.TEST, stage) for stage in (PURE, BLENDER, f"({DRIVEN})")]
ABOVE = {
    "net": ("mint", "files", "jobs", "scene", "delivery", "cli", "ui"),
    "mint": ("jobs", "delivery", "cli", "ui"),
    "files": ("jobs", "scene", "delivery", "cli", "ui"),
    "jobs": ("delivery", "cli", "ui"),
    "scene": ("delivery", "cli", "ui"),
    "delivery": ("cli", "ui"),
    "application": ("cli",),
    "cli": (),
    "ui": (),
}
"""The rooms above each room, as the map in CONTRIBUTING.md shows them."""
NOT_COPIED = shutil.ignore_patterns(".git", "build", "dist", "demo", ".*_cache", "__pycache__")
TIME_LIMIT = 1800.0
"""Seconds for one run of pytest. A mistake that makes the tests hang is noticed, too."""
HANGS = "the tests hang"


class Tree:
    """A copy of a checkout in which one file is wrong at a time."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.source = source
        self.folder = folder
        self._seconds = int(time.time())
        shutil.copytree(source, folder, ignore=NOT_COPIED)

    def killer(self, mutant: Mutant) -> str | None:
        """Return the test that notices a mistake; None: it survives."""
        path = self.folder / PACKAGE / mutant.file
        source = path.read_text(encoding="utf-8")
        mutated = mutant.mutated(source)
        for arguments in selections(self.source, mutant):
            self._write(path, mutated)
            failed = self.first_failure(arguments)
            self._write(path, source)
            if failed == HANGS:
                return failed
            if failed and self.first_failure([failed]) is None:
                return failed
        return None

    def _write(self, path: Path, source: str) -> None:
        """Write a file, later than ever before: Python compares the seconds of what it compiled."""
        self._seconds += 1
        path.write_text(source, encoding="utf-8")
        os.utime(path, (self._seconds, self._seconds))

    def first_failure(self, arguments: Sequence[str]) -> str | None:
        """Return the test that fails first, or ends its process; None if all pass."""
        outcomes = self.folder / "build" / "outcomes.json"
        running = outcomes.with_suffix(".running")
        outcomes.parent.mkdir(exist_ok=True)
        outcomes.unlink(missing_ok=True)
        running.unlink(missing_ok=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-p",
            "no:cacheprovider",
            "--timeout=120",
        ]
        variables = {**os.environ, "PYTHONPYCACHEPREFIX": str(self.folder / "build" / "bytecode")}
        try:
            done = subprocess.run(
                [*command, f"--outcomes={outcomes}", *arguments],
                cwd=self.folder,
                env=variables,
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return HANGS
        if outcomes.is_file():
            failed = json.loads(outcomes.read_text(encoding="utf-8"))["failed"]
            return failed[0] if failed else None
        if running.is_file():
            return running.read_text(encoding="utf-8")
        raise RuntimeError(f"pytest could not run {arguments}:\n{done.stdout}{done.stderr}")


def selections(tree: Path, mutant: Mutant) -> Iterator[list[str]]:
    """Yield the arguments of pytest for one run after the other: what is likely to fail comes first."""
    folders = folders_for(tree, mutant.room)
    covering = sorted(
        test for test in covering_tests(tree).get(mutant.rule, ()) if test.split("/")[1] in folders
    )
    for stage in STAGES:
        chosen = ["-m", stage]
        if covering:
            yield [*chosen, *covering]
    for stage in STAGES:
        chosen = ["-m", stage]
        for folder in folders:
            yield [*chosen, f"tests/{folder}"]


def folders_for(tree: Path, room: str) -> list[str]:
    """Return the folders of tests for a room: its own, of those above it, and of whole systems."""
    files = (tree / "tests").glob("*/**/test_*.py")
    folders = {path.relative_to(tree / "tests").parts[0] for path in files}
    systems = sorted(folders - set(ABOVE) - {"mutants"})
    return [folder for folder in (room, *ABOVE[room], *systems) if folder in folders]


def main() -> int:
    """Run the command; return 0 if no mutant survives."""
    parser = methods.parser("mutants", __doc__)
    parser.add_argument("--only", action="append", default=[], help="those with this in their name")
    parser.add_argument("--sample", type=int, help="only so many, chosen by --seed")
    parser.add_argument("--seed", default="", help="any text, such as a commit")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--tree", type=Path, default=ROOT, help="another checkout")
    parser.add_argument("--write", action="store_true", help="write the table into the manual")
    options = parser.parse_args()
    run = Run("mutants")
    killers = killers_of(chosen_mutants(options), options.tree.resolve(), options.processes)
    for mutant, killer in killers.items():
        if killer is None:
            run.failures.append(
                f"{mutant.name} survives: python3 -m tests.mutants --only {mutant.name!r}"
            )
    if options.write:
        text = with_table(PAGE.read_text(encoding="utf-8"), killers)
        PAGE.write_text(text, encoding="utf-8")
    return run.end({"mutants": len(killers), "killed": len(killers) - len(run.failures)})


def chosen_mutants(options: argparse.Namespace) -> list[Mutant]:
    """Return the mutants that the options choose."""
    mutants = [
        mutant
        for mutant in MUTANTS
        if not options.only or any(text in mutant.name for text in options.only)
    ]
    if options.sample is not None:
        mutants = random.Random(options.seed).sample(mutants, min(options.sample, len(mutants)))
    return mutants


def killers_of(mutants: Sequence[Mutant], tree: Path, processes: int) -> dict[Mutant, str | None]:
    """Return the test that notices each mutant; None for one that survives."""
    with tempfile.TemporaryDirectory(prefix="mint-mutants-") as folder:
        trees: SimpleQueue[Tree] = SimpleQueue()
        for number in range(processes):
            trees.put(Tree(tree, Path(folder) / f"copy-{number}"))

        def find(mutant: Mutant) -> str | None:
            copy = trees.get()
            try:
                killer = copy.killer(mutant)
            finally:
                trees.put(copy)
            print(f"{mutant.name}: {killer or 'SURVIVES'}", flush=True)
            return killer

        with ThreadPoolExecutor(processes) as pool:
            return dict(zip(mutants, pool.map(find, mutants), strict=True))


if __name__ == "__main__":
    sys.exit(main())
