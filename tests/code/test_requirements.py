# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules, features, links, reference pages and the skill for agents: each agrees with the code."""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import mint_blender
from mint_blender.cli.exits import MEANINGS, Exit
from mint_blender.cli.parser import COMMANDS, parser
from mint_blender.cli.variables import OTHERS, VARIABLES
from mint_blender.jobs.phases import Phase
from mint_blender.net import connections
from scripts.devtools import compatibility
from scripts.devtools.console import DevError
from scripts.devtools.environments import BLENDERS
from scripts.devtools.feature_markers import FeatureTest, feature_tests
from scripts.reference_pages import commands, environment_variables, exit_statuses, markdown

from ..features import FEATURES
from ..harness.covering import covering_tests
from ..requirements import NOT_COVERED, RULES, SECURITY
from . import skill_file
from .sources import ROOT, nodes_of, sources

POLICY = ROOT / "SECURITY.md"


def test_every_rule_is_covered_or_has_a_reason() -> None:
    """A rule that has a reason is not covered, so that no reason outlives its day.

    A marker with a typo, or on a helper, would cover nothing.
    """
    assert covering_tests().keys() == set(RULES) - set(NOT_COVERED)
    names = {test.partition("::")[2] for tests in covering_tests().values() for test in tests}
    assert [name for name in names if not name.startswith("test_")] == []


def test_every_rule_is_covered_where_each_change_is_tested() -> None:
    """`dev.py test` leaves out what is marked `thorough` or `nightly`."""
    in_test = covering_tests(without=frozenset({"thorough", "nightly"}))
    assert set(RULES) - set(NOT_COVERED) - in_test.keys() == set()


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
        files = {test.partition("::")[0].removeprefix("tests/") for test in covering_tests()[rule]}
        assert named and set(named) <= files, rule


PAGES = [*ROOT.glob("*.md"), *ROOT.glob("extras/**/*.md"), ROOT / "docs/development/testing.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


def local_links(text: str) -> list[str]:
    """Return the targets of links and pictures that are no web addresses; code has none."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    found = [first or second for first, second in LINK.findall(without_code)]
    return [each for each in found if not re.match(r"[a-z]+:", each)]


def slugs(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_local_links_lead_somewhere() -> None:
    """Each target is a file or a folder, and an anchor is a heading in it."""
    for page in PAGES:
        for link in local_links(page.read_text(encoding="utf-8")):
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), (page, link)
            assert not anchor or anchor in slugs(target.read_text(encoding="utf-8")), (page, link)


def test_the_skill_follows_the_format() -> None:
    """Its name is that of the folder, and it is short enough for agents to load it completely."""
    fields = skill_file.front_matter()
    assert fields["name"] == skill_file.FILE.parent.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert 1 <= len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500
    assert len(skill_file.body().splitlines()) < 500
    assert len(skill_file.body()) < 4 * 5000, "about 5,000 tokens"
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
    assert compatibility.table(tests, results, "4.3").endswith(
        "\n\n1. This Blender has no Draco decoder."
    )


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


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("", "", []),
        ("| 5.2 |", "| 5.1 |", ["5.1", "5.2"]),
        ("| import of models |", "| importing |", ["import of models", "importing"]),
        ("| 5.2 |", "|", ["5.2"]),
    ],
)
def test_the_page_names_the_features_and_blenders_that_are_tested(
    old: str, new: str, changed: list[str]
) -> None:
    """None that is gone stays in the table, and none is missing; otherwise it is named."""
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
    printed = SimpleNamespace(stdout="Blender 4.3.2\n")
    monkeypatch.setattr(compatibility, "run_captured", lambda words: printed)
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
    assert "4.3 with a window" in written


PLAIN = """| | 4.2 | 4.3 with a window | 4.5 |
| --- | :-: | :-: | :-: |
| models | ✓ | ✓ | – (1) |
| Worlds | ✓ |  | – (2) |

1. No decoder.
2. No point clouds."""


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("– (2)", "– (3)", []),
        ("No decoder", "There is no decoder", []),
        ("4.3 with a window", "4.0 with a window", []),
        ("✓ | ✓ | – (1)", "✗ | ✓ | – (1)", ["models, Blender 4.2: the page says ✓, the test run ✗."]),
        ("– (2)", "✓", ["Worlds, Blender 4.5: the page says –, the test run ✓."]),
        ("| ✓ |  |", "| ✓ | ✓ |", ["Worlds, Blender 4.3 with a window: the page says nothing, the test run ✓."]),
    ],
    ids=["number", "reason", "system", "failure", "success", "first outcome"],
)  # fmt: skip
def test_another_state_is_named(old: str, new: str, sentences: list[str]) -> None:
    """Feature, Blender and both states; notes may differ, and so may the system's Blender."""
    page = compatibility.updated("Text.", PLAIN)
    assert old in PLAIN
    assert compatibility.differences(page, PLAIN.replace(old, new)) == sentences


REFERENCE = ROOT / "docs" / "reference"
AGAIN = "Run `python3 scripts/dev.py docs --write` and commit docs/reference/."


@pytest.mark.covers("R-statuses")
@pytest.mark.parametrize("module", [commands, environment_variables, exit_statuses])
def test_the_committed_page_matches_the_code(module: ModuleType) -> None:
    """Whoever changes an option, a status or a variable writes the page again."""
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    assert module.page() == (REFERENCE / f"{name}.md").read_text(encoding="utf-8"), AGAIN
    assert set(MEANINGS) == set(Exit), "a new status is described before it can be used"


def test_every_variable_in_the_code_is_described() -> None:
    """The table has each name of an environment variable that a module of the add-on spells out."""
    nodes = [node for text in sources().values() for node in nodes_of(text)]
    texts = [str(node.value) for node in nodes if isinstance(node, ast.Constant)]
    named = {each for each in texts if re.fullmatch(r"MINT_[A-Z_]*[A-Z]", each)}
    assert {each.name for each in VARIABLES} == named
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
        for word in own - {"-h", "--help", "--json", "--log-level", "--timeout"}:
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
