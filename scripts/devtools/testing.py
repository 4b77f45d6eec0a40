# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `test`: run the nox sessions and print a summary."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from . import debian, environments, pytest_runs, windows
from .console import DevError, echo
from .environments import BLENDERS, Environment
from .pytest_runs import Level, Outcome, PytestRun

CHECKS = ("lint", "docs")
"""The sessions that run before the tests, side by side."""

SIDE_BY_SIDE = "--parallel=auto"
"""The option of nox that runs as many sessions at once as there are cores."""

DURATIONS = {
    Level.FAST: "about 2 minutes",
    Level.TEST: "about 10 minutes",
    Level.THOROUGH: "about 30 minutes",
    Level.NIGHTLY: "hours",
}
"""How long each level takes on two cores, when the environments are there."""

SLOWEST = 10
"""How many of the slowest tests the summary names."""

REPORT = pytest_runs.RESULTS / "nox" / "report.json"


def test(options: argparse.Namespace, arguments: list[str]) -> int:
    """Run the selected tests; return the exit status.

    Args:
        options: The options of the command.
        arguments: Arguments for pytest; if there are any, nothing else is run.
    """
    if options.windows:
        outcome = windows.test(arguments, options.level, install=options.install)
        print_durations([outcome])
        return print_summary([outcome], checks={}, strict=options.strict)
    default = environments.default()
    chosen = _chosen(options, default)
    if not arguments:
        echo(
            f"-- This takes {DURATIONS[options.level]} on two cores, when everything is installed."
        )
    checks: list[Environment] = []
    in_turn = [one for one in chosen if one == default or arguments]
    # The longest first: on another Python, the tests without Blender run again.
    side_by_side = sorted(
        (one for one in chosen if one not in in_turn), key=lambda one: one.python == default.python
    )
    selected: list[PytestRun] = []
    for one in chosen:
        whole = pytest_runs.runs_for(one, default, options.level)
        selected += pytest_runs.custom_run(one, arguments) if arguments else whole
    for pytest_run in selected:
        pytest_run.results.unlink(missing_ok=True)
    if default in chosen and not arguments:
        if not options.no_lint:
            checks = [environments.ENVIRONMENTS[name] for name in CHECKS]
        if options.level is not Level.FAST:
            install_window_packages(install=options.install)
    for one in (*checks, *in_turn, *side_by_side):
        environments.ensure(one, install=options.install)
    words = ["--level", options.level]
    words += [f"--{name}" for name in ("strict", "coverage") if getattr(options, name)]
    words += ["--only", *arguments] if arguments else []
    # The manual in one language takes a third of the time.
    only = ["--language", "en"] if options.level is Level.FAST else []
    results = _run(checks, only, SIDE_BY_SIDE)
    _run(in_turn, words)
    _run(side_by_side, words, SIDE_BY_SIDE)
    outcomes = [Outcome.read(pytest_run) for pytest_run in selected]
    if not arguments:
        print_durations(outcomes)
    return print_summary(outcomes, checks=results, strict=options.strict)


def install_window_packages(*, install: bool) -> None:
    """Install what tests with a Blender window need; without it they are skipped."""
    missing = debian.missing_for_window()
    if not missing:
        return
    reason = "Tests with a Blender window need Debian's Blender and a virtual display."
    try:
        debian.install_packages(missing, reason=reason, install=install)
    except DevError as error:
        echo(f"-- {error}")


