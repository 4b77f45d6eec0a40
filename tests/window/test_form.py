# SPDX-License-Identifier: GPL-3.0-or-later
"""The form: examples, earlier prompts, texts and styles in the menus beside the prompt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

FORM = "bpy.context.window_manager.mint"
NOTE = """
cls = part('ui.create.operators').MINT_OT_generate
drawn, draw = [], cls.draw_dialog
def look(self, context):
    drawn.append([self.kind, self.preset, self.mode, self.pose, bool(job_service().budget.price(self.queries()[0]))])
    draw(self, context)
cls.draw_dialog = look
part('ui.pricing.price_dialog')._test_drawn = drawn
"""
GERMAN = """
view = bpy.context.preferences.view
view.language, view.use_translate_interface = "de_DE", True
"""
ENGLISH = "setattr(bpy.context.preferences.view, 'language', 'en_US')"
MENU = """
with within('VIEW_3D'):
    bpy.ops.wm.call_menu(name=menu)
result = True
"""
CLOSE = """
with bpy.context.temp_override(window=bpy.context.window_manager.windows[-1]):
    bpy.ops.wm.window_close()
"""
DRAWN = "part('ui.pricing.price_dialog')._test_drawn"


def test_an_example_is_two_clicks(open_blender: Callable[..., BlenderWindow]) -> None:
    """It is in the menu beside the prompt, before anything was sent and afterwards."""
    blender = open_blender()
    blender.open_sidebar()
    blender.wait("part('ui.create.prompt_operators')._state().earlier == ()")
    blender.settle()
    blender.screenshot("form_first")
    blender.set_sidebar_width(240)
    blender.ask(GERMAN)
    blender.settle()
    blender.screenshot("form_first_narrow_german")
    blender.ask(ENGLISH)
    before = blender.find("mint.generate_from_form")
    blender.until_it_shows(lambda: blender.ask(MENU, menu="MINT_MT_prompts"))
    blender.screenshot("menu_examples")
    blender.until_it_shows(lambda: blender.key("Return"))
    assert blender.ask(f"{FORM}.prompt") == "a small ceramic lamp"
    blender.write("mint.prompt", "a chair of wood")
    blender.screenshot("form_typed")
    assert blender.find("mint.generate_from_form") == before, "the button moved"
    blender.fill(style="low poly, flat colors", preset="FAST", review=False)
    blender.settle()
    blender.screenshot("form_style")
    blender.ask("setattr(bpy.context.preferences.view, 'ui_scale', 1.5)")
    blender.settle()
    blender.screenshot("form_style_large")
    blender.ask("setattr(bpy.context.preferences.view, 'ui_scale', 1.0)")
    blender.settle()
    blender.click("mint.generate_from_form")
    blender.wait_for("placed")
    assert blender.jobs()[0]["prompt"] == "a chair of wood, low poly, flat colors"
    blender.wait("part('ui.create.prompt_operators').earlier()")
    blender.settle()
    blender.screenshot("form_sent")


MOST_FOR_A_NEW_USER = 14
CLICKABLE = """
class Counter:
    count = 0
    def __getattr__(self, name):
        return lambda *words, **more: self.take(name, *words, **more)
    def take(self, name, *words, **more):
        if name == "panel":
            Counter.count += 1
            return Counter(), None
        if name == "prop" and more.get("expand"):
            Counter.count += len(words[0].bl_rna.properties[words[1]].enum_items)
        elif name in ("prop", "operator", "menu"):
            Counter.count += 1
        return Counter()
cls = part("ui.panel").MINT_PT_main
with within("VIEW_3D", "UI"):
    for draw in (cls.draw_header_preset, cls.draw):
        draw(types.SimpleNamespace(layout=Counter()), bpy.context)
result = Counter.count
"""


def test_a_new_user_has_few_things_to_click(open_blender: Callable[..., BlenderWindow]) -> None:
    """Each button, field, menu and title of a section counts, and each choice of a row."""
    blender = open_blender()
    blender.open_sidebar()
    blender.wait("part('ui.create.prompt_operators')._state().earlier == ()")
    blender.settle()
    assert 10 < blender.ask(CLICKABLE) <= MOST_FOR_A_NEW_USER


@pytest.mark.parametrize(
    ("words", "kind"), [("generate model", "MODEL"), ("generate world prompt", "WORLD")]
)
def test_the_search_finds_what_generates(blender: BlenderWindow, words: str, kind: str) -> None:
    """F3 finds it by plain words. The dialog has the settings of the form, and shows the price."""
    blender.fill(preset="PRODUCTION", review=True, pose="T_POSE")
    blender.ask(NOTE)
    blender.over()
    blender.until_it_shows(lambda: blender.key("F3"))
    blender.until_it_shows(lambda: blender.type(words))
    blender.screenshot(f"search_{kind.lower()}")
    blender.until_it_shows(lambda: blender.key("Return"))
    blender.wait(f"{DRAWN} and {DRAWN}[-1][-1]")
    assert blender.ask(f"{DRAWN}[-1]") == [kind, "PRODUCTION", "REVIEW", "T_POSE", True]
    blender.screenshot(f"search_dialog_{kind.lower()}")
    blender.key("Escape", "Escape")


def test_the_menus_beside_the_prompt(blender: BlenderWindow) -> None:
    """An earlier prompt is used again, a style is chosen, and a text becomes the prompt."""
    for prompt in ("a ceramic lamp", "a chair of wood"):
        blender.call("mint.generate", prompt=prompt, preset="FAST", mode="AUTO")
        blender.wait_for("placed", title=prompt)
    blender.wait("len(part('ui.create.prompt_operators').earlier()) >= 2")
    blender.fill(prompt="not sent")
    for menu in ("prompts", "styles"):
        blender.over()
        blender.until_it_shows(lambda name=menu: blender.ask(MENU, menu=f"MINT_MT_{name}"))
        blender.screenshot(f"menu_{menu}")
        blender.key("Down")  # from the first entry, under the pointer, to the second
        blender.until_it_shows(lambda: blender.key("Return"))
    assert blender.ask(f"[{FORM}.prompt, {FORM}.style]") == [
        "a ceramic lamp",
        "unpainted gray clay",
    ]
    blender.over()
    blender.until_it_shows(lambda: blender.ask(MENU, menu="MINT_MT_prompt_text"))
    blender.screenshot("menu_prompt_text")
    blender.until_it_shows(lambda: blender.key("Return"))
    blender.wait("len(bpy.context.window_manager.windows) == 2")
    assert blender.ask(f"{FORM}.text.as_string().strip()") == "a ceramic lamp"
    blender.screenshot("prompt_in_text_editor")
    blender.ask(CLOSE)
    blender.settle()
    blender.screenshot("form_with_text")
