# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in German and in Japanese, with a Preview to decide about and a job that failed: pictures to look at."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .test_jobs import start

pytestmark = pytest.mark.window

SWITCH = """
view = bpy.context.preferences.view
view.language = language
view.use_translate_interface = view.use_translate_tooltips = language != "en_US"
for each in window().screen.areas:
    each.tag_redraw()
"""


@pytest.mark.parametrize(
    ("language", "state"),
    [pytest.param("de_DE", "Vorschau ansehen", id="german"), pytest.param("ja_JP", "プレビューを確認", id="japanese")],
)
def test_a_review(blender: BlenderWindow, language: str, state: str) -> None:
    """With a job in review and one that failed the panel can be drawn and used in the language of the interface."""
    blender.ask(SWITCH, language=language)
    try:
        start(blender, "a vase [transient]")
        blender.wait_for("failed")
        start(blender, "a ceramic lamp", mode="REVIEW")
        blender.wait_for("review")
        blender.screenshot(f"language_{language}")
        assert blender.ask("part('blender.translations').translated('Look at the Preview')") == state
        blender.click("mint.approve")
        blender.wait_for("placed", title="lamp")
    finally:
        blender.ask(SWITCH, language="en_US")
