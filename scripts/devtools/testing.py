# SPDX-License-Identifier: GPL-3.0-or-later
"""`dev.py test`: which sessions of nox it takes, and the count at the end."""

from __future__ import annotations

import argparse
import json

from . import debian, environments, rounds
from .environments import BLENDERS, Environment
from .rounds import Outcome, Round
from .say import Trouble, say

REPORT = rounds.RESULTS / "nox" / "report.json"


def test(asked: argparse.Namespace, arguments: list[str]) -> int:
    """Run what was asked for; 0 when all of it is good. With `arguments` for pytest, only that."""
    default = environments.default()
    chosen = _chosen(asked, default)
    in_turn = [one for one in chosen if one == default or arguments]
    side_by_side = [one for one in chosen if one not in in_turn]
    parts: list[Round] = []
    for one in chosen:
        whole = rounds.rounds_of(one, default, fast=asked.fast)
        parts += rounds.chosen(one, arguments) if arguments else whole
    for part in parts:
        part.results.unlink(missing_ok=True)
    if default in chosen and not arguments:
        if not asked.no_lint:
            in_turn.insert(0, environments.ENVIRONMENTS["lint"])
        if not asked.fast:
            bring_window_packages(install=asked.install)
    for one in (*in_turn, *side_by_side):
        environments.ready(one, install=asked.install)
    words = [*(["--fast"] if asked.fast else []), *(["--strict"] if asked.strict else [])]
    words += ["--only", *arguments] if arguments else []
    lint_good = _run(in_turn, words).get("lint")
    _run(side_by_side, words, "--parallel=auto")  # at most as many at once as there are cores
    before = rounds.rounds_of(default, default, fast=False) if asked.others else []
    outcomes, earlier = map(Outcome.read, parts), map(Outcome.read, before)
    return conclude([*outcomes], lint_good=lint_good, strict=asked.strict, before=[*earlier])


def bring_window_packages(*, install: bool) -> None:
    """Have what a Blender with a window needs; without it the tests that need it are left out."""
    missing = debian.missing_for_window()
    if not missing:
        return
    reason = "Tests with a Blender window need Debian's Blender and a virtual display."
    try:
        debian.bring(missing, reason=reason, install=install)
    except Trouble as trouble:
        say(f"-- {trouble}")


def conclude(
    outcomes: list[Outcome],
    *,
    lint_good: bool | None,
    strict: bool,
    before: list[Outcome] | None = None,
) -> int:
    """Say the summary, the tests that were left out and why, and the plain count at the end.

    `before` is what ran in an earlier call: not counted, but a test that ran there did run.
    """
    passed = sum(len(outcome.passed) for outcome in outcomes)
    failed = sum(len(outcome.failed) for outcome in outcomes)
    skipped = sum(len(outcome.left_out) + len(outcome.not_applicable) for outcome in outcomes)
    say("\n== Summary")
    if lint_good is not None:
        say(f"   {'lint':<28}{'ok' if lint_good else 'FAILED'}")
    for outcome in outcomes:
        say(f"   {outcome.title:<28}{_told(outcome)}")
    left_out = _left_out(outcomes, before or [])
    counts = " (that counts as a failure here)" if strict else ""
    say(f"   {len(left_out)} left out{counts}:" if left_out else "   no test was left out")
    for test, reason in sorted(left_out.items()):
        say(f"     {test}: {reason}")
    good = lint_good is not False and all(outcome.good for outcome in outcomes)
    good = good and passed > 0 and not (strict and left_out)
    say(f"   {'all good' if good else 'NOT good: see above'}")
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if good else 1


def _chosen(asked: argparse.Namespace, default: Environment) -> list[Environment]:
    if asked.all:
        return BLENDERS
    if asked.others:
        return [environment for environment in BLENDERS if environment != default]
    named = [environments.ENVIRONMENTS[f"bpy-{version}"] for version in asked.bpy or ()]
    return named or [default]


def _run(chosen: list[Environment], words: list[str], *options: str) -> dict[str, bool]:
    """Run the sessions of these environments; for each, whether it was successful."""
    if not chosen:
        return {}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    sessions = [environment.session for environment in chosen]
    environments.nox("-R", *options, "--report", str(REPORT), "-s", *sessions, "--", *words)
    if not REPORT.is_file():
        raise Trouble("nox ended before its time. Its own words are above.")
    told = json.loads(REPORT.read_text(encoding="utf-8"))
    return {one["name"]: one["result"] == "success" for one in told["sessions"]}


def _told(outcome: Outcome) -> str:
    """Describe one round in a line of the summary."""
    if outcome.status == rounds.NEVER_RAN:
        return "did not run: FAILED"
    skipped = len(outcome.not_applicable) + len(outcome.left_out)
    verdict = "ok" if outcome.good else f"FAILED (exit status {outcome.status})"
    counted = f"{len(outcome.passed)} passed, {len(outcome.failed)} failed, {skipped} skipped"
    return f"{counted}, {outcome.seconds:.0f} s: {verdict}"


def _left_out(outcomes: list[Outcome], before: list[Outcome]) -> dict[str, str]:
    """Find tests that were skipped though they belong here, or belong elsewhere but ran nowhere."""
    left_out: dict[str, str] = {}
    for outcome in outcomes:
        for test, reason in outcome.left_out.items():
            left_out[f"{test} [{outcome.title}]"] = reason
    everywhere = [outcome for outcome in (*outcomes, *before) if outcome.status != rounds.NEVER_RAN]
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
