# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `soak`: its methods exist, and their results are read."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.devtools import environments, soak
from scripts.devtools.environments import ENVIRONMENTS
from scripts.devtools.soak import Result
from scripts.devtools.soak_methods import METHODS, Method

ROOT = Path(__file__).resolve().parents[1]
MADE_UP = Method("made_up", "tests.made_up", ("--jobs", "9"), ("--jobs", "1"))


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


def test_minutes_are_for_methods_that_have_them(monkeypatch, capsys) -> None:
    """Another one is not run for hours instead."""
    assert run_made_up(monkeypatch, GOOD, "--minutes", "5") == 0
    assert "made_up has no --minutes" in capsys.readouterr().out


def test_the_page_names_every_method() -> None:
    """Its table has a row for each, which says what it does and what its last whole run has counted."""
    page = (ROOT / "docs" / "development" / "testing.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(METHODS)
