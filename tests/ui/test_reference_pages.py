# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages and the skill for agents say what Blender has registered."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

import mint_blender

from ..code import skill_file

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("registered")]

from mint_blender.jobs.job_values import Delivery  # noqa: E402
from mint_blender.jobs.new_jobs import new_job  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.ui import session  # noqa: E402
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


# what `interface.md` promises to scripts
FOR_SCRIPTS = {
    "generate", "approve", "revise", "resume", "retry", "cancel", "dismiss", "place", "optimize",
    "import_asset", "refresh_library", "refresh_account", "copy_report", "copy_diagnostics",
}  # fmt: skip


def properties(name: str) -> Any:
    """Return the properties of an operator. Raises KeyError if there is no such operator."""
    return getattr(bpy.ops.mint, name).get_rna_type().properties


def test_each_operator_has_these_arguments() -> None:
    """Every keyword is a property, and every word of an enum is one of its items."""
    called = skill_file.operator_calls()
    assert {name for name, _ in called} >= FOR_SCRIPTS
    for name, call in called:
        known = properties(name)
        for keyword in call.keywords:
            assert keyword.arg in known.keys(), f"{name}({keyword.arg})"
            if known[keyword.arg].type == "ENUM":
                value = ast.literal_eval(keyword.value)
                words = value if isinstance(value, set) else {value}
                assert words <= set(known[keyword.arg].enum_items.keys()), f"{name}({words})"


def test_each_operator_in_the_table_of_prices_exists() -> None:
    """The table says of each operator whether it costs Credits."""
    table = skill_file.body().split("| costs Credits |")[1].split("\n\n")[0]
    for name in re.findall(r"`(\w+)`", table):
        properties(name)


def test_the_code_finds_it_and_lists_jobs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The code of "Start" and "Wait" runs as it stands."""
    addon = bpy.context.preferences.addons.new()
    addon.module = "mint_blender"
    session.close_service()
    job = new_job(GenerationRequest(Kind.MODEL, "a lamp"), Delivery(), now=1.0)
    session.service().cache.add(job)
    names: dict[str, Any] = {}
    exec(skill_file.code_block("sys.modules"), names)
    assert names["mint"] is mint_blender
    exec(skill_file.code_block("jobs"), names)
    assert capsys.readouterr().out.startswith(f"{job.id} waiting ")
