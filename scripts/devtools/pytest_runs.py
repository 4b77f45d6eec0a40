# SPDX-License-Identifier: GPL-3.0-or-later
"""The pytest runs of each environment, which the nox session `tests` makes.

How much is run is a level. Each has all of the one before:

- `--fast`: the tests without Blender, except those marked `slow`.
- `test`: each rule once, and whole systems in their small bounds. Not what is marked `thorough`.
- `--thorough`, in `.ci/run`: also kills, network faults, pages, pictures and most of the window.
- `--nightly`: also what is random or long, or tests the tests.

The default environment runs all tests of the level:

- Tests without Blender run in several processes.
- Tests with the `bpy` module run beside them, in three processes of their own, always in the same
  order: a file that follows another one for the first time may crash Blender. They exit without
  Python's shutdown, which hangs in the 4.5 wheel. Their output is printed at the end.
- Tests that start a Blender executable run last, file by file on several virtual screens, since
  they spend more than half of their time waiting.

If at most three tests of a run fail, they are tried again, alone, and the summary lists those that
pass then as unstable. A run whose process crashes in a test is made again, once, and the summary
names the test. With `--strict`, either is a failure: a second try only tells what kind it is.

The other environments run the `bpy` tests of the level again, except those marked `one_blender`:
their subject is the stand-in service, or a process or a quantity of ours, and Blender is only the
load. What is asserted about data-blocks, about files that Blender reads or writes, or about what it
registers or draws is never marked. Of the tests without Blender those run again that depend on
NumPy, whose version differs between Blenders, and the import rules. Blender 5.0 (`BETWEEN`) is
between two that run all of it, and has the Python and the NumPy of one of them: there, only what
the compatibility table shows runs again. At night nothing of that is saved.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

from scripts.dev import ROOT

from .console import echo, run_command
from .environments import ENVIRONMENTS, Environment

RESULTS = ROOT / "build" / "tests"
COVERAGE = ROOT / "build" / "coverage"
PURE = "not blender and not window and not debian"
BLENDER = "blender and not window and not debian"
OTHER_BLENDER = f"{BLENDER} and not one_blender"
SHOWN_FEATURES = f"{OTHER_BLENDER} and feature"
BETWEEN = frozenset({"bpy-5.0"})
"""Environments of Blenders that have an older and a newer one beside them with all tests."""
DRIVEN = "window or debian"
SECOND_TRIES = 3
"""How many failed tests of a run are tried again; more than that is no coincidence."""
SCREENS_PER_CORE = 3
"""A Blender that draws by processor keeps 0.3 to 0.4 of a core busy, and needs about 1 GB."""
IN_BLENDER = ("tests/scene", "tests/ui")
"""A third of the `bpy` tests; most of the others start processes and wait for them."""
COMMANDS = ("tests/cli",)
"""Another third."""


class Level(StrEnum):
    """How much is run; each level has all of the one before."""

    FAST = "fast"
    TEST = "test"
    THOROUGH = "thorough"
    NIGHTLY = "nightly"


LEFT_OUT = {
    Level.FAST: ("slow", "thorough", "nightly"),
    Level.TEST: ("thorough", "nightly"),
    Level.THOROUGH: ("nightly",),
    Level.NIGHTLY: (),
}
"""The markers of the tests that a level leaves out."""

TESTS_FAILED = 1  # pytest's exit status
NO_TESTS = 5  # pytest's exit status when a run has nothing to run
NEVER_RAN = -1


@dataclass(frozen=True)
class PytestRun:
    """One run of pytest: its environment, its name, and the arguments that select the tests."""

    environment: str
    name: str
    arguments: tuple[str, ...]
    beside: bool = False
    """Whether it runs at the same time as the one before it."""
    second_try: bool = False
    """Whether tests that fail are tried again, alone. Windows and processes may be too slow on a
    machine that is busy with other tests."""

    @property
    def title(self) -> str:
        """The name of the run in the summary."""
        return f"{self.environment} {self.name}"

    @property
    def results(self) -> Path:
        """The JSON file with the outcome of the run."""
        return RESULTS / f"{self.title.replace(' ', '-')}.json"

    @property
    def output(self) -> Path | None:
        """The file for what it prints; None prints it at once."""
        return self.results.with_suffix(".log") if self.beside else None


@dataclass
class Outcome:
    """The outcome of one run of pytest."""

    title: str
    status: int
    seconds: float = 0
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    unstable: set[str] = field(default_factory=set)
    """Tests among those that passed, which failed at first."""
    crashed_in: str = ""
    """The test that ran when the process of the run crashed, at the first or at both tries."""
    not_applicable: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    """Seconds of each test, with its fixtures."""

    @property
    def had_second_try(self) -> bool:
        """Whether something failed at first: on a quiet machine nothing does."""
        return bool(self.unstable or self.crashed_in)

    @property
    def is_successful(self) -> bool:
        """Whether nothing failed; a run without tests is not a failure by itself."""
        return self.status in (0, NO_TESTS) and not self.failed

    @classmethod
    def read(cls, pytest_run: PytestRun) -> Outcome:
        """Return the outcome of a run; without a results file it never ran."""
        if not pytest_run.results.is_file():
            return cls(pytest_run.title, NEVER_RAN)
        record = json.loads(pytest_run.results.read_text(encoding="utf-8"))
        record |= {name: set(record.get(name, ())) for name in ("passed", "failed", "unstable")}
        return cls(**{"title": pytest_run.title, "status": NEVER_RAN, **record})


def running_test(results: Path) -> Path:
    """Return the file with the name of the test that runs, which is there after a crash."""
    return results.with_suffix(".running")


def workers() -> str:
    """Return the number of processes for the tests without Blender.

    One more than there are cores: some tests wait for a clock or for a process of their own.
    """
    return str(min((os.cpu_count() or 1) + 1, 8))


def screens() -> str:
    """Return the number of virtual screens."""
    return str(min(SCREENS_PER_CORE * (os.cpu_count() or 1), 8))


def at(level: Level, expression: str) -> str:
    """Return a marker expression without the tests that a level leaves out."""
    return " and ".join([expression, *(f"not {marker}" for marker in LEFT_OUT[level])])


def runs_for(environment: Environment, default: Environment, level: Level) -> list[PytestRun]:
    """Return the runs of an environment; `default` is the one that runs every test of the level."""
    name = environment.name
    if environment == default:
        pure = ("-m", at(level, PURE), "-n", workers(), "--dist", "worksteal")
        first = PytestRun(name, "without Blender", pure, second_try=True)
        if level is Level.FAST:
            return [first]
        blender = ("-m", at(level, BLENDER))
        others = [f"--ignore={folder}" for folder in (*IN_BLENDER, *COMMANDS)]
        thirds = {
            "with bpy": (*blender, *IN_BLENDER),
            "commands with bpy": (*blender, *COMMANDS),
            "others with bpy": (*blender, *others),
        }
        beside = [
            PytestRun(name, title, arguments, beside=True, second_try=True)
            for title, arguments in thirds.items()
        ]
        driven = ["-m", at(level, f"({DRIVEN})"), "-n", screens()]
        driven += ["--dist", "loadfile", "--no-loadscope-reorder"]
        return [
            first,
            *beside,
            PytestRun(name, "driven from outside", tuple(driven), second_try=True),
        ]
    is_nightly = level is Level.NIGHTLY
    if environment.name in BETWEEN and not is_nightly:
        shown = ("-m", at(level, SHOWN_FEATURES))
        return [PytestRun(name, "with bpy", shown, second_try=True)]
    if is_nightly and environment.python != default.python:
        pure = ("-m", at(Level.FAST, PURE), "-n", workers(), "--dist", "worksteal")
        first = PytestRun(name, "without Blender", pure, second_try=True)
    else:
        smoke = ("-m", at(Level.FAST, PURE), "tests/files", "tests/code/test_rooms.py")
        first = PytestRun(name, "smoke", smoke)
    with_bpy = ("-m", at(level, OTHER_BLENDER))
    return [first, PytestRun(name, "with bpy", with_bpy, second_try=True)]


def custom_run(environment: Environment, arguments: list[str]) -> list[PytestRun]:
    """Return a single run with the given pytest arguments."""
    return [PytestRun(environment.name, "chosen", tuple(arguments))]


def run_all(
    python: Path, selected: list[PytestRun], *, strict: bool, with_coverage: bool = False
) -> bool:
    """Make the runs, those that are `beside` another at its time; return whether all succeed.

    Args:
        python: The Python of the environment.
        selected: The runs.
        strict: Whether a test that was left out is a failure.
        with_coverage: Whether to measure the coverage of the add-on, which makes it slower.
    """
    if with_coverage:
        shutil.rmtree(COVERAGE, ignore_errors=True)
        COVERAGE.mkdir(parents=True)
    run = partial(_run_pytest, python, strict=strict, with_coverage=with_coverage)
    for group in _groups(selected):
        with ThreadPoolExecutor(len(group)) as pool:
            list(pool.map(run, group))
    for pytest_run in selected:
        if pytest_run.second_try:
            _repeat_if_crashed(python, pytest_run, strict=strict)
            _try_again(python, pytest_run)
    if with_coverage:
        echo("-- coverage of mint_blender/")
        run_command([python, "-m", "coverage", "combine", "--quiet", COVERAGE], cwd=ROOT)
        run_command([python, "-m", "coverage", "report"], cwd=ROOT)
    return all(Outcome.read(pytest_run).is_successful for pytest_run in selected)


def _groups(selected: list[PytestRun]) -> list[list[PytestRun]]:
    """Return the runs in groups that are made at the same time."""
    groups: list[list[PytestRun]] = []
    for pytest_run in selected:
        if pytest_run.beside and groups:
            groups[-1].append(pytest_run)
        else:
            groups.append([pytest_run])
    return groups


def _run_pytest(
    python: Path, pytest_run: PytestRun, *, strict: bool, with_coverage: bool = False
) -> None:
    """Run pytest once; add its exit status and duration to its results file.

    This environment and that of nox are not on the PATH of the processes, since a Blender that a
    test starts looks there for a Python.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    pytest_run.results.unlink(missing_ok=True)
    running_test(pytest_run.results).unlink(missing_ok=True)
    command: list[str | Path] = [python, "-m", "pytest", f"--outcomes={pytest_run.results}"]
    command += pytest_run.arguments
    command += ["--continue-on-collection-errors"]  # a file that cannot be read hides no other
    command += ["--strict-skips"] if strict else []
    command += ["--cov", "--cov-report="] if with_coverage else []
    command += ["-p", "no:cacheprovider", "--durations=10"]
    echo(f"-- pytest: {pytest_run.title}")
    started_at = time.monotonic()
    data = {"COVERAGE_FILE": str(COVERAGE / f"data.{pytest_run.results.stem}")}
    status = run_command(command, cwd=ROOT, extra=data, output=pytest_run.output)
    outcome = Outcome.read(pytest_run)
    outcome.status, outcome.seconds = status, time.monotonic() - started_at
    if (running := running_test(pytest_run.results)).is_file():
        outcome.crashed_in = running.read_text(encoding="utf-8")
    write(pytest_run, outcome)
    if pytest_run.output:
        text = pytest_run.output.read_text(encoding="utf-8", errors="replace")
        echo(f"-- the output of {pytest_run.title}:\n{text}")


