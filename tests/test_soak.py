# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `soak`: its methods exist, their results are read, and the page says what was run."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.devtools import environments, reliability_page, soak
from scripts.devtools.console import DevError
from scripts.devtools.environments import ENVIRONMENTS
from scripts.devtools.soak import Result
from scripts.devtools.soak_methods import METHODS, Method
from tests.simulation.test_seeds import SEEDS

ROOT = Path(__file__).resolve().parents[1]
MADE_UP = Method(
    "made_up", "tests.made_up", "Something is made up.", ("--jobs", "9"), ("--jobs", "1")
)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_command_with_its_options(name: str) -> None:
    """The package can be started, and its help has every option that `soak` passes."""
    method = METHODS[name]
    command = [sys.executable, "-m", method.package, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    options = {word for word in (*method.long, *method.short) if word.startswith("--")}
    assert [option for option in sorted(options) if option not in done.stdout] == []
    assert ("--minutes" in done.stdout) == method.takes_minutes
    assert method.goal is None or ("--seed" in done.stdout and method.takes_minutes)
    assert method.name == name and method.environment in ("", *ENVIRONMENTS)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("", 0),
        ("all good", 0),
        ("[]", 0),
        ('{"figures": {}, "failures": []}', 0),
        ('{"figures": {"jobs": "many"}, "failures": [], "seconds": 1}', 0),
        ('{"figures": {}, "failures": [], "seconds": 1}', 1),
        ('{"figures": {}, "failures": ["seed 5"], "seconds": 1}', 0),
    ],
)
def test_anything_but_a_result_is_an_error(line: str, status: int) -> None:
    """A method that was killed, or that does not say what its exit status says, has not succeeded."""
    with pytest.raises(ValueError, match=r"."):
        Result.read(line, status)


def run_made_up(
    monkeypatch: pytest.MonkeyPatch, code: str, *words: str, method: Method = MADE_UP
) -> int:
    """Run `soak` with one method, which is this code."""
    monkeypatch.setitem(METHODS, "made_up", method)
    monkeypatch.setattr(environments, "ensure", lambda environment, install: Path(sys.executable))
    monkeypatch.setattr(environments, "default", lambda: None)
    real = soak._run_and_show
    monkeypatch.setattr(
        soak,
        "_run_and_show",
        lambda command, folder: real([command[0], "-c", code, *command[3:]], folder),
    )
    return soak.main(["made_up", *words], install=False)


GOOD = """
import json, sys
print("seed 1")
print(json.dumps({"figures": {"jobs": int(sys.argv[2])}, "failures": [], "seconds": 2.0}))
"""


