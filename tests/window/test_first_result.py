# SPDX-License-Identifier: GPL-3.0-or-later
"""From a fresh Blender to a result that is seen: how many clicks that takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .price_helpers import PREFERENCES

pytestmark = pytest.mark.window

FEWER_THAN = 10
MINT_TAB = 172  # pixels from the upper edge of a new sidebar to the middle of its tab
EXAMPLES = 72  # pixels from the right edge of the sidebar to the menu with the examples

# What the middle of the result is hidden by, seen from the view; and where that is in the region.
SEEN = """
from bpy_extras import view3d_utils
from mathutils import Vector
space, here = area('VIEW_3D').spaces.active, region('VIEW_3D', 'WINDOW')
view, layer = space.region_3d, bpy.context.view_layer
root = bpy.data.objects[name]
own = {root, *root.children_recursive}
corners = [each.matrix_world @ Vector(corner) for each in own if each.type == 'MESH' for corner in each.bound_box]
middle = sum(corners, Vector()) / len(corners)
at = view3d_utils.location_3d_to_region_2d(here, view, middle)
start = view3d_utils.region_2d_to_origin_3d(here, view, at)
hit, _, _, _, met, _ = bpy.context.scene.ray_cast(
    layer.depsgraph, start, (middle - start).normalized()
)
sidebar = region('VIEW_3D', 'UI')
result = {
    "is_in_front": not hit or met in own,
    "is_inside": 0 < at.x < sidebar.x - here.x and 0 < at.y < here.height,
}
"""


def test_the_first_result_takes_few_clicks(
    open_blender: Callable[..., BlenderWindow], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is prepared but the address of the stand-in; the rest is clicked and typed."""
    blender = open_blender(key=None, online=False)
    blender.ask(f"setattr({PREFERENCES}, 'confirmed_origins', part('ui.session').account().origin)")
    clicks = []
    press = blender.display.press

    def count(*button: Any) -> None:
        clicks.append(button)
        press(*button)

    monkeypatch.setattr(blender.display, "press", count)
    blender.over()
    blender.key("n")
    blender.wait("region('VIEW_3D', 'UI').width > 1")
    blender.settle()
    _, top, right, _ = blender.ask("box('VIEW_3D', 'UI')")
    blender.display.move(right - 10, top + MINT_TAB)
    blender.settle()
    blender.display.press()
    blender.wait("region('VIEW_3D', 'UI').active_panel_category == 'Mint'")
    blender.click("userpref_allow_online")
    blender.write("(field)", service.key)
    blender.wait("part('ui.create.prompts')._state().earlier == ()")
    blender.settle()
    _, line = blender.find("mint.prompt")
    blender.display.move(right - EXAMPLES, line)
    blender.settle()
    blender.until_it_shows(blender.display.press)
    blender.key("Down")
    blender.until_it_shows(lambda: blender.key("Return"))
    blender.click("mint.generate_from_form")
    blender.wait_for("review")
    blender.click("mint.review(")
    blender.click_in_popup("mint.approve")
    blender.wait_for("placed")
    blender.settle()
    blender.screenshot("first_result")
    (name,) = blender.ask("roots()")
    assert blender.ask(SEEN, name=name) == {
        "is_in_front": True,
        "is_inside": True,
    }
    assert len(clicks) < FEWER_THAN, clicks
