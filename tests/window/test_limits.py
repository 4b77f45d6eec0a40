# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits for Credits, as a person meets them in the window."""

from __future__ import annotations

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import ESTIMATE, known_price, limit
from .test_jobs import start
from .test_review import waiting

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("no_limits")]
CLICK = """
try:
    call('mint.generate', prompt='only one lamp', preset='FAST', mode='AUTO')
except RuntimeError as error:
    result = str(error).strip()
"""


def test_a_click_above_the_limit_opens_a_dialog(blender: BlenderWindow, since: Since) -> None:
    """The dialog names price, limit and what was spent today."""
    limit(blender, each=200)
    blender.fill(preset="FAST", review=False)
    blender.write("mint.prompt", "an expensive lamp")
    known_price(blender)
    blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
    blender.key("Escape")
    blender.settle()
    assert not blender.jobs() and since.starts == 0
    assert blender.ask("bpy.context.window_manager.mint.prompt") == "an expensive lamp"
    blender.over("VIEW_3D", "UI")
    blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
    blender.key("Return", "s")
    assert not blender.jobs() and since.starts == 0
    blender.pay()
    blender.wait_for("placed")
    assert since.starts == 1
    assert blender.ask("bpy.context.window_manager.mint.prompt") == ""


def test_a_click_before_the_price_is_known_starts_nothing(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """Mint answers slowly; the click after that starts one job."""
    known_price(blender)  # the panel in sight has its answer
    service.scenario(
        answers=[{"method": "POST", "path": ESTIMATE, "times": 1, "answer": {"delay": 3.0}}]
    )
    limit(blender, each=1000)
    asked = "Error: Mint is being asked for the price. Try again in a moment."
    for _ in range(2):
        assert blender.ask(CLICK) == asked
    blender.wait("not job_service().queries.pending()")
    assert since.starts == 0
    start(blender, "only one lamp")
    blender.wait_for("placed")
    assert since.starts == 1


def test_approving_above_the_limit_opens_a_dialog(blender: BlenderWindow, since: Since) -> None:
    """Most of the price is paid then; declined, the Preview goes on waiting."""
    waiting(blender, "a vase")
    limit(blender, each=100)
    blender.review()
    blender.click_in_popup("mint.approve")
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.key("Escape")
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    assert since.count("POST", "/v1/*:approve") == 0
    assert blender.ask("jobs()[0]['phase']") == "review"
    limit(blender, each=248)
    blender.review()
    blender.click_in_popup("mint.approve")
    blender.wait_for("placed")
    assert since.count("POST", "/v1/*:approve") == 1


def test_a_second_click_confirms_nothing(blender: BlenderWindow, since: Since) -> None:
    """A double click on Generate opens the dialog, and its second half hits no button."""
    limit(blender, each=200)
    blender.fill(preset="FAST", review=False, prompt="an expensive lamp")
    known_price(blender)
    blender.find("mint.generate_from_form")
    blender.click("mint.generate_from_form")
    blender.display.press(seconds=0.05)
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.settle()
    assert not blender.jobs() and since.starts == 0
    blender.key("Escape")
