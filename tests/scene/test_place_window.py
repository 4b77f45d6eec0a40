# SPDX-License-Identifier: GPL-3.0-or-later
"""Placing a result in a Blender with a window: one exact undo step in every mode."""

from __future__ import annotations

from typing import Any

import pytest

from . import glb_fixtures
from .rig_fixtures import Clip, Rig
from .window_script import run_in_window

pytestmark = pytest.mark.window

WORK = ("OBJECT", "EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT", "POSE")
DRAWING = ("DRAWING EDIT", "DRAWING PAINT", "DRAWING SCULPT", "DRAWING WEIGHT")
MODES = (*WORK, *DRAWING, "LOCAL VIEW", "TWO WINDOWS")
CASES = [("plain", mode) for mode in MODES] + [
    (kind, mode) for kind in ("skinned", "animated") for mode in ("OBJECT", "EDIT", "POSE")
]
CASES += [("scaled", "TWO WORKSPACES")]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what the script in a Blender with a window found."""
    folder = tmp_path_factory.mktemp("window")
    glb_fixtures.simple(folder / "plain.glb")
    glb_fixtures.skinned(folder / "skinned.glb")
    glb_fixtures.skinned(folder / "skinned2.glb", lift=2)
    glb_fixtures.animated(folder / "animated.glb")
    Rig().save(folder / "scaled.glb", Clip())
    return run_in_window("place_in_window.py", folder, timeout=400)


def _one(results: list[dict[str, Any]], kind: str, mode: str) -> dict[str, Any]:
    return next(each for each in results if each["kind"] == kind and each.get("mode") == mode)


@pytest.mark.parametrize(("kind", "mode"), CASES)
def test_mode_and_selection_stay_in_every_mode(
    kind: str, mode: str, results: list[dict[str, Any]]
) -> None:
    """They are the same after placing, after its undo and after its redo."""
    found = _one(results, kind, mode)
    if mode in WORK:
        assert found["before"][0]["mode"] == mode
    if mode in DRAWING:
        assert mode.split()[1] in found["before"][0]["mode"]
    assert len(found["before"]) == (2 if mode.startswith("TWO") else 1)
    assert bool(found["before"][0]["local view"]) == (mode == "LOCAL VIEW")
    assert found["after"] == found["undone"] == found["redone"] == found["before"]


@pytest.mark.parametrize(("kind", "mode"), CASES)
def test_undo_and_redo_are_exact(kind: str, mode: str, results: list[dict[str, Any]]) -> None:
    """One undo removes all of a result and nothing of the user's; a redo restores it."""
    found = _one(results, kind, mode)
    assert found["gone"] and found["back"]
    assert found["not_undone"] == found["not_redone"] == []


def test_a_note_says_that_local_view_hides_the_result(results: list[dict[str, Any]]) -> None:
    """The local view stays as it is; in no other mode there is a note."""
    assert {each["mode"] for each in results if each.get("notes")} == {"LOCAL VIEW"}
    assert all("Local View" in note for note in _one(results, "plain", "LOCAL VIEW")["notes"])


@pytest.mark.parametrize(
    "both", ["plain skinned", "skinned skinned2", "animated plain", "animated animated"]
)
def test_a_replacement_is_one_undo_step(both: str, results: list[dict[str, Any]]) -> None:
    """One undo restores the earlier version with all that was added to it; a redo the later."""
    found = _one(results, "replace", both)
    assert found["not_undone"] == found["not_redone"] == []