def _repeat_if_crashed(python: Path, pytest_run: PytestRun, *, strict: bool) -> None:
    """Make a run again whose process crashed in a test; record that it did."""
    first = Outcome.read(pytest_run)
    if not first.crashed_in:
        return
    echo(f"-- {pytest_run.title} CRASHED in {first.crashed_in} (exit status {first.status})")
    _run_pytest(python, pytest_run, strict=strict)
    second = Outcome.read(pytest_run)
    second.crashed_in = second.crashed_in or first.crashed_in
    write(pytest_run, second)


def _try_again(python: Path, pytest_run: PytestRun) -> None:
    """Run the few tests that failed again, alone; those that pass now are recorded as unstable."""
    outcome = Outcome.read(pytest_run)
    tests = sorted(outcome.failed)
    if outcome.status != TESTS_FAILED or not 0 < len(tests) <= SECOND_TRIES:
        return
    name = f"{pytest_run.name} second try"
    again = PytestRun(pytest_run.environment, name, tuple(tests))
    _run_pytest(python, again, strict=False)
    second = Outcome.read(again)
    outcome.unstable = second.passed - second.failed
    outcome.passed |= outcome.unstable
    outcome.failed -= outcome.unstable
    if not outcome.failed and not outcome.left_out:
        outcome.status = second.status
    write(pytest_run, outcome)


def write(pytest_run: PytestRun, outcome: Outcome) -> None:
    """Write what became of a run."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(outcome), default=sorted, indent=1)
    pytest_run.results.write_text(text, encoding="utf-8")


def environment_of_session(session: str) -> Environment:
    """Return the environment of a nox session."""
    return next(one for one in ENVIRONMENTS.values() if one.session == session)
