# SPDX-License-Identifier: GPL-3.0-or-later
"""What covers a part of a 3D View."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

typed_context = pytest.importorskip("mint_blender.ui.typed_context")

WIDTH, HEIGHT = 1300, 780
TOOLBAR = SimpleNamespace(type="TOOLS", x=0, y=0, width=60, height=720)
SIDEBAR = SimpleNamespace(type="UI", x=1040, y=0, width=260, height=720)
HEADER = SimpleNamespace(type="TOOL_HEADER", x=0, y=720, width=WIDTH, height=30)
CLOSED = SimpleNamespace(type="HUD", x=70, y=10, width=1, height=1)


def _context(x: int, y: int, width: int, height: int) -> Any:
    region = SimpleNamespace(type="WINDOW", x=x, y=y, width=width, height=height)
    regions = [region, TOOLBAR, SIDEBAR, HEADER, CLOSED]
    return SimpleNamespace(region=region, area=SimpleNamespace(regions=regions))


@pytest.mark.parametrize(
    ("column", "expected"), [(0, (60.0, 650.0)), (1, (0.0, 390.0))], ids=["left", "right"]
)
@pytest.mark.parametrize("row", [0, 1], ids=["lower", "upper"])
def test_toolbar_and_sidebar_leave_room_in_each_quarter(
    row: int, column: int, expected: tuple[float, float]
) -> None:
    """Of a view in quarters, the upper ones are covered by what begins in the lower ones."""
    context = _context(column * 650, row * 390, 650, 390)
    assert typed_context.sides(context) == expected
    over = {other.type: y for other, _, y in typed_context.regions_over(context)}
    assert over.get("TOOL_HEADER") == (330 if row else None)


def test_what_stands_beside_a_view_does_not_cover_it() -> None:
    """Without overlapping regions the view begins where the toolbar ends."""
    context = _context(60, 0, 980, 720)
    assert typed_context.sides(context) == (0.0, 980.0)
