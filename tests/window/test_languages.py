# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel in German and in Japanese, with a Preview and a failed job: pictures to look at."""

from __future__ import annotations

import pytest

from .blender_window import BlenderWindow
from .price_helpers import PREFERENCES, PRICE
from .test_jobs import SAID, start

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


@pytest.mark.parametrize(
    ("language", "state", "jobs"),
    [
        pytest.param("de_DE", "Vorschau bereit", "Aufträge", id="german"),
        pytest.param("ja_JP", "プレビューを確認できます", "ジョブ", id="japanese"),
    ],
)
def test_a_review_in_another_language(
    blender: BlenderWindow, language: str, state: str, jobs: str
) -> None:
    """The panel can be drawn and used in the language of the interface."""
    blender.ask(SWITCH, language=language)
    try:
        start(blender, "a vase [transient]")
        blender.wait_for("failed")
        start(blender, "a ceramic lamp", mode="REVIEW")
        blender.wait_for("review")
        blender.screenshot(f"language_{language}")
        assert (
            blender.ask(
                "part('ui.translations').translated(part('message').Message('Preview ready'))"
            )
            == state
        )
        assert blender.ask("bpy.app.translations.pgettext_iface('Jobs')") == jobs
        blender.click("mint.approve")
        blender.wait_for("placed", title="lamp")
    finally:
        blender.ask(SWITCH, language="en_US")


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
