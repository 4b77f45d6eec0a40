# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tab shows while the API key is of no use."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.engine.thread_messages import QueryAnswered  # noqa: E402
from mint_blender.jobs.queries import KeyOwner  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.ui import panel  # noqa: E402

from .drawings import calls_of, in_class  # noqa: E402


def sections() -> list[str]:
    """Return the names of the sections of the panel, and the library's button."""
    size = SimpleNamespace(width=300, height=900)
    known = {"region": size, "active_object": None}
    context = SimpleNamespace(window_manager=bpy.context.window_manager, **known)
    calls = calls_of(in_class(panel.MINT_PT_main.draw), context, is_open=False)
    return [call[1] for call in calls if call[0] == "panel" or "mint.browse_library" in call]


def test_a_refused_key_shows_no_library(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tab says what to do about the key, and shows nothing that needs one."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    assert sections() == ["mint_references", "mint_options", "mint.browse_library"]
    refused = QueryAnswered(KeyOwner(), None, error="no", key_problem="The key was revoked.")
    job_service.queries.answers[KeyOwner()] = refused
    assert sections() == []
