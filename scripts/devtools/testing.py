# SPDX-License-Identifier: GPL-3.0-or-later
"""`dev.py test`: what is run in which environment, and the count at the end.

In the default environment everything runs, in three rounds, because Blender's module cannot be
shared: the tests that need no Blender go to several processes, those with `bpy` to one process of
their own (it is left without Python's shutdown, which hangs in the 4.5 wheel), and those that drive
a Blender executable go last, file by file on two screens: half of their time they wait. In the
other environments the `bpy` tests run again, since that is where Blenders differ. What needs no
Blender runs again only where something else differs: all of it on another Python, and on the same
Python the room that computes with NumPy, whose version each Blender chooses, and the import rules.
"""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import debian
from .environments import ENVIRONMENTS, ROOT, Environment, default_environment, ready
from .say import Trouble, run, say, timed

RESULTS = ROOT / "build" / "tests"
PURE = "not blender and not window and not debian"
BLENDER = "blender and not window and not debian"
DRIVEN = "window or debian"
SCREENS = "2"  # with more, Blenders that draw by processor keep each other waiting
NO_TESTS = 5  # pytest's exit status when a round has nothing to run


@dataclass(frozen=True)
class Round:
    """One call of pytest: its name, and the arguments that choose the tests."""

    name: str
    arguments: tuple[str, ...]


