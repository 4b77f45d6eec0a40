# SPDX-License-Identifier: GPL-3.0-or-later
"""What many modules read of Blender's context."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.ui import typed_context  # noqa: E402

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
