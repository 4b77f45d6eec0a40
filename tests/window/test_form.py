# SPDX-License-Identifier: GPL-3.0-or-later
"""The form: earlier prompts, texts and styles in the menus beside the prompt, and the search."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import DRAWN, NOTE_DIALOG, known_price

pytestmark = pytest.mark.window

FORM = "bpy.context.window_manager.mint"
MENU = """
with within('VIEW_3D'):
    bpy.ops.wm.call_menu(name=menu)
result = True
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "kind"), [("generate model", "MODEL"), ("generate world prompt", "WORLD")]
)
def test_the_search_finds_what_generates(blender: BlenderWindow, words: str, kind: str) -> None:
    """F3 finds it by plain words. The dialog has the settings of the form, and shows the price."""
    blender.fill(preset="PRODUCTION", review=True, pose="T_POSE")
    blender.ask(NOTE_DIALOG)
    blender.over()
    blender.until_it_shows(lambda: blender.key("F3"))
    blender.until_it_shows(lambda: blender.type(words))
    blender.until_it_shows(lambda: blender.key("Return"))
    blender.wait(f"{DRAWN} and {DRAWN}[-1][-1]")
    assert blender.ask(f"{DRAWN}[-1][:-1]") == [kind, "PRODUCTION", "REVIEW", "T_POSE"]
    blender.key("Escape", "Escape")


def test_one_click_generates_what_was_just_typed(blender: BlenderWindow, since: Since) -> None:
    """Without Enter, and without a second click."""
    blender.fill(preset="FAST", review=False, prompt="a chair")
    known_price(blender)
    generate = blender.find("mint.generate_from_form")
    blender.fill(prompt="")
    blender.click("mint.prompt")
    blender.display.type("a lamp")
    blender.rest_at(*generate)
    blender.display.press()
    blender.wait_for("placed", title="a lamp")
    assert since.starts == 1


def test_the_menus_beside_the_prompt(blender: BlenderWindow) -> None:
    """An earlier prompt is used again, and a style is chosen."""
    for prompt in ("a ceramic lamp", "a chair of wood"):
        blender.call("mint.generate", prompt=prompt, preset="FAST", mode="AUTO")
        blender.wait_for("placed", title=prompt)
    blender.wait("len(part('ui.create.prompt_operators').earlier()) >= 2")
    blender.fill(prompt="not sent")
    for menu in ("prompts", "styles"):
        blender.over()
        blender.until_it_shows(lambda name=menu: blender.ask(MENU, menu=f"MINT_MT_{name}"))
        blender.key("Down")  # from the first entry, under the pointer, to the second
        blender.until_it_shows(lambda: blender.key("Return"))
    assert blender.ask(f"[{FORM}.prompt, {FORM}.style]") == [
        "a ceramic lamp",
        "unpainted gray clay",
    ]
    blender.settle()


SLOW = """
import time
space = bpy.types.SpaceView3D
slow = [space.draw_handler_add(lambda: time.sleep(0.4), (), kind, 'POST_PIXEL') for kind in ('UI', 'WINDOW')]
part('ui.session')._test_slow = [(slow[0], 'UI'), (slow[1], 'WINDOW')]
result = True
"""
QUICK = """
for handle, kind in part('ui.session')._test_slow:
    bpy.types.SpaceView3D.draw_handler_remove(handle, kind)
result = True
"""


def test_the_first_click_works_while_drawing_is_slow(blender: BlenderWindow, since: Since) -> None:
    """Blender gets press and release together, and looks only later what is below the pointer."""
    blender.fill(preset="FAST", review=False, prompt="a chair")
    known_price(blender)
    generate = blender.find("mint.generate_from_form")
    blender.fill(prompt="")
    blender.ask(SLOW)
    blender.click("mint.prompt")
    blender.display.type("a lamp")
    blender.rest_at(*generate)
    blender.display.tool("mousedown", 1, "mouseup", 1)
    blender.settle()
    blender.ask(QUICK)
    blender.wait_for("placed", title="a lamp", seconds=20)
    assert since.starts == 1
