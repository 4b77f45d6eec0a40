# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in German and in Japanese, with a Preview and a failed job: pictures to look at."""

from __future__ import annotations

import pytest

from .blender_window import ADDON, BlenderWindow
from .price_helpers import PREFERENCES, PRICE
from .sections import open_section
from .test_jobs import SAID, start

pytestmark = pytest.mark.window

SWITCH = """
view = bpy.context.preferences.view
view.language = language
view.use_translate_interface = view.use_translate_tooltips = language != "en_US"
for each in window().screen.areas:
    each.tag_redraw()
"""


SHOW_PREFERENCES = """
area = next(each for each in window().screen.areas if each.type == 'VIEW_3D')
area.type = 'PREFERENCES'
bpy.context.preferences.active_section = 'ADDONS'
bpy.context.window_manager.addon_search = 'Mint'
bpy.ops.preferences.addon_expand(module=addon)
"""
WRITTEN = (
    "part('ui.translations').translated("
    "part('message').Message('{credits:,.0f} Credits', credits=1650))"
)


@pytest.mark.parametrize(
    ("language", "placed", "price"),
    [
        pytest.param("de_DE", "In der Szene", "1.650 Credits", id="german"),
        pytest.param("ja_JP", "シーンにあります", "1,650 クレジット", id="japanese"),
    ],
)
def test_the_users_words_are_not_translated(
    blender: BlenderWindow, language: str, placed: str, price: str
) -> None:
    """A prompt "World" stays as it is; prices are written as in the language."""
    blender.ask(SWITCH, language=language)
    try:
        start(blender, "World")
        blender.wait_for("placed")
        assert blender.ask(SAID).count(f"Mint: World: {placed}") == 1
        blender.open_sidebar()
        blender.fill(kind="WORLD", preset="STANDARD", review=False, prompt="Cube")
        assert blender.wait(PRICE) == 1650
        assert blender.ask(WRITTEN) == price
        blender.settle()
        blender.screenshot(f"words_and_numbers_{language}")
        blender.ask(f"setattr({PREFERENCES}, 'limit_each', 1500)")
        blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
        blender.screenshot(f"words_and_numbers_limit_{language}")
        blender.key("Escape")
        blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    finally:
        blender.ask(f"setattr({PREFERENCES}, 'limit_each', 0)")
        blender.ask(SWITCH, language="en_US")


MENU = """
with within('VIEW_3D'):
    bpy.ops.wm.call_menu(name=name)
"""
OWN_WORDS = """
translated, Message = part('ui.translations').translated, part('message').Message
result = [translated(Message(each)) for each in ('None', 'Log', 'Place At', 'Ask Above')]
"""


@pytest.mark.parametrize(
    ("language", "words"),
    [
        pytest.param("de_DE", ["Keine", "Protokoll", "Ort", "Fragen über"], id="german"),
        pytest.param("ja_JP", ["なし", "ログ", "配置先", "確認する額"], id="japanese"),
    ],
)
def test_menus_and_preferences_in_another_language(
    blender: BlenderWindow, language: str, words: list[str]
) -> None:
    """Pictures to look at: every menu of the add-on, the options, and the preferences."""
    blender.ask(SWITCH, language=language)
    try:
        assert blender.ask(OWN_WORDS) == words
        blender.set_sidebar_width(240)
        blender.fill(pose="T_POSE", animate=True)
        open_section(blender, "mint_options")
        blender.screenshot(f"language_{language}_options")
        for name in ("add", "manage", "references", "styles", "prompts", "world"):
            blender.over()
            blender.until_it_shows(lambda name=name: blender.ask(MENU, name=f"MINT_MT_{name}"))
            blender.screenshot(f"language_{language}_menu_{name}")
            blender.key("Escape")
        blender.ask(SHOW_PREFERENCES, addon=ADDON)
        blender.screenshot(f"language_{language}_preferences")
        blender.over("PREFERENCES")
        for _ in range(30):
            blender.display.press(5, 0.01)
        blender.screenshot(f"language_{language}_preferences_below")
        blender.ask("setattr(area('PREFERENCES'), 'type', 'VIEW_3D')")
    finally:
        blender.ask(SWITCH, language="en_US")
