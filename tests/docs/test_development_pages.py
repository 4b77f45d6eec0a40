# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the pages for developers agree with the code."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mint_blender.jobs.paid_requests.record import TRANSITIONS, State
from mint_blender.jobs.phases import BUSY, Phase
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.storage.journal_reader import journal_file

from ..import_graph import COMMON, PACKAGE, ROOMS, TOP

REPOSITORY = PACKAGE.parent
FOLDER = REPOSITORY / "docs" / "development"
NAMED = re.compile(r"`((?:[\w.-]+/)+(?:[\w.-]+)?|\w+\.(?:py|md|toml))`")


def text_of(name: str) -> str:
    """Return the text of a page."""
    return (FOLDER / name).read_text(encoding="utf-8")


def first_cells(text: str, heading: str) -> list[str]:
    """Return the first cell of each row of the table below a heading, without the head."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")][
        2:
    ]


def names_in(cells: list[str]) -> set[str]:
    """Return everything in backticks."""
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def missing_files(text: str) -> list[str]:
    """Return the files and folders that a text names and that do not exist."""
    places = (PACKAGE, REPOSITORY)
    return [
        name for name in NAMED.findall(text) if not any((place / name).exists() for place in places)
    ]


@pytest.mark.parametrize(
    "page", ["architecture.md", "decisions.md", "testing.md", "blender-5.3.md"]
)
def test_each_file_that_a_page_names_exists(page: str) -> None:
    """Files are named below the package or the repository."""
    text = text_of(page)
    assert len(NAMED.findall(text)) > 10
    assert missing_files(text) == []


def test_a_file_that_is_gone_is_found() -> None:
    """A name below any folder counts, and so does a module beside the rooms."""
    assert missing_files("`jobs/gone.py`, `gone.py`, `jobs/`, `api.py`, `max_credits`") == [
        "jobs/gone.py",
        "gone.py",
    ]


def test_the_architecture_lists_every_room() -> None:
    """Each room has a row in its table, and the shared modules are named."""
    text = text_of("architecture.md")
    assert names_in(first_cells(text, "Rooms")) == {
        *(f"{room}/" for room in ROOMS if room != TOP),
        "api.py",
    }
    assert all(f"`{name}.py`" in text for name in COMMON)


def test_the_architecture_lists_every_phase() -> None:
    """Each phase has a row, which says whether the worker runs meanwhile."""
    text = text_of("architecture.md")
    rows = re.findall(r"^\| `(\w+)` \| .* \| (yes|no) \|$", text, re.MULTILINE)
    assert dict(rows) == {phase.value: "yes" if phase in BUSY else "no" for phase in Phase}


def rows_of_money(number: int) -> list[list[str]]:
    """Return the rows of a table in the section Money, without the head."""
    section = text_of("architecture.md").split("\n## Money\n")[1].split("\n## ")[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    lines = tables[number].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def states_in(cell: str) -> set[State]:
    """Return the states of a paid request that a cell begins with; "any" are all of them."""
    named = re.split(r"[,;:]", cell)
    found = {state for state in State for text in named if re.match(rf"\s*{state}\b", text)}
    return set(State) if cell == "any" else found


def test_the_architecture_explains_every_state_of_a_paid_request() -> None:
    """The first table of Money has a row for each, in the order of the code."""
    assert [row[0] for row in rows_of_money(0)] == [state.value for state in State]


def test_the_architecture_lists_every_transition_of_a_paid_request() -> None:
    """Its table leads from the same states to the same states as the one in the code."""
    told = {
        (before, after)
        for row in rows_of_money(1)
        for before in states_in(row[0])
        for after in states_in(row[3])
    }
    # the one that the code derives from the numbers of attempts and refusals
    real = {(before, after) for (before, _), after in TRANSITIONS.items()}
    real.add((State.IN_DOUBT, State.CLEAN))
    assert {(a, b) for a, b in told if a != b} == {(a, b) for a, b in real if a != b}


def test_the_architecture_lists_every_table_of_the_journal(tmp_path: Path) -> None:
    """The tables are those of a new journal."""
    Journal(tmp_path).close()
    with closing(sqlite3.connect(journal_file(tmp_path))) as database:
        found = {
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("sqlite_")
        }
    assert names_in(first_cells(text_of("architecture.md"), "The journal")) == found
