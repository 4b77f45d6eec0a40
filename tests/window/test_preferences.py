# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: account, balance, folders."""

from __future__ import annotations

import pytest

from .blender_window import ADDON, BlenderWindow

pytestmark = pytest.mark.window

SAID = "part('ui.session').existing_service().queries.answers"

SHOW_PAGE = """
area = next(each for each in window().screen.areas if each.type == 'VIEW_3D')
area.type = 'PREFERENCES'
bpy.context.preferences.active_section = 'ADDONS'
bpy.context.window_manager.addon_search = 'Mint'
bpy.ops.preferences.addon_expand(module=addon)
bpy.context.preferences.addons[addon].preferences.show_advanced = True
"""


def test_the_preferences_are_drawn(blender: BlenderWindow) -> None:
    """Account, usage, defaults, downloads and Advanced are shown, with the key's source."""
    blender.ask("bpy.ops.mint.check_key() and None")
    blender.wait(f"part('ui.session').existing_service() and len({SAID}) >= 2")
    blender.ask("bpy.ops.mint.measure_downloads() and None")
    blender.ask(SHOW_PAGE, addon=ADDON)
    blender.screenshot("preferences")
    credits = blender.ask(
        f"[getattr(getattr(said.answer, 'credits', None), 'total_available', None) for said in {SAID}.values()]"
    )
    assert any(credits)
    blender.ask(
        "window().screen.areas and setattr(next(each for each in window().screen.areas if each.type == 'PREFERENCES'), 'type', 'VIEW_3D')"
    )
