# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of features and Blenders: made from the outcomes of tests, and never out of date."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scripts.devtools import compatibility
from scripts.devtools.console import DevError
from scripts.devtools.environments import BLENDERS
from scripts.devtools.feature_markers import FeatureTest, feature_tests, in_source

from .features import FEATURES

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
        "@pytest.mark.feature('a')\n@pytest.mark.feature('b', imitates='5.3')\ndef test_a(): pass\n"
        "@pytest.mark.parametrize('feature', ['c'])\ndef test_b(): pass\n"
    )
    assert list(in_source(source, "tests/test_x.py")) == [
        FeatureTest("tests/test_x.py", "test_a", "a", has_window=True),
        FeatureTest("tests/test_x.py", "test_a", "b", has_window=True, imitates="5.3"),
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
        FeatureTest("n.py", "test_n", SPLATS, imitates="5.3"),
    ]
    lacks = "does not apply: this Blender has no Draco decoder"
    results = {
        "bpy-4.2": {"a.py::test_a[1]": "passed", "a.py::test_b": "failed", "d.py::test_d": lacks},
        "bpy-4.5": {"a.py::test_a[1]": "passed", "w.py::test_w": "passed", "d.py": lacks},
        "bpy-5.0": {"a.py::test_a[1]": "passed", "a.py::test_b": lacks, "d.py::test_d": "passed"},
        "bpy-5.2": {"a.py::test_a": "needs a screen", "n.py::test_n": "passed"},
    }
    found = cells(tests, results)
    assert found[""] == ["4.2", "4.3 with a window", "4.5", "5.0", "5.2", "5.3 imitated"]
    assert found[MODELS] == ["✗", "✓", "✓", "✓", "", ""]
    assert found[DRACO] == ["– (1)", "", "– (1)", "✓", "", ""]
    assert found[SPLATS] == ["", "", "", "", "", "(✓)"]
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
        (" 4.5 |", " 4.5 | 5.3 imitated |"),
    ],
    ids=["number", "reason", "system", "column"],
)
def test_what_may_differ_from_run_to_run_is_no_difference(old: str, new: str) -> None:
    """Notes, and columns that depend on the system or on the tests."""
    lines = PLAIN.replace(old, new).splitlines()
    if "imitated" in new:
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
