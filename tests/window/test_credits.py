# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices before the click, Credits that run out, and what was spent, in the window."""

from __future__ import annotations

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .price_helpers import ESTIMATE, NO_PRICES, PRICE, known_price
from .test_jobs import SAID, start

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("no_limits")]

TICKS = "bpy.app.timers.is_registered(part('ui.account.billing_watch')._look)"


@pytest.mark.covers("C17-price")
def test_the_price_is_shown_before_the_click(blender: BlenderWindow, since: Since) -> None:
    """It is requested once after a pause in typing; each preset has its own price."""
    blender.fill(preset="FAST", review=False)
    blender.write("mint.prompt", "a small ceramic lamp with an orange shade")
    assert known_price(blender) == 248
    blender.settle()
    asked = since.count("POST", ESTIMATE)
    assert asked <= 2, "the price is asked for while somebody types"
    blender.fill(preset="STANDARD")
    assert blender.ask(PRICE) is None, "the price of another preset is shown"
    assert known_price(blender) == 798
    blender.fill(preset="FAST")
    blender.wait("'form' not in part('ui.visibility')._state().drawn")
    blender.settle()
    assert known_price(blender) == 248
    assert since.count("POST", ESTIMATE) == asked + 1
    for _ in range(20):
        blender.ask("[each.tag_redraw() for each in area('VIEW_3D').regions] and None")
    assert since.count("POST", ESTIMATE) == asked + 1, "drawing asks for the price"


@pytest.mark.covers("C17-unknown")
def test_an_unknown_price_does_not_stop_a_generation(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """The button says no price; the dialog that it opens says so, and starts it."""
    service.scenario(answers=[NO_PRICES | {"times": 9}])
    blender.fill(preset="FAST", review=False)
    blender.write("mint.prompt", "a lamp without a price")
    blender.wait(
        "any(getattr(each.answer, 'estimated_total', 0) is None for each in job_service().queries.answers.values()) if job_service() else False"
    )
    blender.settle()
    blender.click("mint.generate_from_form")
    assert since.starts == 0
    blender.pay()
    blender.wait_for("placed")
    assert since.starts == 1


@pytest.mark.thorough
def test_the_balance_is_checked_while_a_job_waits(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """Card and notification say when there are enough Credits."""
    blender.ask("setattr(part('ui.account.billing_watch'), 'EVERY', 0.5)")
    assert not blender.ask(TICKS)
    service.scenario(credits=300)
    start(blender, "a throne [billing-final] [billing-unpaid]")
    blender.wait_for("billing")
    blender.wait(TICKS)
    blender.wait("job_service().budget.balance == 52 and not job_service().has_active_work")
    # the Preview's 150 are paid
    assert (
        blender.ask(
            "part('ui.account.billing_watch').missing(job_service(), job_service().jobs()[0])"
        )
        == 98 - 52
    )
    before = since.count("GET", "/v1/usage")
    while since.count("GET", "/v1/usage") < before + 3:
        blender.settle()
    blender.ask("area('VIEW_3D').type = 'TEXT_EDITOR'")
    service.scenario(credits=5000)
    blender.wait("job_service().budget.balance == 5000")
    blender.settle()
    blender.ask("area('TEXT_EDITOR').type = 'VIEW_3D'")
    blender.open_sidebar()
    assert blender.ask(SAID).count("Enough Credits now") == 1
    assert blender.jobs()[0]["phase"] == "billing"
    assert since.count("POST", "/v1/operations/*:resume") == 0
    blender.call("mint.resume", job_id=blender.jobs()[0]["id"])
    blender.wait_for("placed")
    assert since.starts == 1
    blender.wait(f"not {TICKS}")
    blender.wait("not part('ui.heartbeat').is_beating()")
    assert blender.ask("left_of_us()['threads']") == []
