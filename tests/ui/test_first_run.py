# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tab shows while the API key is of no use."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.engine.thread_messages import QueryAnswered  # noqa: E402
from mint_blender.jobs.queries import KeyOwner  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.ui import panel  # noqa: E402

from .test_job_list import Layout  # noqa: E402


class Sections(Layout):
    """A layout that notes the names of the sections, which are closed."""

    def panel(self, name: str, **more: Any) -> tuple[Layout, None]:
        """Note the name and return the header."""
        self.said.append((name,))
        return Layout(self.drawn), None


def sections() -> list[str]:
    """Draw the panel and return the names of its sections, and the library's button."""
    names: list[Any] = []
    counts: Counter[str] = Counter()
    drawn: Any = SimpleNamespace(layout=Sections(counts, names))
    context: Any = SimpleNamespace(
        region=SimpleNamespace(width=300, height=900),
        active_object=None,
        window_manager=bpy.context.window_manager,
    )
    panel.MINT_PT_main.draw(drawn, context)
    buttons = [each for each in counts if each == "mint.browse_library"]
    return [*(name for name, *more in names if not more), *buttons]


def test_a_refused_key_shows_no_library(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tab says what to do about the key, and shows nothing that needs one."""
    monkeypatch.setattr(panel, "may_go_online", lambda: True)
    assert sections() == ["mint_references", "mint_options", "mint.browse_library"]
    refused = QueryAnswered(KeyOwner(), None, error="no", key_problem="The key was revoked.")
    job_service.queries.answers[KeyOwner()] = refused
    assert sections() == []
