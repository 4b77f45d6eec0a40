# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the pages agree with the code: for developers, labels and troubleshooting."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path

import pytest

from mint_blender.jobs.paid_requests.record import TRANSITIONS, State
from mint_blender.jobs.phases import BUSY, Phase
from mint_blender.jobs.presentation import error_messages
from mint_blender.jobs.storage.journal import Journal, journal_file
from mint_blender.mint import errors

from ..code.import_graph import COMMON, PACKAGE, ROOMS, TOP

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


def test_the_architecture_lists_every_transition_of_a_paid_request() -> None:
    """Its tables have the states of the code, and lead from the same ones to the same ones."""
    assert [row[0] for row in rows_of_money(0)] == [state.value for state in State]
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


def test_quoted_messages_exist() -> None:
    """A user who searches for a message finds it here once; one that has changed is noticed."""
    messages = quoted()
    assert len(messages) == len(set(messages)) > 50
    missing = [message for message in messages if not is_shown(message)]
    assert not missing, f"no message says {missing}"


def is_shown(words: str) -> bool:
    """Return whether a text of the package has these words as a sentence, or its beginning."""
    return any(shows(text, words) for text in texts())


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


ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
GAP = "…"
_BOUNDARY = " .:;,("
"""What may follow a quoted beginning of a message."""


def quoted() -> list[str]:
    """Return the messages that the page quotes: its headings of the third level."""
    return re.findall(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def texts_in(source: str) -> Iterator[str]:
    """Yield the texts of a module, with a gap for each value that is filled in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub(r"\{[^{}]*\}", GAP, node.value)


@lru_cache
def texts() -> tuple[str, ...]:
    """Return the texts of all modules."""
    modules = (ROOT / "mint_blender").rglob("*.py")
    return tuple(
        text for module in modules for text in texts_in(module.read_text(encoding="utf-8"))
    )


def shows(text: str, message: str) -> bool:
    """Return whether a text is a message, or has it as one of its sentences or their beginning."""
    if message not in text:
        return False
    for found in re.finditer(re.escape(message), text):
        before, after = text[: found.start()], text[found.end() :]
        is_begun = not before or before.endswith((". ", ": ", f"{GAP} "))
        if is_begun and (not after or message.endswith(GAP) or after[0] in _BOUNDARY):
            return True
    return False


def test_what_mint_can_answer_is_explained() -> None:
    """Each kind of refusal, and each reason of a failed generation, has an entry."""
    reasons = [str(advice) for advice in error_messages._ADVICE.values()]
    pending = [errors.ProblemError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        reasons.append(str(kind.meaning))
    lacking = [text for text in reasons if not any(shows(text, message) for message in quoted())]
    assert not lacking, f"docs/troubleshooting.md does not explain: {lacking}"


def test_labels_are_those_of_the_interface() -> None:
    """A label that was renamed is renamed in the manual, too."""
    for page in PAGES:
        unknown = [label for label in labels(page) if label not in known() and not is_shown(label)]
        assert not unknown, f"{page.name} has what is not in the interface: {unknown}"


DOCS = ROOT / "docs"
PAGES = [
    *sorted(DOCS.glob("start/*.md")),
    *sorted(DOCS.glob("blender/*.md")),
    *(DOCS / name for name in ("costs.md", "privacy.md", "troubleshooting.md")),
]
OF_BLENDER = {
    *("Add Remote Repository…", "Check for Updates on Startup", "Get Extensions", "Install"),
    *("Install from Disk…", "Repositories", "Uninstall", "Update", "+"),
    *("Add-ons", "Preferences", "Network", "System"),
    *("Edit", "Export", "File", "View", "Local View", "Properties", "Custom Properties"),
    *("Apply Rotation", "Apply Scale", "Repeat History", "Repeat Last"),
    *("Enter", "N"),
}
"""Labels and keys of Blender itself."""


def labels(page: Path) -> list[str]:
    """Return the texts in italics, one for each step of a path through menus."""
    prose = re.sub(r"```.*?```|`[^`]*`|^#.*$", "", page.read_text("utf-8"), flags=re.S | re.M)
    italics = re.findall(r"(?<!\*)\*([^*\n]+(?:\n[^*\n]+)?)\*(?!\*)", prose)
    return [_plain(part) for found in italics for part in found.split(" > ")]


def _plain(text: str) -> str:
    """Return a text without line breaks, and with a gap for each number or file."""
    return re.sub(r"\d[\d,]*|\bFILE\b", GAP, " ".join(text.split())).removesuffix(".")


@lru_cache
def known() -> frozenset[str]:
    """Return the texts of the interface, also without the dots that announce a dialog."""
    found = {_plain(text) for text in texts()}
    return frozenset(found | {text.removesuffix(GAP) for text in found} | OF_BLENDER)


@pytest.mark.parametrize("page", ["architecture.md", "decisions.md", "testing.md"])
def test_each_file_that_a_page_names_exists(page: str) -> None:
    """Files are named below the package or the repository."""
    names = NAMED.findall(text_of(page))
    assert len(names) > 10
    places = (PACKAGE, REPOSITORY)
    assert [name for name in names if not any((place / name).exists() for place in places)] == []
