# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules, features, links, reference pages and the skill for agents: each agrees with the code."""

from __future__ import annotations

import ast
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import mint_blender
from mint_blender.cli.exits import MEANINGS, Exit
from mint_blender.cli.parser import COMMANDS, OTHERS, VARIABLES, parser
from mint_blender.jobs.phases import Phase
from mint_blender.net import connections
from scripts.devtools import compatibility
from scripts.devtools.console import DevError
from scripts.devtools.environments import BLENDERS
from scripts.devtools.feature_markers import FeatureTest, feature_tests, in_source
from scripts.reference_pages import commands, environment_variables, exit_statuses, markdown

from ..features import FEATURES
from ..requirements import CONTRACT, NOT_COVERED, README, RULES, SECURITY
from . import skill_file

ROOT = Path(__file__).resolve().parents[2]
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


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("skills/**/*.md"), ROOT / "docs/development/testing.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


def local_links(text: str) -> list[str]:
    """Return the targets of links and pictures that are no web addresses."""
    found = [first or second for first, second in LINK.findall(without_code(text))]
    return [each for each in found if not re.match(r"[a-z]+:", each)]


def without_code(text: str) -> str:
    """Return Markdown without its code, in which nothing is a link."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def slugs(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    """Each target is a file or a folder, and an anchor is a heading in it."""
    text = page.read_text(encoding="utf-8")
    for link in local_links(text):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in slugs(target.read_text(encoding="utf-8")), link


def test_links_are_found() -> None:
    """Links, pictures and HTML count; web addresses and code do not."""
    text = '[a](b.md#c) ![d](e.png) <img src="f.gif"> [g](https://h) `[i](j)`\n```\n[k](l)\n```\n'
    assert local_links(text) == ["b.md#c", "e.png", "f.gif"]
    assert slugs("# A b\n## C: `d_e`, f?\n") == {"a-b", "c-d_e-f"}
    assert len(PAGES) >= 4


def test_the_front_matter_follows_the_format() -> None:
    """The name is that of the folder, and the texts are as long as the format allows."""
    fields = skill_file.front_matter()
    assert fields["name"] == skill_file.FILE.parent.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert 1 <= len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500


def test_it_is_short_enough_to_be_read_as_a_whole() -> None:
    """Agents load it completely: fewer than 500 lines, and about 5,000 tokens at most."""
    assert len(skill_file.body().splitlines()) < 500
    assert len(skill_file.body()) < 4 * 5000


def test_all_code_is_python() -> None:
    """Each block can be parsed."""
    assert len(skill_file.code_blocks()) >= 5
    for block in skill_file.code_blocks():
        ast.parse(block)


def test_each_function_of_the_package_exists() -> None:
    """`mint.…` names what the package offers to scripts."""
    called = {ast.unparse(call.func) for call in skill_file.calls()}
    ours = {name.removeprefix("mint.") for name in called if name.startswith("mint.")}
    assert {"jobs", "models", "worlds", "usage"} <= ours
    assert ours <= set(mint_blender.__all__)


def test_each_command_exists() -> None:
    """So do the commands of the command line, with their options."""
    lines = [each for each in skill_file.inline_code() if "-m mint_blender " in each]
    commands = {each.split("-m mint_blender ")[1].split()[0] for each in lines}
    assert {"jobs", "place", "mcp"} <= commands <= set(COMMANDS)


def test_each_phase_is_explained() -> None:
    """The table of phases has every phase and no other."""
    table = skill_file.body().split("| `phase` |")[1].split("\n\n")[0]
    told = {
        word for row in table.splitlines() for word in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == {phase.value for phase in Phase}


MODELS, DRACO, SPLATS = "import of models", "Draco, decoded by Blender", "splats of Blender's own"


def cells(tests: list[FeatureTest], results: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """Return the cells of a table by feature, with a Debian Blender 4.3; "" holds the titles."""
    lines = compatibility.table(tests, results, "4.3").partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return {name: row for name, *row in rows}


def test_every_feature_has_a_test_and_every_marker_names_one() -> None:
    """A marker with a typo, or on a helper, would show nothing."""
    tests = feature_tests()
    assert {each.feature for each in tests} == set(FEATURES)
    assert [each for each in tests if not each.name.startswith("test_")] == []


def test_markers_are_read_with_the_marks_of_their_file() -> None:
    """Also several on one test, and beside other decorators; nothing else counts."""
    source = (
        "pytestmark = [pytest.mark.window, pytest.mark.usefixtures('x')]\n"
        "@pytest.mark.feature('a')\n@pytest.mark.feature('b')\ndef test_a(): pass\n"
        "@pytest.mark.parametrize('feature', ['c'])\ndef test_b(): pass\n"
    )
    assert list(in_source(source, "tests/test_x.py")) == [
        FeatureTest("tests/test_x.py", "test_a", "a", has_window=True),
        FeatureTest("tests/test_x.py", "test_a", "b", has_window=True),
    ]
    assert [each.has_window for each in in_source(source.replace("window", "debian"), "x")] == [
        True,
        True,
    ]
    assert not any(each.has_window for each in in_source(source.replace("window", "blender"), "x"))


def test_each_outcome_has_its_mark() -> None:
    """A failure counts more than a success of the same feature, and that more than a skip."""
    tests = [
        FeatureTest("a.py", "test_a", MODELS),
        FeatureTest("a.py", "test_b", MODELS),
        FeatureTest("w.py", "test_w", MODELS, has_window=True),
        FeatureTest("d.py", "test_d", DRACO),
        FeatureTest("n.py", "test_n", SPLATS),
    ]
    lacks = "does not apply: this Blender has no Draco decoder"
    results = {
        "bpy-4.2": {"a.py::test_a[1]": "passed", "a.py::test_b": "failed", "d.py::test_d": lacks},
        "bpy-4.5": {"a.py::test_a[1]": "passed", "w.py::test_w": "passed", "d.py": lacks},
        "bpy-5.0": {"a.py::test_a[1]": "passed", "a.py::test_b": lacks, "d.py::test_d": "passed"},
        "bpy-5.2": {"a.py::test_a": "needs a screen"},
        "bpy-5.3": {"n.py::test_n": "passed"},
    }
    found = cells(tests, results)
    assert found[""] == ["4.2", "4.3 with a window", "4.5", "5.0", "5.2", "5.3"]
    assert found[MODELS] == ["✗", "✓", "✓", "✓", "", ""]
    assert found[DRACO] == ["– (1)", "", "– (1)", "✓", "", ""]
    assert found[SPLATS] == ["", "", "", "", "", "✓"]
    text = compatibility.table(tests, results, "4.3")
    assert text.endswith("\n\n1. This Blender has no Draco decoder.")


def test_the_latest_outcome_of_a_test_counts(tmp_path: Path) -> None:
    """A run of some tests is added to an earlier run of all, whatever their order by name."""
    for age, (name, passed) in enumerate([("chosen", True), ("with-bpy", False)]):
        for each in BLENDERS:
            path = tmp_path / f"{each.name}-{name}.json"
            outcome = {"passed": ["t"] if passed else [], "failed": [] if passed else ["t"]}
            record = {"title": f"{each.name} run", "not_applicable": {"s": "why"}, "left_out": {}}
            path.write_text(json.dumps(outcome | record), encoding="utf-8")
            os.utime(path, (1000 - age, 1000 - age))
    results = compatibility.read_results(tmp_path)
    assert set(results) == {each.name for each in BLENDERS}
    assert all(tests == {"t": "passed", "s": "why"} for tests in results.values())
    (tmp_path / "bpy-5.2-chosen.json").unlink()
    (tmp_path / "bpy-5.2-with-bpy.json").unlink()
    with pytest.raises(DevError, match=r"no outcomes of bpy-5\.2 in .*test --all -- -m feature"):
        compatibility.read_results(tmp_path)


def test_the_page_names_the_features_and_blenders_that_are_tested() -> None:
    """No feature or version that is gone stays in the table, and none is missing."""
    assert compatibility.outdated(compatibility.PAGE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("| 5.2 |", "| 5.1 |", ["5.1", "5.2"]),
        ("| import of models |", "| importing |", ["import of models", "importing"]),
        ("| 5.2 |", "|", ["5.2"]),
    ],
)
def test_a_page_that_is_out_of_date_is_noticed(old: str, new: str, changed: list[str]) -> None:
    """A version or feature that no longer exists is named, and so is a missing one."""
    page = compatibility.PAGE.read_text(encoding="utf-8")
    assert old in page
    assert compatibility.outdated(page.replace(old, new, 1)) == changed


@pytest.mark.parametrize("passed", [True, False])
def test_writing_and_checking(
    passed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """`--check` fails until the page is as the outcomes are, and always for a failed feature."""
    page = tmp_path / "page.md"
    old = f"| | 4.2 |\n| --- | :-: |\n| {MODELS} | old |"
    page.write_text(f"# Title\n\n{compatibility.BEGIN}\n{old}\n{compatibility.END}\n\nMore.\n")
    outcomes = {each.name: {"a.py::test_a": "passed" if passed else "failed"} for each in BLENDERS}
    monkeypatch.setattr(compatibility, "PAGE", page)
    monkeypatch.setattr(compatibility, "read_results", lambda folder: outcomes)
    tests = [FeatureTest("a.py", "test_a", MODELS)]
    monkeypatch.setattr(compatibility, "feature_tests", lambda: tests)
    assert compatibility.compatibility(write=False, check=True) == 1
    assert "compatibility --write" in capsys.readouterr().out
    status = 0 if passed else 1
    assert compatibility.compatibility(write=True, check=False) == status
    assert compatibility.compatibility(write=False, check=True) == status
    written = page.read_text(encoding="utf-8")
    assert written.startswith("# Title\n") and written.endswith(f"{compatibility.END}\n\nMore.\n")
    assert f"| {MODELS} | {'✓' if passed else '✗'} |" in written and "old" not in written


PLAIN = """| | 4.2 | 4.3 with a window | 4.5 |
| --- | :-: | :-: | :-: |
| models | ✓ | ✓ | – (1) |
| Worlds | ✓ |  | – (2) |

