# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `test`: run the nox sessions and print a summary."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from . import debian, environments, pytest_runs
from .console import DevError, echo
from .environments import BLENDERS, Environment
from .pytest_runs import Outcome, PytestRun

CHECKS = ("lint", "docs")
"""The sessions that run before the tests, side by side."""

SIDE_BY_SIDE = "--parallel=auto"
"""The option of nox that runs as many sessions at once as there are cores."""

REPORT = pytest_runs.RESULTS / "nox" / "report.json"


def test(options: argparse.Namespace, arguments: list[str]) -> int:
    """Run the selected tests; return the exit status.

    Args:
        options: The options of the command.
        arguments: Arguments for pytest; if there are any, nothing else is run.
    """
    default = environments.default()
    chosen = _chosen(options, default)
    checks: list[Environment] = []
    in_turn = [one for one in chosen if one == default or arguments]
    # The longest first: on another Python, the tests without Blender run again.
    side_by_side = sorted(
        (one for one in chosen if one not in in_turn), key=lambda one: one.python == default.python
    )
    selected: list[PytestRun] = []
    for one in chosen:
        whole = pytest_runs.runs_for(one, default, fast=options.fast, nightly=options.nightly)
        selected += pytest_runs.custom_run(one, arguments) if arguments else whole
    for pytest_run in selected:
        pytest_run.results.unlink(missing_ok=True)
    if default in chosen and not arguments:
        if not options.no_lint:
            checks = [environments.ENVIRONMENTS[name] for name in CHECKS]
        if not options.fast:
            install_window_packages(install=options.install)
    for one in (*checks, *in_turn, *side_by_side):
        environments.ensure(one, install=options.install)
    words = [
        f"--{name}" for name in ("fast", "nightly", "strict", "coverage") if getattr(options, name)
    ]
    words += ["--only", *arguments] if arguments else []
    results = _run(checks, words, SIDE_BY_SIDE)
    _run(in_turn, words)
    _run(side_by_side, words, SIDE_BY_SIDE)
    before = pytest_runs.runs_for(default, default) if options.others else []
    outcomes, earlier = map(Outcome.read, selected), map(Outcome.read, before)
    return print_summary([*outcomes], checks=results, strict=options.strict, before=[*earlier])


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
    before: list[Outcome] | None = None,
) -> int:
    """Print a summary with the tests that were left out; return the exit status.

    Args:
        outcomes: The outcomes of the runs.
        checks: Which of the sessions lint and docs were run, and whether they succeeded.
        strict: Whether a test that was left out is a failure.
        before: Outcomes of an earlier call. They are not counted, but their tests are not left out.
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
    left_out = _left_out(outcomes, before or [])
    counts = " (that counts as a failure here)" if strict else ""
    echo(f"   {len(left_out)} left out{counts}:" if left_out else "   no test was left out")
    for test, reason in sorted(left_out.items()):
        echo(f"     {test}: {reason}")
    for outcome in outcomes:
        for test in sorted(outcome.unstable):
            echo(f"   unstable, passed at the second try: {test} [{outcome.title}]")
        if outcome.crashed_in:
            ended = "passed at the second try" if outcome.is_successful else "FAILED"
            echo(f"   CRASHED in {outcome.crashed_in} [{outcome.title}], {ended}: see above")
    good = all(checks.values()) and all(outcome.is_successful for outcome in outcomes)
    good = good and passed > 0 and not (strict and left_out)
    echo(f"   {'all good' if good else 'NOT good: see above'}")
    echo(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if good else 1


def _chosen(options: argparse.Namespace, default: Environment) -> list[Environment]:
    if options.all or options.nightly:
        return BLENDERS
    if options.others:
        return [environment for environment in BLENDERS if environment != default]
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


def _left_out(outcomes: list[Outcome], before: list[Outcome]) -> dict[str, str]:
    """Return skipped tests that apply here, or that ran in no environment, with the reasons."""
    left_out: dict[str, str] = {}
    for outcome in outcomes:
        for test, reason in outcome.left_out.items():
            left_out[f"{test} [{outcome.title}]"] = reason
    everywhere = [
        outcome for outcome in (*outcomes, *before) if outcome.status != pytest_runs.NEVER_RAN
    ]
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
