# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of mutants fits the package. `.ci/run` makes a few of them, each night all."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ..harness.methods import ROOT
from ..requirements import RULES
from .__main__ import ABOVE, folders_for, selections
from .mutants import MUTANTS, PACKAGE, Mutant
from .table import PAGE, with_table


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_fits_the_package(mutant: Mutant) -> None:
    """Its text is in the file once, what comes of it is Python, and its rule exists."""
    source = (ROOT / PACKAGE / mutant.file).read_text(encoding="utf-8")
    mutated = mutant.mutated(source)
    assert mutated != source
    compile(mutated, mutant.file, "exec")
    assert mutant.rule in RULES


def test_there_are_mutants_of_every_room() -> None:
    """At least forty rules, and no room is left out."""
    assert len({mutant.rule for mutant in MUTANTS}) >= 40
    assert {mutant.room for mutant in MUTANTS} == set(ABOVE)
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_the_tests_of_the_room_and_of_those_above_are_run() -> None:
    """Those that show the rule come first; a room below, or beside, cannot notice it."""
    mutant = next(mutant for mutant in MUTANTS if mutant.room == "jobs")
    folders = folders_for(ROOT, "jobs")
    assert folders[:4] == ["jobs", "delivery", "cli", "ui"]
    assert "simulation" in folders and "window" in folders
    assert not {"mint", "files", "scene", "mutants"} & set(folders)
    runs = list(selections(ROOT, mutant))
    assert "::" in runs[0][-1] and runs[-1][-1].startswith("tests/")


def test_the_page_has_every_mutant_and_none_survives() -> None:
    """`python3 -m tests.mutants --write` writes the table, from a run of all of them."""
    page = PAGE.read_text(encoding="utf-8")
    for mutant in MUTANTS:
        assert f"| `{mutant.rule}` | {mutant.mistake} | `" in page, mutant.name
    assert with_table(page, {MUTANTS[0]: None}).count("**nothing**") == 1
    assert "**nothing**" not in page


def test_a_mistake_that_no_test_notices_survives() -> None:
    """It is reported with the command that repeats it, and the exit status is 1."""
    code = (
        "import sys; from tests.mutants import __main__ as command\n"
        "command.killers_of = lambda mutants, *_: dict.fromkeys(mutants)\n"
        "sys.argv = ['mutants', '--only', 'S-tls']; sys.exit(command.main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "--only 'S-tls: accepts any certificate'" in done.stdout
