# SPDX-License-Identifier: GPL-3.0-or-later
"""Every state of the sidebar in each theme, size and language: pictures to look at.

An error while drawing is written to Blender's log, where it makes the test fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .sections import scroll
from .test_jobs import start
from .test_languages import SWITCH

pytestmark = pytest.mark.window

THEME = """
import os
folder = bpy.utils.preset_paths("interface_theme")[0]
path = next(
    os.path.join(folder, each) for each in os.listdir(folder) if name in each.lower()
)
bpy.ops.script.execute_preset(filepath=path, menu_idname="USERPREF_MT_interface_theme_presets")
"""
SCALE = "bpy.context.preferences.view.ui_scale = scale"
NARROW, WIDE = 240, 529
LOOKS = ("dark", "light", "large", "german", "japanese")
STATES = {
    "a ceramic lamp": "review",
    "a wooden treasure chest with iron bands [stuck]": "working",
    "a garden bench [no-credits]": "billing",
    "a soldier [moderation]": "failed",
    "a vase with a long title [transient]": "failed",
    "an old greenhouse": "placed",
    "a green bottle": "placed",
}


def test_the_sidebar_can_be_drawn(blender: BlenderWindow, service: Service) -> None:
    """The form and a job in each state, in each look, as wide as it opens, narrow and wide."""
    service.scenario(credits=10_000)
    for prompt, phase in STATES.items():
        start(
            blender,
            prompt,
            mode="REVIEW" if phase == "review" else "AUTO",
            kind="WORLD" if "greenhouse" in prompt else "MODEL",
        )
    for prompt, phase in STATES.items():
        blender.wait(
            "any(each['phase'] == phase and each['prompt'] == prompt for each in jobs())",
            phase=phase,
            prompt=prompt,
        )
    blender.fill(prompt="a small brass telescope")
    for width in (None, NARROW, WIDE):
        if width:
            blender.set_sidebar_width(width)
        for number, look in enumerate(LOOKS):
            with looking(blender, look):
                blender.screenshot(f"appearance_{look}_{width}_1", quickly=True)
                scroll(blender, 18, up=number % 2 == 1)
                blender.screenshot(f"appearance_{look}_{width}_2", quickly=True)


@contextmanager
def looking(blender: BlenderWindow, look: str) -> Iterator[None]:
    """Set a theme, size or language, and restore the default at the end."""
    language = {"german": "de_DE", "japanese": "ja_JP"}.get(look, "en_US")
    blender.ask(THEME, name="light" if look == "light" else "dark")
    blender.ask(SCALE, scale=1.5 if look == "large" else 1.0)
    blender.ask(SWITCH, language=language)
    blender.settle()
    try:
        yield
    finally:
        blender.ask(SWITCH, language="en_US")
        blender.ask(SCALE, scale=1.0)
        blender.ask(THEME, name="dark")
        blender.settle()
