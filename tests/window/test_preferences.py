# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: account, balance, folders."""

from __future__ import annotations

import pytest

from .blender_window import ADDON, BlenderWindow
from .price_helpers import PREFERENCES

pytestmark = pytest.mark.window

SAID = "part('ui.session').existing_service().queries.answers"

SHOW_PREFERENCES = """
area = next(each for each in window().screen.areas if each.type == 'VIEW_3D')
area.type = 'PREFERENCES'
bpy.context.preferences.active_section = 'ADDONS'
bpy.context.window_manager.addon_search = 'Mint'
bpy.ops.preferences.addon_expand(module=addon)
stored = bpy.context.preferences.addons[addon].preferences
"""
SHOW_PAGE = f"{SHOW_PREFERENCES}stored.use_limit_each = True"


def test_the_preferences_are_drawn(blender: BlenderWindow) -> None:
    """In the order of use: account with usage, limits, folders."""
    blender.call("mint.generate", prompt="a lamp", preset="FAST", mode="AUTO")
    blender.wait_for("placed")
    blender.ask("bpy.ops.mint.check_key() and None")
    blender.wait(f"part('ui.session').existing_service() and len({SAID}) >= 2")
    blender.ask(SHOW_PAGE, addon=ADDON)
    blender.screenshot("preferences")
    blender.over("PREFERENCES")
    for _ in range(30):
        blender.display.press(5, 0.01)
    blender.settle()
    blender.screenshot("preferences_below")
    credits = blender.ask(
        f"[getattr(getattr(said.answer, 'credits', None), 'total_available', None) for said in {SAID}.values()]"
    )
    assert any(credits)
    blender.ask(
        f"setattr({PREFERENCES}, 'use_limit_each', False) or setattr(next(each for each in window().screen.areas if each.type == 'PREFERENCES'), 'type', 'VIEW_3D')"
    )
