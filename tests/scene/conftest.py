# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that all tests with Blender share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ..harness.blender_fixtures import (  # noqa: F401 - pytest finds them by name
    _fast_polling,
    enabled,
    home,
    job_service,
    model,
    signed_in,
)

if TYPE_CHECKING:
    import bpy

    from mint_blender.scene.world.files import WorldFiles


@pytest.fixture
def files(tmp_path: Path) -> WorldFiles:
    """Write all parts of the synthetic room."""
    from .world_helpers import all_parts

    return all_parts(tmp_path)


@pytest.fixture
def target_collection() -> bpy.types.Collection:
    """Return a new collection in the scene."""
    import bpy

    collection = bpy.data.collections.new("Target")
    bpy.context.scene.collection.children.link(collection)
    return collection


@pytest.fixture
def with_undo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the operator of undo steps, and let them be made although there is no window."""
    import bpy

    from mint_blender.scene import undo_step

    app = SimpleNamespace(background=False)
    shown = SimpleNamespace(app=app, ops=bpy.ops, context=bpy.context, types=bpy.types)
    monkeypatch.setattr(undo_step, "bpy", shown)
    bpy.utils.register_class(undo_step.MINT_OT_result_placed)
    yield
    bpy.utils.unregister_class(undo_step.MINT_OT_result_placed)
