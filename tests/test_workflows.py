# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows that test each change, and every night: their commands exist, actions are pinned."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.devtools.__main__ import parser
from scripts.devtools.environments import DEFAULTS
from scripts.devtools.pytest_runs import BLENDER, PURE
from scripts.devtools.soak_methods import METHODS

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "test.yml"
NIGHTLY = WORKFLOW.with_name("nightly.yml")
BOTH = pytest.mark.parametrize("path", [WORKFLOW, NIGHTLY], ids=["test", "nightly"])


def jobs_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return the jobs of a workflow by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


@pytest.fixture(scope="module")
def jobs() -> dict[str, dict[str, Any]]:
    """Return the jobs of the workflow for each change."""
    return jobs_of(WORKFLOW)


def commands(job: dict[str, Any]) -> list[list[str]]:
    """Return the words of each command of a job."""
    return [shlex.split(str(step["run"])) for step in job["steps"] if "run" in step]


def test_three_systems_are_tested_with_each_python(jobs: dict[str, dict[str, Any]]) -> None:
    """One system per kind, with a fixed version, and the Pythons that have a default Blender."""
    matrix = jobs["systems"]["strategy"]["matrix"]
    kinds = [re.fullmatch(r"(\w+)-[\d.]+", each) for each in matrix["system"]]
    assert [kind and kind[1] for kind in kinds] == ["ubuntu", "windows", "macos"]
    assert set(matrix["python"]) == set(DEFAULTS)


def test_every_command_exists(jobs: dict[str, dict[str, Any]]) -> None:
    """The parser of dev.py takes each of its commands, and scripts are there to be run."""
    ran = [words for job in jobs.values() for words in commands(job)]
    assert len(ran) == 3
    for words in ran:
        if words[1:2] == ["scripts/dev.py"]:
            own = words[2 : words.index("--")] if "--" in words else words[2:]
            assert parser().parse_args(own).command == "test"
        else:
            assert os.access(ROOT / words[0], os.X_OK) and len(words) == 1


def test_windows_are_opened_on_linux_only(jobs: dict[str, dict[str, Any]]) -> None:
    """Everything runs on Linux; the others leave out what needs Debian's Blender."""
    assert commands(jobs["everything"]) == [[".ci/run"]]
    assert jobs["everything"]["runs-on"].startswith("ubuntu")
    fast, blender = commands(jobs["systems"])
    assert "--fast" in fast and blender[blender.index("-m") + 1] == BLENDER


def test_the_night_runs_what_a_change_leaves_out(jobs: dict[str, dict[str, Any]]) -> None:
    """Every Blender, and on each system what `--fast` leaves out; the simulation runs for hours."""
    nightly = jobs_of(NIGHTLY)
    whole, soak = commands(nightly["everything"])
    assert parser().parse_args(whole[2:]).nightly
    assert soak[2:4] == ["soak", "simulation"] and METHODS["simulation"].takes_minutes
    ((*words, marks),) = commands(nightly["systems"])
    assert words[2:] == ["test", "--", "-m"] and PURE in marks and "one_blender" in marks
    assert nightly["systems"]["strategy"] == jobs["systems"]["strategy"]


@BOTH
def test_actions_are_pinned_to_a_commit(path: Path) -> None:
    """A tag can be moved to other code; the comment beside the commit names the version."""
    used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert len(used) >= 3
    pinned = re.compile(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [each for each in used if not pinned.fullmatch(each)] == []


@BOTH
def test_the_workflow_holds_no_secret_and_may_only_read(path: Path) -> None:
    """Tests need no key, and code from a pull request must not be able to write."""
    text = path.read_text(encoding="utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert not [word for word in ("secrets", "://", "API_KEY", "_target") if word in text]