def print_summary(
    outcomes: list[Outcome],
    *,
    checks: Mapping[str, bool],
    strict: bool,
) -> int:
    """Print a summary with the tests that were left out; return the exit status.

    Args:
        outcomes: The outcomes of the runs.
        checks: Which of the sessions lint and docs were run, and whether they succeeded.
        strict: Whether a test that was left out, or that needed a second try, is a failure.
    """
    passed = sum(len(outcome.passed) for outcome in outcomes)
    failed = sum(len(outcome.failed) for outcome in outcomes)
    skipped = sum(len(outcome.left_out) + len(outcome.not_applicable) for outcome in outcomes)
    echo("\n== Summary")
    width = max(map(len, (*checks, *(outcome.title for outcome in outcomes))), default=0) + 1
    for name, succeeded in checks.items():
        echo(f"   {name:<{width}}{'ok' if succeeded else 'FAILED'}")
    for outcome in outcomes:
        echo(f"   {outcome.title:<{width}}{_summary_line(outcome)}")
    left_out = _left_out(outcomes)
    counts = " (that counts as a failure here)" if strict else ""
    echo(f"   {len(left_out)} left out{counts}:" if left_out else "   no test was left out")
    for test, reason in sorted(left_out.items()):
        echo(f"     {test}: {reason}")
    for outcome in outcomes:
        for test in sorted(outcome.unstable):
            echo(f"   unstable, passed at the second try{counts}: {test} [{outcome.title}]")
        if outcome.crashed_in:
            ended = "passed at the second try" if outcome.is_successful else "FAILED"
            echo(f"   CRASHED in {outcome.crashed_in} [{outcome.title}], {ended}: see above")
    good = all(checks.values()) and all(outcome.is_successful for outcome in outcomes)
    had_second_try = any(outcome.had_second_try for outcome in outcomes)
    good = good and passed > 0 and not (strict and (left_out or had_second_try))
    echo(f"   {'all good' if good else 'NOT good: see above'}")
    echo(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if good else 1


def print_durations(outcomes: Sequence[Outcome]) -> None:
    """Print how many tests each room has, how many seconds they took, and the slowest of them.

    The seconds are those of all processes together, which run side by side.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    counts: defaultdict[str, int] = defaultdict(int)
    slowest: list[tuple[float, str]] = []
    for outcome in outcomes:
        for test, duration in outcome.durations.items():
            room = test.split("/")[1]
            seconds[room] += duration
            counts[room] += 1
            slowest.append((duration, f"{test} [{outcome.title}]"))
    echo("\n== Seconds and tests by room")
    for room in sorted(seconds, key=seconds.__getitem__, reverse=True):
        echo(f"{seconds[room]:>9.0f} s{counts[room]:>7,}  {room}")
    echo("== The slowest tests")
    for duration, test in sorted(slowest, reverse=True)[:SLOWEST]:
        echo(f"{duration:>9.1f} s  {test}")


def _chosen(options: argparse.Namespace, default: Environment) -> list[Environment]:
    if options.all or options.level is Level.NIGHTLY:
        return BLENDERS
    named = [environments.ENVIRONMENTS[f"bpy-{version}"] for version in options.bpy or ()]
    return named or [default]


def _run(chosen: list[Environment], words: list[str], *options: str) -> dict[str, bool]:
    """Run the sessions of these environments; return by name which were successful."""
    if not chosen:
        return {}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    sessions = [environment.session for environment in chosen]
    environments.nox("-R", *options, "--report", str(REPORT), "-s", *sessions, "--", *words)
    if not REPORT.is_file():
        raise DevError("nox ended early. Its output is above.")
    record = json.loads(REPORT.read_text(encoding="utf-8"))
    return {one["name"]: one["result"] == "success" for one in record["sessions"]}


def _summary_line(outcome: Outcome) -> str:
    """Return the line about one run for the summary."""
    if outcome.status == pytest_runs.NEVER_RAN:
        return "did not run: FAILED"
    skipped = len(outcome.not_applicable) + len(outcome.left_out)
    verdict = "ok" if outcome.is_successful else f"FAILED (exit status {outcome.status})"
    counted = f"{len(outcome.passed)} passed, {len(outcome.failed)} failed, {skipped} skipped"
    return f"{counted}, {outcome.seconds:.0f} s: {verdict}"


def _left_out(outcomes: list[Outcome]) -> dict[str, str]:
    """Return skipped tests that apply here, or that ran in no environment, with the reasons."""
    left_out: dict[str, str] = {}
    for outcome in outcomes:
        for test, reason in outcome.left_out.items():
            left_out[f"{test} [{outcome.title}]"] = reason
    everywhere = [outcome for outcome in outcomes if outcome.status != pytest_runs.NEVER_RAN]
    blenders = {environment.name for environment in BLENDERS}
    if {outcome.title.split()[0] for outcome in everywhere} >= blenders:
        tests = set().union(*(outcome.passed | outcome.failed for outcome in everywhere))
        # A file may skip itself as a whole.
        ran = tests | {test.partition("::")[0] for test in tests}
        for outcome in everywhere:
            for test, reason in outcome.not_applicable.items():
                if test not in ran:
                    left_out[test] = f"{reason} (in every environment)"
    return left_out
