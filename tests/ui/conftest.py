# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures that all tests with Blender share, and those of Worlds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..harness.blender_fixtures import (  # noqa: F401 - pytest finds them by name
    _fast_polling,
    enabled,
    home,
    job_service,
    model,
    service,
    signed_in,
)

if TYPE_CHECKING:
    import bpy

# What needs bpy is imported in the fixtures: this file is also read where bpy is not installed.


@pytest.fixture
def registered() -> Iterator[None]:
    """Enable the add-on."""
    from mint_blender.ui import registration, session

    registration.register()
    yield
    registration.unregister()
    session.close_service()


@pytest.fixture
def placed(registered: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bpy.types.Object:
    """Import a World with all its parts; its root is the active object, its job is on the list."""
    import bpy

    from mint_blender.delivery import import_job
    from mint_blender.ui import session

    from .world_jobs import make_job

    monkeypatch.setenv("MINT_BLENDER_HOME", str(tmp_path / "home"))
    job = make_job(tmp_path)
    session.service().cache.add(job)
    root = import_job.place(job).root
    bpy.context.view_layer.objects.active = root
    return root
