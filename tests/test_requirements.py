# SPDX-License-Identifier: GPL-3.0-or-later
"""Each rule of `tests/requirements.py` is shown by a test, and each marker names a rule."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from .requirements import CONTRACT, NOT_COVERED, README, RULES, SECURITY

ROOT = Path(__file__).resolve().parents[1]
POLICY = ROOT / "SECURITY.md"


@cache
def covering_tests() -> dict[str, set[str]]:
    """Return for each id in a marker the tests that have it, as `tests/FILE.py::NAME`.

    They are read from the source, since no environment collects every test.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "mark.covers(" in text:
            for test, rule in _markers(ast.parse(text)):
                found[rule].add(f"{path.relative_to(ROOT).as_posix()}::{test}")
    return dict(found)


def _markers(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                for rule in _rules(decorator):
                    yield node.name, rule


def _rules(decorator: ast.expr) -> list[str]:
    """Return the ids in `@pytest.mark.covers("ID", …)`; any other decorator has none."""
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != "pytest.mark.covers":
        return []
    return [str(ast.literal_eval(each)) for each in decorator.args]


def test_every_rule_is_covered_or_has_a_reason() -> None:
    """A rule that has a reason is not covered, so that no reason outlives its day."""
    uncovered = set(RULES) - set(covering_tests())
    assert uncovered == set(NOT_COVERED)


def test_every_marker_names_a_rule_and_is_on_a_test() -> None:
    """A marker with a typo, or on a helper, would cover nothing."""
    assert {rule: tests for rule, tests in covering_tests().items() if rule not in RULES} == {}
    marked = set().union(*covering_tests().values())
    assert [
        each for each in sorted(marked) if not each.partition("::")[2].startswith("test_")
    ] == []


def test_markers_are_found_in_the_source() -> None:
    """Also several ids, and beside other decorators; nothing else counts."""
    source = (
        "@pytest.mark.blender\n@pytest.mark.covers('A', 'B')\ndef test_a(): pass\n"
        "@pytest.mark.parametrize('covers', ['C'])\ndef test_b(): pass\n"
    )
    assert list(_markers(ast.parse(source))) == [("test_a", "A"), ("test_a", "B")]


def test_ids_say_where_they_come_from() -> None:
    """The three sources have no id in common, and each contract rule says how sure it is."""
    assert len(RULES) == len(CONTRACT) + len(README) + len(SECURITY)
    assert [each for each in CONTRACT if not re.fullmatch(r"C\d+-[a-z-]+", each)] == []
    assert [each for each in README if not each.startswith("R-")] == []
    assert [each for each in SECURITY if not each.startswith("S-")] == []
    assert [each for each, rule in CONTRACT.items() if rule.certainty is None] == []
    assert {int(each[1:].partition("-")[0]) for each in CONTRACT} == set(range(1, 23))


PROMISES = {
    "Blender never freezes.": ["R-responsive", "C14-threads"],
    "Outages do not end jobs.": ["R-outage", "R-slow", "R-three-minutes"],
    "You never pay twice.": ["C7-stored", "R-pay-once", "R-queue"],
    "Nothing is lost.": ["R-undo", "R-again"],
    "You decide before the expensive step.": ["R-decide"],
    "A World is a place.": ["R-world"],
    "Compressed files work.": ["C2-original"],
}
"""The rules behind each promise at the beginning of README.md."""


def test_every_promise_of_the_readme_has_a_rule() -> None:
    """A promise that is added or changed needs a test."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## What it does for you")[2].partition("\n## ")[0]
    assert re.findall(r"^- \*\*(.+?)\*\*", section, re.MULTILINE) == list(PROMISES)
    assert {each for rules in PROMISES.values() for each in rules} <= set(RULES)


def test_the_policy_names_the_tests_of_each_promise() -> None:
    """SECURITY.md has every promise with its id, and names only tests that show it."""
    text = POLICY.read_text(encoding="utf-8")
    promises = dict(re.findall(r"^\| `(S-[a-z-]+)` \|.*\| (.*) \|$", text, re.MULTILINE))
    assert list(promises) == list(SECURITY)
    for rule, tests in promises.items():
        named = re.findall(r"`([\w/]+\.py)`", tests)
        files = {each.partition("::")[0].removeprefix("tests/") for each in covering_tests()[rule]}
        assert named and set(named) <= files, rule


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/development/testing.md"])
def test_links_lead_somewhere(page: str) -> None:
    """Files that the page links to exist."""
    path = ROOT / page
    links = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    assert [each for each in links if "://" not in each and not (path.parent / each).exists()] == []
