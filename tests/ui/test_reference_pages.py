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
    """That is, each that Blender's search finds: the others are of use to buttons only."""
    page = operators.page()
    sections = re.findall(r"^### mint\.(\w+)$", page, re.MULTILINE)
    classes = {name: getattr(bpy.types, f"MINT_OT_{name}") for name in dir(bpy.ops.mint)}
    found = {
        name for name, each in classes.items() if "INTERNAL" not in getattr(each, "bl_options", ())
    }
    assert set(sections) == found and len(sections) == len(found) < len(classes)
    assert "| `prompt` | `str` | `''` |" in page


def test_every_topic_has_a_heading() -> None:
    """No section is called after a package of the code."""
    page = operators.page()
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert set(headings) <= set(operators.TOPICS.values())
