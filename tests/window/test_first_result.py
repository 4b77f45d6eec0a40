# SPDX-License-Identifier: GPL-3.0-or-later
"""From a fresh Blender to a result that is seen, in three clicks: example, Generate, Approve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .price_helpers import PREFERENCES
from .test_targets import point_at_approve

pytestmark = pytest.mark.window

MINT_TAB = 172  # pixels from the upper edge of a new sidebar to the middle of its tab
EXAMPLES = 48  # pixels from the right edge of the sidebar to the menu with the examples

MOST_FOR_A_NEW_USER = 12
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
"""Counts each button, field, menu and title of a section, and each choice of a row."""


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
    blender.rest_at(right - 10, top + MINT_TAB)
    blender.display.press()
    blender.wait("region('VIEW_3D', 'UI').active_panel_category == 'Mint'")
    assert not any("generate" in button for button in blender.wide_buttons())
    assert service.log() == [], "nothing is sent before that is allowed"
    blender.click("userpref_allow_online")
    blender.write("(field)", service.key)
    blender.wait("part('ui.create.prompt_operators')._state().earlier == ()")
    blender.settle()
    assert 10 < blender.ask(CLICKABLE) <= MOST_FOR_A_NEW_USER
    before = blender.find("mint.generate_from_form")
    clicks.clear()
    _, line = blender.find("mint.prompt")
    blender.rest_at(right - EXAMPLES, line)
    blender.until_it_shows(blender.display.press)
    blender.key("Down")
    blender.until_it_shows(lambda: blender.key("Return"))
    assert blender.find("mint.generate_from_form") == before, "the button moved"
    blender.click("mint.generate_from_form")
    blender.wait_for("review")
    point_at_approve(blender)
    blender.display.press()
    blender.wait_for("placed")
    assert len(blender.ask("roots()")) == 1
    assert len(clicks) == 3, "example, Generate, Approve"
