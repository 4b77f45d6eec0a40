# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages of docs/reference/ that need no Blender say what the code says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mint_blender.cli.exits import MEANINGS, Exit
from mint_blender.cli.parser import OTHERS, VARIABLES, parser
from mint_blender.net import connections
from scripts.reference_pages import commands, environment_variables, exit_statuses, markdown

ROOT = Path(__file__).resolve().parents[1]
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


def test_texts_with_markup_stay_texts() -> None:
    """Signs of Markdown in a tooltip are shown as they are; words in backquotes are code."""
    assert markdown.escaped("a_b <c> [d] | `e_f|g`") == r"a\_b \<c\> \[d\] \| `e_f|g`"
    assert markdown.code("a|b") == r"`a\|b`"
    assert markdown.table(("x", "y"), [("1", "2")]) == ["| x | y |", "| --- | --- |", "| 1 | 2 |"]
