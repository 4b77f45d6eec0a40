# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar as narrow as it is used, and as wide: what is below each other, and what stays."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .test_jobs import start
from .test_languages import SWITCH

pytestmark = pytest.mark.window

NARROW, WIDE = 240, 529

ACTIVATE = """
found = [bpy.data.objects[name] for name in roots()]
bpy.context.view_layer.objects.active = next(
    each for each in found if ("mint_flipped" in each.keys()) == is_world
)
"""


@pytest.mark.thorough
@pytest.mark.parametrize("is_world", [False, True])
def test_what_is_selected_fits(blender: BlenderWindow, is_world: bool) -> None:
    """The steps of a German panel are below each other where they do not fit side by side."""
    start(blender, "an old greenhouse of glass", kind="WORLD" if is_world else "MODEL")
    blender.wait_for("placed")
    blender.ask(ACTIVATE, is_world=is_world)
    blender.settle()
    first, second = (
        ("mint.walk_inside", "mint.restore_view") if is_world else ("mint.optimize", "mint.animate")
    )
    blender.ask(SWITCH, language="de_DE")
    try:
        for width in (NARROW, WIDE):
            blender.set_sidebar_width(width)
            heights = blender.find(first)[1], blender.find(second)[1]
            is_beside = abs(heights[0] - heights[1]) < 10
            assert is_beside is (width == WIDE)
    finally:
        blender.ask(SWITCH, language="en_US")
