# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that all tests with Blender share."""

from __future__ import annotations

from pathlib import Path
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
