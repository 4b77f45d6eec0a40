# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes on imported results have codes, and a job that stores them shows the same words again."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.blender
pytest.importorskip("bpy")

from mint_blender import scene
from mint_blender.files.errors import InvalidFile
from mint_blender.jobs.notes import stored_note
from mint_blender.scene import notes
from mint_blender.scene.world import build
from mint_blender.scene.world.files import PART_NAMES, WorldFiles, WorldOptions


@pytest.mark.parametrize(
    "note",
    [
        *build.notes_on_missing(WorldFiles(), WorldOptions()),
        *build.notes_on_missing(WorldFiles(links={"spz_100k": "https://x.test"}), WorldOptions()),
        *(build.note_on_unusable(part, InvalidFile("It is empty.")) for part in PART_NAMES),
    ],
    ids=lambda note: note.code,
)
def test_a_note_reads_the_same_after_it_was_stored(note) -> None:
    """The job stores code and values, and makes the words from its own template for the code."""
    assert stored_note(note.to_json()) == note


def _codes_in_source() -> list[str]:
    """Return the codes with which the scene package makes notes."""
    calls = (
        node
        for file in Path(scene.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "note"
    )
    return [call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)]


def test_every_code_in_the_source_has_a_text() -> None:
    """A misspelled code would only show when the note is made."""
    codes = _codes_in_source()
    assert len(codes) > 8 and set(codes) <= set(notes.TEMPLATES)