1. No decoder.
2. No point clouds."""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("– (2)", "– (3)"),
        ("No decoder", "There is no decoder"),
        ("4.3 with a window", "4.0 with a window"),
        (" 4.5 |", " 4.5 | 5.0 |"),
    ],
    ids=["number", "reason", "system", "column"],
)
def test_what_may_differ_from_run_to_run_is_no_difference(old: str, new: str) -> None:
    """Notes, and columns that only one of them has."""
    lines = PLAIN.replace(old, new).splitlines()
    if "5.0" in new:
        lines[1:4] = [f"{line} :-: |" for line in lines[1:4]]
    page = compatibility.updated("Text.", PLAIN)
    assert compatibility.differences(page, "\n".join(lines)) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "models | ✓ | ✓",
            "models | ✗ | ✓",
            "models, Blender 4.2: the page says ✓, the test run ✗.",
        ),
        ("– (2)", "✓", "Worlds, Blender 4.5: the page says –, the test run ✓."),
        (
            "| ✓ |  |",
            "| ✓ | ✓ |",
            "Worlds, Blender 4.3 with a window: the page says nothing, the test run ✓.",
        ),
    ],
)
def test_another_state_is_named(old: str, new: str, sentence: str) -> None:
    """Feature, Blender and both states, in either direction."""
    page = compatibility.updated("Text.", PLAIN)
    assert compatibility.differences(page, PLAIN.replace(old, new)) == [sentence]


def test_a_feature_that_only_one_of_them_has_is_named() -> None:
    """A row that is missing in the page, or left in it."""
    page = compatibility.updated("Text.", PLAIN)
    renamed = compatibility.differences(page, PLAIN.replace("Worlds", "places"))
    assert "Worlds, Blender 4.2: the page says ✓, the test run nothing." in renamed
    assert "places, Blender 4.2: the page says nothing, the test run ✓." in renamed


REFERENCE = ROOT / "docs" / "reference"
AGAIN = "Run `python3 scripts/dev.py docs --write` and commit docs/reference/."


@pytest.mark.covers("R-statuses")
@pytest.mark.parametrize("module", [commands, environment_variables, exit_statuses])
def test_the_committed_page_matches_the_code(module) -> None:
    """Whoever changes an option, a status or a variable writes the page again."""
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    assert module.page() == (REFERENCE / f"{name}.md").read_text(encoding="utf-8"), AGAIN


def test_every_status_has_a_meaning() -> None:
    """A new status is described before it can be used."""
    assert set(MEANINGS) == set(Exit)


def test_every_variable_in_the_code_is_described() -> None:
    """The table has each name of an environment variable that a module of the add-on spells out."""
    named = set()
    for path in (ROOT / "mint_blender").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        literals = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        texts = [each for each in literals if isinstance(each, str)]
        named |= {each for each in texts if re.fullmatch(r"MINT_[A-Z_]+", each)}
    assert {each.name for each in VARIABLES} == {each for each in named if not each.endswith("_")}
    assert connections.CA_VARIABLES in OTHERS


def test_every_command_has_a_section_with_all_its_options() -> None:
    """Sections have the names of the commands, and each option is in the section of its command."""
    page = commands.page()
    headings = re.findall(r"^## ([a-z]+)$", page, re.MULTILINE)
    parsers = commands.by_name(parser("mint"))
    assert headings == list(parsers)
    for name, command in parsers.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        own = {word for action in command._actions for word in action.option_strings}
        for word in own - {"-h", "--help", "--json", "--log-level"}:
            assert re.search(rf"[`\s]{re.escape(word)}[`,\s]", section), (name, word)
        cells = re.findall(r"^\| .* \| (.*) \|$", section, re.MULTILINE)
        texts = [re.sub(r"`[^`]*`", "", each) for each in cells if each != "---"]
        assert not any("--" in each for each in texts), "two hyphens become a dash"
    assert "  x_…, meta " in page and "  python3 -m mint_blender generate --prompt" in page


def test_texts_with_markup_stay_texts() -> None:
    """Signs of Markdown in a tooltip are shown as they are; words in backquotes are code."""
    assert markdown.escaped("a_b <c> [d] | `e_f|g`") == r"a\_b \<c\> \[d\] \| `e_f|g`"
    assert markdown.code("a|b") == r"`a\|b`"
    assert markdown.table(("x", "y"), [("1", "2")]) == ["| x | y |", "| --- | --- |", "| 1 | 2 |"]