@dataclass
class Outcome:
    """What one call of pytest came to."""

    title: str
    status: int
    seconds: float
    log: Path | None = None
    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    not_applicable: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Nothing failed; a round without tests is no failure by itself."""
        return self.status in (0, NO_TESTS) and not self.failed

    def read(self, results: Path) -> None:
        """Take in what tests/conftest.py wrote about each test."""
        told = json.loads(results.read_text(encoding="utf-8"))
        self.passed, self.failed = set(told["passed"]), set(told["failed"])
        self.not_applicable, self.left_out = told["not_applicable"], told["left_out"]

    def line(self) -> str:
        """One line of the summary."""
        skipped = len(self.not_applicable) + len(self.left_out)
        verdict = "ok" if self.good else f"FAILED (exit status {self.status})"
        return f"   {self.title:<28}{len(self.passed)} passed, {len(self.failed)} failed, {skipped} skipped, {self.seconds:.0f} s: {verdict}"  # noqa: E501


def workers() -> str:
    """How many processes the tests without Blender are spread over."""
    return str(min(os.cpu_count() or 1, 8))


def rounds_of_default(*, fast: bool) -> list[Round]:
    """What runs in the default environment; `fast` leaves it at what needs no Blender."""
    pure = Round("without Blender", ("-m", PURE, "-n", workers()))
    if fast:
        return [pure]
    driven = Round("driven from outside", ("-m", DRIVEN, "-n", SCREENS, "--dist", "loadfile"))
    return [pure, Round("with bpy", ("-m", BLENDER)), driven]


def rounds_of_other(environment: Environment, default: Environment) -> list[Round]:
    """What runs in an environment that is not the default; see the top of this file for why."""
    with_blender = Round("with bpy", ("-m", BLENDER))
    if environment.pythons != default.pythons:
        return [Round("without Blender", ("-m", PURE, "-n", workers())), with_blender]
    smoke = [path for path in ("tests/files", "tests/test_rooms.py") if (ROOT / path).exists()]
    return [Round("smoke", ("-m", PURE, *smoke)), with_blender]


def lint() -> bool:
    """ruff and mypy, each to its end, so that one run shows everything."""
    bin_folder = ready(ENVIRONMENTS["lint"]).parent
    good = True
    for title, command in (
        ("ruff check", ["ruff", "check", "."]),
        ("ruff format --check", ["ruff", "format", "--check", "."]),
        ("mypy", ["mypy"]),
    ):
        with timed(title):
            good &= run([bin_folder / command[0], *command[1:]], cwd=ROOT) == 0
    return good


def play(
    environment: Environment,
    python: Path,
    part: Round,
    *,
    strict: bool,
    coverage: str = "",
    aloud: bool = True,
) -> Outcome:
    """One call of pytest in one environment."""
    title = f"{environment.name} {part.name}"
    stem = title.replace(" ", "-")
    results, log = RESULTS / f"{stem}.json", RESULTS / f"{stem}.log"
    RESULTS.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    command: list[str | Path] = [python, "-m", "pytest", f"--outcomes={results}", *part.arguments]
    # one file that cannot be read does not hide the others
    command += ["--continue-on-collection-errors"]
    command += ["--strict-skips"] if strict else []
    command += (
        ["--cov", "--cov-report=", *(["--cov-append"] if coverage == "append" else [])]
        if coverage
        else ["-p", "no:cacheprovider"]
    )
    begun = time.monotonic()
    if aloud:
        say(f"-- pytest: {title}")
    status = run(command, cwd=ROOT, log=None if aloud else log)
    outcome = Outcome(title, status, time.monotonic() - begun, None if aloud else log)
    if results.is_file():
        outcome.read(results)
    return outcome


def earlier(environment: Environment) -> list[Outcome]:
    """What an earlier call of `dev.py test` left about one environment."""
    outcomes = []
    for results in sorted(RESULTS.glob(f"{environment.name}-*.json")):
        outcomes.append(Outcome(environment.name, 0, 0))
        outcomes[-1].read(results)
    return outcomes


def run_default(environment: Environment, *, fast: bool, strict: bool) -> list[Outcome]:
    """Everything, one round after the other, each seen as it goes, with coverage over all of them."""  # noqa: E501
    python = ready(environment)
    if not fast:
        bring_window_packages()
    (ROOT / "build" / "coverage").mkdir(parents=True, exist_ok=True)
    outcomes = []
    for number, part in enumerate(rounds_of_default(fast=fast)):
        outcomes.append(
            play(environment, python, part, strict=strict, coverage="append" if number else "begin")
        )
    say("-- coverage of mint_blender/")
    run([python, "-m", "coverage", "report"], cwd=ROOT)
    return outcomes


def run_others(
    environments: list[Environment], default: Environment, *, strict: bool
) -> list[Outcome]:
    """Several Blenders side by side, at most as many at once as there are cores, each with its own
    output.
    """

    def one(environment: Environment) -> list[Outcome]:
        python = ready(environment)
        return [
            play(environment, python, part, strict=strict, aloud=False)
            for part in rounds_of_other(environment, default)
        ]

    say(
        f"-- side by side: {', '.join(environment.name for environment in environments)} (each is shown when it is finished)"  # noqa: E501
    )
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        outcomes = []
        for several in pool.map(one, environments):
            for outcome in several:
                say(f"-- pytest: {outcome.title}")
                if outcome.log:
                    say(outcome.log.read_text(encoding="utf-8", errors="replace").rstrip())
            outcomes += several
    return outcomes


def bring_window_packages() -> None:
    """Have what a Blender with a window needs; where that is not allowed, the tests that need it
    are left out, and named.
    """
    missing = debian.missing_for_window()
    if not missing:
        return
    try:
        debian.install(
            missing,
            reason="Tests with a Blender window need Debian's Blender and a virtual display.",
        )
    except Trouble as trouble:
        say(f"-- {trouble}")


def conclude(
    outcomes: list[Outcome],
    *,
    lint_good: bool | None,
    strict: bool,
    before: list[Outcome] | None = None,
) -> int:
    """The summary, the tests that were left out and why, and the plain count as the last line.

    `before` is what ran in an earlier call: not counted, but a test that ran there did run.
    """
    passed = sum(len(outcome.passed) for outcome in outcomes)
    failed = sum(len(outcome.failed) for outcome in outcomes)
    skipped = sum(len(outcome.left_out) + len(outcome.not_applicable) for outcome in outcomes)
    say("\n== Summary")
    if lint_good is not None:
        say(f"   {'lint':<28}{'ok' if lint_good else 'FAILED'}")
    for outcome in outcomes:
        say(outcome.line())
    left_out = _left_out(outcomes, before or [])
    if left_out:
        say(f"   {len(left_out)} left out{' (that counts as a failure here)' if strict else ''}:")
        for test, reason in sorted(left_out.items()):
            say(f"     {test}: {reason}")
    else:
        say("   no test was left out")
    good = (
        lint_good is not False
        and all(outcome.good for outcome in outcomes)
        and passed > 0
        and not (strict and left_out)
    )
    say(f"   {'all good' if good else 'NOT good: see above'}")
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if good else 1


def _left_out(outcomes: list[Outcome], before: list[Outcome]) -> dict[str, str]:
    """Tests that were skipped though they belong here, and those that claim to belong elsewhere but
    ran nowhere at all.
    """
    left_out = {
        f"{test} [{outcome.title}]": reason
        for outcome in outcomes
        for test, reason in outcome.left_out.items()
    }
    everywhere = [*outcomes, *before]
    blenders = {
        environment.name for environment in ENVIRONMENTS.values() if environment.has_blender
    }
    if {outcome.title.split()[0] for outcome in everywhere} >= blenders:
        tests = set().union(*(outcome.passed | outcome.failed for outcome in everywhere))
        # a file may skip itself as a whole
        ran = tests | {test.partition("::")[0] for test in tests}
        for outcome in everywhere:
            left_out |= {
                test: f"{reason} (in every environment)"
                for test, reason in outcome.not_applicable.items()
                if test not in ran
            }
    return left_out


def test(
    *,
    versions: list[str],
    everything: bool,
    others: bool,
    fast: bool,
    strict: bool,
    with_lint: bool,
    arguments: list[str],
) -> int:
    """Run what was asked for; 0 when all of it is good."""
    default = default_environment()
    chosen = _chosen(versions, everything, others, default)
    if arguments:
        only = Round("chosen", tuple(arguments))
        return conclude(
            [play(one, ready(one), only, strict=strict) for one in chosen],
            lint_good=None,
            strict=strict,
        )
    lint_good = lint() if with_lint and default in chosen else None
    outcomes: list[Outcome] = []
    if default in chosen:
        outcomes += run_default(default, fast=fast, strict=strict)
    rest = [environment for environment in chosen if environment != default]
    if rest:
        outcomes += run_others(rest, default, strict=strict)
    before = earlier(default) if others else []
    return conclude(outcomes, lint_good=lint_good, strict=strict, before=before)


def _chosen(
    versions: list[str], everything: bool, others: bool, default: Environment
) -> list[Environment]:
    blenders = [environment for environment in ENVIRONMENTS.values() if environment.has_blender]
    if everything:
        return blenders
    if others:
        return [environment for environment in blenders if environment != default]
    if not versions:
        return [default]
    unknown = [version for version in versions if f"bpy-{version}" not in ENVIRONMENTS]
    if unknown:
        known = ", ".join(environment.name.removeprefix("bpy-") for environment in blenders)
        raise Trouble(
            f"There is no environment for Blender {', '.join(unknown)}. There are: {known}."
        )
    return [ENVIRONMENTS[f"bpy-{version}"] for version in versions]
