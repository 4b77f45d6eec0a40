# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `compatibility`: which features work on which Blender, from the last test run.

Tests say which feature they show (`tests/features.py`). What became of them is read from the
outcome files that each run of `test` leaves in build/tests, so that the table costs no test run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from scripts.dev import ROOT
from tests.features import FEATURES

from . import pytest_runs, windows
from .console import DevError, echo, run_captured
from .environments import BLENDERS
from .feature_markers import FeatureTest, feature_tests

PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- begin: table -->", "<!-- end: table -->"
SYSTEM = "with a window"
"""What the title of the column of Debian's Blender ends with, after its version."""
WINDOWS = "Windows (Wine), 5.2"
"""The title of the column of Windows' own Python, which Wine runs."""
REASON_START = "does not apply: "


class Mark(Enum):
    """What a cell of the table says."""

    WORKS = "✓"
    ABSENT = "–"
    FAILS = "✗"
    NOT_TESTED = ""


@dataclass(frozen=True)
class Cell:
    """One cell: a mark, and for an absent feature the reason."""

    mark: Mark
    reason: str = ""


Results = Mapping[str, Mapping[str, str]]
"""For each environment the outcome of each test: "passed", "failed", or why it was skipped."""


def compatibility(*, write: bool, check: bool) -> int:
    """Print the table, `write` it into the page, or `check` the page; return the exit status.

    What is checked is the state of each feature on each Blender, not the text: `differences`.

    Raises:
        DevError: An environment has no outcomes.
    """
    text = table(feature_tests(), read_results(pytest_runs.RESULTS), system_blender())
    page = PAGE.read_text(encoding="utf-8")
    if write:
        PAGE.write_text(updated(page, text), encoding="utf-8")
    else:
        echo(text)
    if check and (found := differences(page, text)):
        echo("\ndocs/compatibility.md differs from the outcomes of the last test run:")
        echo("\n".join(f"  {each}" for each in found))
        echo("If the run was a whole one: python3 scripts/dev.py compatibility --write")
        return 1
    return 1 if Mark.FAILS.value in text else 0


def read_results(folder: Path) -> dict[str, dict[str, str]]:
    """Return the outcomes of all tests by environment, from the files in a folder.

    Where several runs had the same test, the latest counts.

    Raises:
        DevError: An environment has no outcomes.
    """
    found: dict[str, dict[str, str]] = {each.name: {} for each in BLENDERS}
    files = [*folder.glob("bpy-*.json"), *folder.glob(windows.RUN.results.name)]
    files.sort(key=lambda path: path.stat().st_mtime)
    for record in (json.loads(path.read_text(encoding="utf-8")) for path in files):
        tests = found.setdefault(record["title"].split()[0], {})
        tests |= dict.fromkeys(record["passed"], "passed")
        tests |= record["not_applicable"] | record["left_out"]
        tests |= dict.fromkeys(record["failed"], "failed")
    if missing := [name for name, tests in found.items() if not tests]:
        raise DevError(
            f"There are no outcomes of {', '.join(missing)} in {folder}. Run the tests first:"
            " python3 scripts/dev.py test --all -- -m feature"
        )
    return found


def system_blender() -> str:
    """Return the version of the Blender that window tests start, such as "4.3"; "" without one."""
    printed = run_captured(["blender", "--version"]).stdout
    match = re.search(r"^Blender (\d+\.\d+)", printed, re.MULTILINE)
    return match[1] if match else ""


def table(tests: Sequence[FeatureTest], results: Results, system: str) -> str:
    """Return the table in Markdown, with its notes.

    Args:
        tests: The tests that show a feature.
        results: Their outcomes.
        system: The version of the Blender that window tests start.
    """
    columns = _columns(system)
    if windows.RUN.environment in results:
        columns.append(WINDOWS)
    notes: dict[str, int] = {}
    lines = [f"| | {' | '.join(columns)} |", f"| --- |{' :-: |' * len(columns)}"]
    for feature in FEATURES:
        shown = [each for each in tests if each.feature == feature]
        cells = [_cell(shown, results, column) for column in columns]
        lines.append(f"| {feature} | {' | '.join(_text(cell, notes) for cell in cells)} |")
    explained = [f"{number}. {reason}" for reason, number in notes.items()]
    return "\n".join([*lines, "", *explained] if explained else lines)


