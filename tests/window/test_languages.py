# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface in German: words of the user, prices, menus and preferences."""

from __future__ import annotations

import pytest

from .blender_window import ADDON, BlenderWindow
from .price_helpers import PREFERENCES, PRICE
from .sections import open_section
from .test_jobs import SAID, place

pytestmark = pytest.mark.window

SWITCH = """
view = bpy.context.preferences.view
view.language = language
view.use_translate_interface = view.use_translate_tooltips = language != "en_US"
for each in window().screen.areas:
    each.tag_redraw()
"""


WRITTEN = (
    "part('ui.translations').translated("
    "part('message').Message('{credits:,.0f} Credits', credits=1650))"
)


@pytest.mark.thorough
def test_the_users_words_are_not_translated(blender: BlenderWindow) -> None:
    """A prompt "World" stays as it is; prices are written as in the language."""
    blender.ask(SWITCH, language="de_DE")
    try:
        place(blender, "World")
        assert blender.ask(SAID).count("Mint: World: In der Szene") == 1
        blender.open_sidebar()
        blender.fill(kind="WORLD", preset="STANDARD", review=False, prompt="Cube")
        assert blender.wait(PRICE) == 1650
        assert blender.ask(WRITTEN) == "1.650 Credits"
        blender.settle()
        blender.ask(f"setattr({PREFERENCES}, 'limit_each', 1500)")
        blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
        blender.key("Escape")
        blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    finally:
        blender.ask(f"setattr({PREFERENCES}, 'limit_each', 0)")
        blender.ask(SWITCH, language="en_US")


MENU = """
with within('VIEW_3D'):
    bpy.ops.wm.call_menu(name=name)
"""
SHOW_PREFERENCES = """
area = next(area for area in window().screen.areas if area.type == 'VIEW_3D')
area.type = 'PREFERENCES'
bpy.context.preferences.active_section = 'ADDONS'
bpy.context.window_manager.addon_search = 'Mint'
bpy.ops.preferences.addon_expand(module=addon)
"""


@pytest.mark.thorough
def test_menus_and_preferences_are_drawn(blender: BlenderWindow) -> None:
    """Every menu of the add-on, the options and the preferences, in German and without a mistake."""
    blender.ask(SWITCH, language="de_DE")
    try:
        blender.fill(pose="T_POSE", animate=True)
        open_section(blender, "mint_options")
        for name in ("add", "manage", "references", "styles", "prompts", "world"):
            blender.over()
            blender.until_it_shows(lambda name=name: blender.ask(MENU, name=f"MINT_MT_{name}"))
            blender.key("Escape")
        blender.until_it_shows(lambda: blender.ask(SHOW_PREFERENCES, addon=ADDON))
    finally:
        blender.ask(SWITCH, language="en_US")
