# SPDX-License-Identifier: GPL-3.0-or-later
"""Credits are spent by a click of the mouse on a price, and by nothing else."""

from __future__ import annotations

import string

import pytest

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import known_price
from .test_review import waiting
from .test_targets import point_at_approve

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("no_limits")]
CONFIRMING = ("Return", "KP_Enter", "space")
KEYS = (
    *CONFIRMING,
    *string.ascii_lowercase,
    *string.digits,
    *("Tab", "F5", "Delete", "Up", "Down", "Left", "Right"),
)
CLICKS = "part('ui.pricing.paid_clicks')"
TEXT = "bpy.data.texts.new('prompts').from_string('a lamp') and None"


def paid(since: Since) -> int:
    """Return how many requests were sent that cost Credits."""
    verbs = ("generate", "approve", "revise", "retry", "resume", "optimize", "animate", "convert")
    return sum(since.count("POST", f"/v1/*:{verb}") for verb in verbs)


@pytest.mark.parametrize(
    "keys", [(*CONFIRMING, "a", "g", "s"), pytest.param(KEYS, marks=pytest.mark.thorough)]
)
def test_no_key_spends(blender: BlenderWindow, since: Since, keys: tuple[str, ...]) -> None:
    """Keys are pressed over the buttons of the card, of the form and of a dialog."""
    waiting(blender, "a red lamp")
    before = paid(since)
    blender.fill(prompt="a chair", preset="FAST", review=False)
    known_price(blender)
    for open_it, what in (
        (lambda: None, "mint.generate_from_form"),
        (blender.review, "mint.approve"),
        (
            lambda: blender.call(
                "mint.generate", "INVOKE_DEFAULT", prompt="a chair", preset="FAST"
            ),
            "mint.pay",
        ),
    ):
        is_form = what == "mint.generate_from_form"
        for key in CONFIRMING if is_form else keys:
            if is_form:
                blender.find(what)
            elif blender.ask("region('POPUP', '').width") == 0:
                open_it()
                blender.settle()
                if what == "mint.pay":
                    blender.key("Return")  # ends the text
                blender.in_popup(what)
            blender.display.key(key)
        blender.settle()
        blender.key("Escape", "Escape")
        assert paid(since) == before, what
    assert len(blender.jobs()) == 1


def test_no_key_spends_over_a_chip(blender: BlenderWindow, since: Since) -> None:
    """The button beside it takes the mouse only."""
    waiting_with_price(blender)
    for key in CONFIRMING:
        point_at_approve(blender)
        blender.display.key(key)
        blender.settle()
    assert paid(since) == 1, "more than the start"


def waiting_with_price(blender: BlenderWindow) -> None:
    """Have a Preview that waits, with a price on its chip."""
    blender.fill(preset="FAST", prompt="a lamp")
    known_price(blender)
    waiting(blender, "a red lamp")


def test_no_operator_spends_when_invoked(blender: BlenderWindow, since: Since) -> None:
    """A button without a price, a menu or the search leads to a dialog; nothing is sent."""
    waiting(blender, "a red lamp")
    blender.ask(TEXT)
    blender.fill(prompt="a chair", preset="FAST")
    before, job = paid(since), blender.jobs()[0]["id"]
    invoked: dict[str, dict[str, str]] = {
        "approve": {"job_id": job},
        "revise": {"job_id": job, "feedback": "in blue"},
        "retry": {"job_id": job},
        "send_once_more": {"job_id": job},
        "retry_asset": {"kind": "MODEL", "asset_id": "mdl_1"},
        "animate": {"asset_id": "mdl_1"},
        "generate": {},
        "generate_from_form": {},
    }
    for name, arguments in invoked.items():
        blender.over()
        blender.wait_until_settled()
        blender.call(f"mint.{name}", "INVOKE_DEFAULT", **arguments)
        blender.settle()
        blender.key("Return", "Return")
        blender.settle()
        blender.key("Escape", "Escape")
        assert paid(since) == before, name
        assert len(blender.jobs()) == 1, name


@pytest.mark.covers("C17-price")
@pytest.mark.parametrize("where", ["card", "chip"])
def test_a_click_right_after_a_change_spends_nothing(
    blender: BlenderWindow, since: Since, where: str
) -> None:
    """Shortly after opening it has to be repeated; the second click approves."""
    waiting_with_price(blender)
    if where == "card":
        blender.review()
        blender.in_popup("mint.approve")
    else:
        point_at_approve(blender)
    pause = blender.ask(f"{CLICKS}.PAUSE")
    blender.ask(f"setattr({CLICKS}, 'PAUSE', 1000.0) or {CLICKS}.opened('test')")
    blender.display.press()
    blender.settle()
    assert since.count("POST", "/v1/operations/*:approve") == 0
    if where == "chip":
        target = "part('ui.viewport.targets').targets(bpy.context.scene)[0]"
        words = blender.ask(f"part('ui.viewport.chips')._approve_words({target}, 1000.0)")
        assert words.startswith("Click again to approve a red lamp · ")
    blender.ask(f"setattr({CLICKS}, 'PAUSE', {pause})")
    blender.wait_until_settled()
    blender.display.press()
    blender.wait_for("placed")
    assert since.count("POST", "/v1/operations/*:approve") == 1