@pytest.mark.parametrize(("words", "jobs"), [([], 9), (["--short"], 1)])
def test_a_method_is_run_and_its_figures_are_shown(monkeypatch, capsys, words, jobs) -> None:
    """Its own output is shown as well; `--short` has other arguments."""
    assert run_made_up(monkeypatch, GOOD, *words) == 0
    printed = capsys.readouterr().out
    assert "   seed 1\n" in printed
    assert ["jobs", str(jobs)] in [line.split() for line in printed.splitlines()]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import json; print(json.dumps({'figures': {}, 'failures': ['seed 5'], 'seconds': 1})); exit(1)",
            "seed 5",
        ),
        ("print('half a'); exit(3)", "no result, exit status 3"),
        ("import os; os.kill(os.getpid(), 9)", "no result, exit status -9"),
    ],
)
def test_a_failure_is_shown_and_fails_the_command(monkeypatch, capsys, code, said) -> None:
    """So does a method that was killed, or that prints something else."""
    assert run_made_up(monkeypatch, code) == 1
    assert said in capsys.readouterr().out


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page without figures."""
    path = tmp_path / "reliability.md"
    path.write_text(f"# Title\n\n{reliability_page.BEGIN}\n{reliability_page.END}\nThe end.\n")
    (tmp_path / "reliability.json").write_text("{}")
    monkeypatch.setattr(reliability_page, "PAGE", path)
    monkeypatch.setattr(reliability_page, "FIGURES", tmp_path / "reliability.json")
    return path


def test_figures_are_kept_and_written(monkeypatch, page: Path) -> None:
    """The page has the figures of the last run; a method that was not run claims nothing."""
    assert run_made_up(monkeypatch, GOOD, "--write") == 0
    text = page.read_text()
    assert text.startswith("# Title\n") and text.endswith("The end.\n")
    (row,) = [line for line in text.splitlines() if line.startswith("| [Made up]")]
    assert row == "| [Made up](#made-up) | jobs: 9 | 0 | 0 | `dev.py soak made_up` |"
    kept = json.loads(reliability_page.FIGURES.read_text())
    assert kept["made_up"]["figures"] == {"jobs": 9} and set(kept) == {"made_up"}
    not_run = [line for line in text.splitlines() if f"| {reliability_page.NOT_RUN} |" in line]
    assert len(not_run) == len(METHODS) - 1
    reliability_page.write({})
    assert page.read_text() == text


@pytest.mark.parametrize("words", [["--short"], ["--minutes", "5"]])
def test_figures_of_a_part_are_not_written(monkeypatch, page: Path, words: list[str]) -> None:
    """They would look like those of a whole run."""
    with pytest.raises(DevError, match="Only the figures of whole runs"):
        run_made_up(monkeypatch, GOOD, "--write", *words)


PART = """
import json, sys
seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 1
result = {"figures": {"jobs": 400, "seed": seed}, "failures": [], "seconds": 60, "next_seed": seed + 5}
print(json.dumps(result))
"""
IN_PARTS = replace(MADE_UP, goal=("jobs", 1000), takes_minutes=True)


def test_a_run_in_parts_is_continued_until_it_is_whole(monkeypatch, page: Path) -> None:
    """Each part begins with the next seed, and its figures are added; the page says how far it is."""

    def made_up_row() -> str:
        (row,) = [line for line in page.read_text().splitlines() if line.startswith("| [Made up]")]
        return row

    for _ in range(2):
        assert run_made_up(monkeypatch, PART, "--add", "--minutes", "1", method=IN_PARTS) == 0
    kept = json.loads(reliability_page.FIGURES.read_text())["made_up"]
    assert kept["figures"] == {"jobs": 800, "seed": 1 + 6} and kept["next_seed"] == 11
    assert "| so far: jobs: 800, " in made_up_row()
    assert "Run in 2 parts until" in page.read_text()
    assert "A whole run has 1,000 jobs." in page.read_text()
    assert run_made_up(monkeypatch, PART, "--add", "--minutes", "1", method=IN_PARTS) == 0
    assert "| jobs: 1,200, " in made_up_row()
    assert "A whole run has" not in page.read_text()
    assert run_made_up(monkeypatch, PART, "--write", method=IN_PARTS) == 0
    assert json.loads(reliability_page.FIGURES.read_text())["made_up"]["figures"]["jobs"] == 400


def test_groups_of_figures_are_below_the_table(page: Path) -> None:
    """The table has the totals; what they consist of is in the section of the method."""
    figures = {"kills": 1200, "kills: batch": 1000, "kills: in the window: model": 200}
    reliability_page.write({"simulation": {"figures": figures, "failures": [], "seconds": 60}})
    text = page.read_text()
    assert "| so far: kills: 1,200 |" in text
    assert "\n- kills: batch 1,000; in the window: model 200\n" in text


def test_a_failure_that_was_fixed_since_is_told_from_others(page: Path) -> None:
    """The figures stay those of the run; the page says what is still open."""
    failures = ["seed 956: the first", "seed 9: the second"]
    reliability_page.write({"simulation": {"figures": {}, "failures": failures, "seconds": 60}})
    text = page.read_text()
    assert "| 1 (1 fixed since) |" in text
    assert "fixed since, with a test:\n\n- seed 956: the first\n" in text
    assert "Not fixed:\n\n- seed 9: the second\n" in text


def test_a_seed_that_was_fixed_is_a_test() -> None:
    """What has failed once is tried from then on."""
    assert set(METHODS["simulation"].fixed_seeds) <= set(SEEDS)


@pytest.mark.parametrize("words", [[], ["--short"]])
def test_only_long_forms_with_seeds_are_run_in_parts(monkeypatch, page: Path, words) -> None:
    """The figures of any other run would be counted twice."""
    method = IN_PARTS if words else MADE_UP
    with pytest.raises(DevError, match="can be run in parts"):
        run_made_up(monkeypatch, PART, "--add", *words, method=method)


def test_a_run_without_a_result_is_not_written(monkeypatch, page: Path) -> None:
    """A method that was stopped keeps the figures of its last whole run."""
    assert run_made_up(monkeypatch, "import os; os.kill(os.getpid(), 15)", "--write") == 1
    assert json.loads(reliability_page.FIGURES.read_text()) == {}


def test_minutes_are_for_methods_that_have_them(monkeypatch, capsys) -> None:
    """Another one is not run for hours instead."""
    assert run_made_up(monkeypatch, GOOD, "--minutes", "5") == 0
    assert "made_up has no --minutes" in capsys.readouterr().out


def test_the_page_is_up_to_date() -> None:
    """After a change of the methods, `python3 scripts/dev.py soak --page` writes it again."""
    page = reliability_page.PAGE.read_text(encoding="utf-8")
    assert reliability_page.updated(page, reliability_page.kept_figures()) == page