def updated(page: str, text: str) -> str:
    """Return the page with this table in place of the earlier one."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}"


def differences(page: str, text: str) -> list[str]:
    """Return where the states in a page differ from those of a table, a sentence for each.

    The number of a note and its words may differ. So may a column that only one of them has, as
    that with a window, which depends on the system, or that of Windows, which has a run of its own.
    """
    written, run = states(page.partition(BEGIN)[2].partition(END)[0]), states(text)
    titles = {title for _, title in written} & {title for _, title in run}
    return [
        f"{feature}, Blender {title}: the page says {before}, the test run {after}."
        for feature, title in {**run, **written}
        if title in titles
        and (before := written.get((feature, title)) or "nothing")
        != (after := run.get((feature, title)) or "nothing")
    ]


def states(text: str) -> dict[tuple[str, str], str]:
    """Return the mark of each feature and column of a table in Markdown, without its note."""
    head, _, *rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return {
        (row[0], title): cell.partition(" ")[0]
        for row in rows
        for title, cell in zip(head[1:], row[1:], strict=True)
    }


def outdated(page: str) -> list[str]:
    """Return the features and Blenders in the table of a page that are not tested any more."""
    inside = page.partition(BEGIN)[2].partition(END)[0]
    head, _, *rows = [line for line in inside.splitlines() if line.startswith("|")]
    known = {each.name.removeprefix("bpy-") for each in BLENDERS}
    titles = [cell.strip() for cell in head.split("|")[2:-1]]
    plain = {title for title in titles if title != WINDOWS and not title.endswith(SYSTEM)}
    features = [row.split("|")[1].strip() for row in rows]
    changed = set(features) ^ set(FEATURES) | (plain ^ known)
    return sorted(changed) or ([] if features == list(FEATURES) else ["the order of the rows"])


def _columns(system: str) -> list[str]:
    """Return the titles of the columns, the oldest Blender first."""
    plain = [each.name.removeprefix("bpy-") for each in BLENDERS]
    return sorted([*plain, *([f"{system} {SYSTEM}"] if system else [])], key=_version)


def _version(title: str) -> list[int]:
    return [int(part) for part in title.split()[0].split(".")]


def _cell(tests: Sequence[FeatureTest], results: Results, column: str) -> Cell:
    """Return what the tests of a feature say about the Blender of a column."""
    found = [word for test in tests for word in _outcomes(test, results, column)]
    if "failed" in found:
        return Cell(Mark.FAILS)
    if "passed" in found:
        return Cell(Mark.WORKS)
    reasons = [word for word in found if word.startswith(REASON_START)]
    if reasons:
        return Cell(Mark.ABSENT, reasons[0].removeprefix(REASON_START))
    return Cell(Mark.NOT_TESTED)


def _outcomes(test: FeatureTest, results: Results, column: str) -> list[str]:
    """Return the outcomes of one test, which may have parameters, in a column."""
    if test.has_window:
        environments = list(results) if column.endswith(SYSTEM) else []
    elif column == WINDOWS:
        environments = [windows.RUN.environment]
    else:
        environments = [f"bpy-{column}"]
    return [
        word
        for name in environments
        for node, word in results.get(name, {}).items()
        if node.partition("[")[0] in (f"{test.file}::{test.name}", test.file)
    ]


def _text(cell: Cell, notes: dict[str, int]) -> str:
    if not cell.reason:
        return cell.mark.value
    number = notes.setdefault(f"{cell.reason[:1].upper()}{cell.reason[1:]}.", len(notes) + 1)
    return f"{cell.mark.value} ({number})"
