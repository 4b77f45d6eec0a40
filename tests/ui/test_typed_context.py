# SPDX-License-Identifier: GPL-3.0-or-later
"""What many modules read of Blender's context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.ui import text_fields, typed_context  # noqa: E402
from mint_blender.ui.selection import selected  # noqa: E402

UI = Path(typed_context.__file__).parent


def test_the_interface_has_a_scale_without_a_window() -> None:
    """Blender says 0 there, and sizes are divided by it."""
    assert typed_context.ui_scale() > 0


def test_the_scale_is_read_in_one_place() -> None:
    """Any other module would have to care for a 0 as well."""
    readers = {
        path.relative_to(UI).as_posix()
        for path in UI.rglob("*.py")
        if "system.ui_scale" in path.read_text(encoding="utf-8")
    }
    assert readers == {"typed_context.py"}


class Incomplete:
    """A context as it is while a window opens: without an active object or property."""

    window_manager = SimpleNamespace(windows=())

    @contextmanager
    def temp_override(self, **_: object) -> Iterator[None]:
        """Override nothing."""
        yield


def test_an_incomplete_context_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is selected there, and nobody types."""
    blender = SimpleNamespace(context=Incomplete())
    monkeypatch.setattr(selected, "bpy", blender)
    assert selected.prepare() is False
    monkeypatch.setattr(text_fields, "bpy", blender)
    window: Any = SimpleNamespace(screen=SimpleNamespace(areas=[SimpleNamespace(regions=[None])]))
    assert not text_fields._has_active(window)


def test_the_wheel_begins_no_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is pressed and never released; a click on a field is how typing begins."""
    monkeypatch.setattr(text_fields, "_has_active", lambda window: True)
    here = bpy.context.window_manager.windows[0].as_pointer()
    window: Any = SimpleNamespace(window=SimpleNamespace(as_pointer=lambda: here))
    for kind, is_typing in (("LEFTMOUSE", True), ("WHEELDOWNMOUSE", False), ("A", True)):
        event: Any = SimpleNamespace(type=kind, value="PRESS")
        text_fields.on_event(window, event)
        assert text_fields.is_edited() == is_typing
    text_fields.reset()
