# SPDX-License-Identifier: GPL-3.0-or-later
"""A placed result in the list of undo steps, which Blender 5.3 and later have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import DOES_NOT_APPLY

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import undo_step  # noqa: E402
from mint_blender.scene.place import place_model  # noqa: E402
from mint_blender.ui import registration  # noqa: E402

from .place_helpers import PLAIN  # noqa: E402


@pytest.fixture
def as_with_window(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the add-on, and let undo steps be made although there is no window."""
    app = SimpleNamespace(background=False)
    shown = SimpleNamespace(app=app, ops=bpy.ops, context=bpy.context, types=bpy.types)
    monkeypatch.setattr(undo_step, "bpy", shown)
    registration.register()
    yield
    registration.unregister()


def steps() -> list[str]:
    """Return the names of all undo steps."""
    return [each.name for each in bpy.context.window_manager.undo_stack.steps]


@pytest.mark.covers("R-undo")
def test_a_result_is_one_step(as_with_window: None, model: Path) -> None:
    """However many data-blocks it has; undoing that step removes all of it."""
    if "undo_stack" not in bpy.types.WindowManager.bl_rna.properties:
        pytest.skip(DOES_NOT_APPLY + "this Blender does not list its undo steps")
    bpy.ops.ed.undo_push(message="Own work")
    before = steps()
    undo_step.begin()
    place_model(model, PLAIN)
    undo_step.push("a lamp")
    assert steps() == [*before, "Place Mint Result"]
    assert bpy.context.scene.objects
    bpy.ops.ed.undo()
    assert not bpy.context.scene.objects and not bpy.data.meshes
    bpy.ops.ed.redo()
    assert bpy.context.scene.objects
