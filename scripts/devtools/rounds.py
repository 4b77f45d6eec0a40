# SPDX-License-Identifier: GPL-3.0-or-later
"""What is run in which environment: the calls of pytest that the session `tests` of nox makes.

In the default environment everything runs, in three rounds, because Blender's module cannot be
shared: the tests that need no Blender go to several processes, those with `bpy` to one process of
their own (it is left without Python's shutdown, which hangs in the 4.5 wheel), and those that drive
a Blender executable go last, file by file on two screens: half of their time they wait.
In the other environments the `bpy` tests run again, since that is where Blenders differ. What needs
no Blender runs again only where something else differs: all of it on another Python, and on the
same Python what computes with NumPy, whose version each Blender chooses, and the import rules.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.dev import ROOT

from .environments import ENVIRONMENTS, Environment
from .say import run, say

RESULTS = ROOT / "build" / "tests"
PURE = "not blender and not window and not debian"
BLENDER = "blender and not window and not debian"
DRIVEN = "window or debian"
SCREENS = "2"  # with more, Blenders that draw by processor keep each other waiting
NO_TESTS = 5  # pytest's exit status when a round has nothing to run
NEVER_RAN = -1


@dataclass(frozen=True)
class Round:
    """One call of pytest: its environment, its name, and the arguments that choose the tests."""

    environment: str
    name: str
    arguments: tuple[str, ...]
    covered: bool = False
    """Whether it counts for the coverage of the add-on."""

    @property
    def title(self) -> str:
        """The words for it in the summary."""
        return f"{self.environment} {self.name}"

    @property
    def results(self) -> Path:
        """The file that tells what became of it."""
        return RESULTS / f"{self.title.replace(' ', '-')}.json"


@dataclass
class Outcome:
    """What one call of pytest came to."""

    title: str
    status: int
    seconds: float = 0
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    not_applicable: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether nothing failed; a round without tests is no failure by itself."""
        return self.status in (0, NO_TESTS) and not self.failed

    @classmethod
    def read(cls, part: Round) -> Outcome:
        """Read what became of a round; one that left nothing never ran."""
        if not part.results.is_file():
            return cls(part.title, NEVER_RAN)
        told = json.loads(part.results.read_text(encoding="utf-8"))
        told |= {"passed": set(told["passed"]), "failed": set(told["failed"])}
        return cls(**{"title": part.title, "status": NEVER_RAN, **told})


def workers() -> str:
    """Return over how many processes the tests without Blender are spread."""
    return str(min(os.cpu_count() or 1, 8))


def rounds_of(environment: Environment, default: Environment, *, fast: bool) -> list[Round]:
    """List what runs in an environment; `fast` leaves it at what needs no Blender."""
    name = environment.name
    pure = Round(name, "without Blender", ("-m", PURE, "-n", workers()), environment == default)
    with_blender = Round(name, "with bpy", ("-m", BLENDER), environment == default)
    driven = ("-m", DRIVEN, "-n", SCREENS, "--dist", "loadfile")
    if environment == default:
        last = Round(name, "driven from outside", driven, covered=True)
        return [pure] if fast else [pure, with_blender, last]
    if environment.python != default.python:
        return [pure, with_blender]
    smoke = [path for path in ("tests/files", "tests/test_rooms.py") if (ROOT / path).exists()]
    return [Round(name, "smoke", ("-m", PURE, *smoke)), with_blender]


def chosen(environment: Environment, arguments: list[str]) -> list[Round]:
    """Return the one round that has the arguments which somebody typed."""
    return [Round(environment.name, "chosen", tuple(arguments))]


def play(python: Path, parts: list[Round], *, strict: bool) -> bool:
    """Run one round after the other, with coverage where it counts; whether all are good."""
    covered = [part for part in parts if part.covered]
    for part in parts:
        _play(python, part, strict=strict, append=part in covered[1:])
    if covered:
        say("-- coverage of mint_blender/")
        run([python, "-m", "coverage", "report"], cwd=ROOT)
    return all(Outcome.read(part).good for part in parts)


def _play(python: Path, part: Round, *, strict: bool, append: bool) -> None:
    """Run pytest once, and note beside what it wrote how it ended and how long it took.

    The processes see neither this environment nor nox's on the PATH: a Blender that a test drives
    looks there for a Python.
    """
    (ROOT / "build" / "coverage").mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    part.results.unlink(missing_ok=True)
    command: list[str | Path] = [python, "-m", "pytest", f"--outcomes={part.results}"]
    command += part.arguments
    command += ["--continue-on-collection-errors"]  # a file that cannot be read hides no other
    command += ["--strict-skips"] if strict else []
    coverage = ["--cov", "--cov-report=", *(["--cov-append"] if append else [])]
    command += coverage if part.covered else ["-p", "no:cacheprovider"]
    say(f"-- pytest: {part.title}")
    begun = time.monotonic()
    status = run(command, cwd=ROOT)
    outcome = Outcome.read(part)
    outcome.status, outcome.seconds = status, time.monotonic() - begun
    part.results.write_text(json.dumps(asdict(outcome), default=sorted, indent=1), encoding="utf-8")


def environment_of(session: str) -> Environment:
    """Return the environment of a session of nox."""
    return next(one for one in ENVIRONMENTS.values() if one.session == session)
