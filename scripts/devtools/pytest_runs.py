# SPDX-License-Identifier: GPL-3.0-or-later
"""The pytest runs of each environment, which the nox session `tests` makes.

The default environment runs every test:

- Tests without Blender run in several processes.
- Tests with the `bpy` module run beside them, in three processes of their own, always in the same
  order: a file that follows another one for the first time may crash Blender. They exit without
  Python's shutdown, which hangs in the 4.5 wheel. Their output is printed at the end.
- Tests that start a Blender executable run last, file by file on several virtual screens, since
  they spend more than half of their time waiting.

If at most three tests of a run fail, they are tried again, alone: a window or a process may be too
slow on a machine that is busy with other tests. The summary lists those that pass then as unstable.
A run whose process crashes in a test is made again, once, and the summary names the test.

With `--fast`, only the tests without Blender run, except those marked `one_blender`: they simulate,
kill, explore or cut off whole systems, which takes minutes.

The other environments run the `bpy` tests again, except those marked `one_blender`: their subject
is the stand-in service, or a process or a quantity of ours, and Blender is only the load. What is
asserted about data-blocks, about files that Blender reads or writes, or about what it registers or
draws is never marked. Of the tests without Blender those run again that depend on NumPy, whose
version differs between Blenders, and the import rules. Blender 5.0 (`BETWEEN`) is between two that
run all of it, and has the Python and the NumPy of one of them: there, only what the compatibility
table shows runs again.

With `--nightly` nothing of that is saved: the others run all `bpy` tests, and on another Python
version the tests without Blender, too.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from scripts.dev import ROOT

from .console import echo, run_command
from .environments import ENVIRONMENTS, Environment

RESULTS = ROOT / "build" / "tests"
COVERAGE = ROOT / "build" / "coverage"
PURE = "not blender and not window and not debian"
BLENDER = "blender and not window and not debian"
FAST_PURE = f"{PURE} and not one_blender"
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


def runs_for(
    environment: Environment, default: Environment, *, fast: bool = False, nightly: bool = False
) -> list[PytestRun]:
    """Return the runs of an environment.

    Args:
        environment: The environment.
        default: The one that runs every test.
        fast: Whether to run only tests that need no Blender and no minutes.
        nightly: Whether the other environments leave out nothing that may differ there.
    """
    name = environment.name
    if environment == default:
        pure = ("-m", FAST_PURE if fast else PURE, "-n", workers())
        first = PytestRun(name, "without Blender", pure, second_try=True)
        if fast:
            return [first]
        others = [f"--ignore={each}" for each in (*IN_BLENDER, *COMMANDS)]
        thirds = {
            "with bpy": ("-m", BLENDER, *IN_BLENDER),
            "commands with bpy": ("-m", BLENDER, *COMMANDS),
            "others with bpy": ("-m", BLENDER, *others),
        }
        beside = [
            PytestRun(name, title, arguments, beside=True, second_try=True)
            for title, arguments in thirds.items()
        ]
        driven = ("-m", DRIVEN, "-n", screens(), "--dist", "loadfile", "--no-loadscope-reorder")
        return [first, *beside, PytestRun(name, "driven from outside", driven, second_try=True)]
    if environment.name in BETWEEN and not nightly:
        return [PytestRun(name, "with bpy", ("-m", SHOWN_FEATURES), second_try=True)]
    if nightly and environment.python != default.python:
        pure = ("-m", FAST_PURE, "-n", workers())
        first = PytestRun(name, "without Blender", pure, second_try=True)
    else:
        first = PytestRun(name, "smoke", ("-m", PURE, "tests/files", "tests/code/test_rooms.py"))
    return [first, PytestRun(name, "with bpy", ("-m", OTHER_BLENDER), second_try=True)]


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
    _write(pytest_run, outcome)
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
    _write(pytest_run, second)


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
    _write(pytest_run, outcome)


def _write(pytest_run: PytestRun, outcome: Outcome) -> None:
    text = json.dumps(asdict(outcome), default=sorted, indent=1)
    pytest_run.results.write_text(text, encoding="utf-8")


def environment_of_session(session: str) -> Environment:
    """Return the environment of a nox session."""
    return next(one for one in ENVIRONMENTS.values() if one.session == session)
