# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages about operators and preferences say what Blender has registered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("registered")]

from scripts.reference_pages import operators, preferences  # noqa: E402

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
AGAIN = "Run `python3 scripts/dev.py docs --write` and commit docs/reference/."


@pytest.mark.parametrize("module", [operators, preferences])
def test_the_committed_page_matches_the_code(module) -> None:
    """Whoever changes an operator, an argument or a preference writes the page again."""
    name = module.__name__.rpartition(".")[2]
    assert module.page() == (REFERENCE / f"{name}.md").read_text(encoding="utf-8"), AGAIN


def test_every_operator_is_on_the_page() -> None:
    """Operators in Blender's search have a section, those of buttons a row."""
    page = operators.page()
    sections = set(re.findall(r"^### mint\.(\w+)$", page, re.MULTILINE))
    rows = set(re.findall(r"^\| `mint\.(\w+)` \|", page, re.MULTILINE))
    assert sections | rows == set(dir(bpy.ops.mint))
    assert not sections & rows
    assert "| `prompt` | `str` | `''` |" in page


def test_every_topic_has_a_heading() -> None:
    """No section is called after a package of the code."""
    page = operators.page()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert set(headings) <= {*operators.TOPICS.values(), "Operators of buttons"}
