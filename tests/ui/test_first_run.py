# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tab shows while the API key is of no use."""

from __future__ import annotations

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.engine.thread_messages import QueryAnswered  # noqa: E402
from mint_blender.jobs.queries import KeyOwner  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.ui import panel  # noqa: E402
from mint_blender.ui.library_browser.panel import MINT_PT_library  # noqa: E402
from mint_blender.ui.references.panel import MINT_PT_references  # noqa: E402


def test_a_refused_key_shows_no_library(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tab says what to do about the key, and shows nothing that needs one."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    shown = (MINT_PT_library, MINT_PT_references, panel.MINT_PT_more)
    assert all(each.poll(bpy.context) for each in shown)
    refused = QueryAnswered(KeyOwner(), None, error="no", key_problem="The key was revoked.")
    job_service.queries.answers[KeyOwner()] = refused
    assert not any(each.poll(bpy.context) for each in shown)
