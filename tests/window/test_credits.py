# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices before the click, Credits that run out, and what was spent, in the window."""

from __future__ import annotations

import pytest

from tests.mint_service.runner import Service

from .blender_window import ADDON, BlenderWindow
from .conftest import Since
from .price_helpers import ESTIMATE, NO_PRICES, PRICE, known_price, limit
from .test_jobs import SAID, start
from .test_preferences import SHOW_PAGE
from .test_status_bar import ink

pytestmark = [pytest.mark.window, pytest.mark.usefixtures("no_limits")]

TICKS = "bpy.app.timers.is_registered(part('ui.account.billing_watch')._look)"


# -- Before the click


@pytest.mark.covers("C17-price")
def test_the_price_is_shown_before_the_click(blender: BlenderWindow, since: Since) -> None:
    """It is requested once after a pause in typing; each preset has its own price."""
    blender.fill(preset="FAST", review=False)
    blender.write("mint.prompt", "a small ceramic lamp with an orange shade")
    assert known_price(blender) == 248
    blender.settle()
    blender.screenshot("price_before_the_click")
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
    blender.screenshot("no_price_before_the_click")
    blender.click("mint.generate_from_form")
    assert since.starts == 0
    blender.screenshot("no_price_in_the_dialog")
    blender.pay()
    blender.wait_for("placed")
    assert since.starts == 1


# -- Credits run out


def test_the_balance_is_checked_while_a_job_waits(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """Card and notification say when there are enough Credits.

    The job does not continue before Resume; afterwards no timer is left.
    """
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
    blender.screenshot("billing_does_not_suffice")
    blender.ask("area('VIEW_3D').type = 'TEXT_EDITOR'")
    service.scenario(credits=5000)
    blender.wait("job_service().budget.balance == 5000")
    blender.settle()
    blender.screenshot("billing_suffices_notice")
    blender.ask("area('TEXT_EDITOR').type = 'VIEW_3D'")
    blender.open_sidebar()
    blender.screenshot("billing_suffices")
    assert blender.ask(SAID).count("Enough Credits now") == 1
    assert blender.jobs()[0]["phase"] == "billing"
    assert since.count("POST", "/v1/operations/*:resume") == 0
    blender.open_sidebar()
    blender.until_it_shows(lambda: blender.click("mint.job_menu"))
    blender.key("Escape")
    blender.call("mint.resume", job_id=blender.jobs()[0]["id"])
    blender.wait_for("placed")
    assert since.starts == 1
    blender.wait(f"not {TICKS}")
    blender.wait("not part('ui.heartbeat').is_beating()")
    assert blender.ask("left_of_us()['threads']") == []


def test_the_balance_is_not_checked_offline(blender: BlenderWindow, since: Since) -> None:
    """With online access off nothing is requested; a dismissed job leaves no timer."""
    blender.ask("setattr(part('ui.account.billing_watch'), 'EVERY', 0.2)")
    start(blender, "a throne [billing-final] [billing-unpaid]")
    blender.wait_for("billing")
    blender.wait("not job_service().has_active_work")
    blender.ask("bpy.context.preferences.system.use_online_access = False")
    blender.settle()
    asked = since.count("GET", "/v1/usage")
    for _ in range(60):
        blender.settle()
    assert since.count("GET", "/v1/usage") <= asked + 1
    assert blender.ask(TICKS)
    blender.call("mint.dismiss", job_id=blender.jobs()[0]["id"])
    assert not blender.ask(TICKS)


def test_the_status_bar_says_offline(blender: BlenderWindow) -> None:
    """Instead of work at Mint it shows what the job waits for."""
    start(blender, "a statue [slow-start]")
    blender.wait("jobs()[0]['active'] and jobs()[0]['phase'] == 'working'")
    before = blender.screenshot("status_bar_queued")
    blender.ask("bpy.context.preferences.system.use_online_access = False")
    blender.wait("not job_service().is_online")
    blender.settle()
    assert ink(blender.screenshot("status_bar_offline")) != ink(before)


# -- What it cost


def test_each_job_shows_its_cost(blender: BlenderWindow) -> None:
    """Each card has it: paid, reserved, or nothing."""
    start(blender, "a lamp")
    blender.wait_for("placed")
    start(blender, "a vase [moderation]")
    blender.wait_for("failed")
    start(blender, "a mug", mode="REVIEW")
    blender.wait_for("review", title="mug")
    said = blender.ask(
        "[part('jobs.presentation.job_view').JobView(job).cost for job in job_service().jobs()]"
    )
    assert said == ["248 Credits reserved", "No Credits charged", "248 Credits"]
    blender.screenshot("what_each_job_costs")


PAST = """
import random, time
from dataclasses import replace
new_jobs, values, phases = part('jobs.new_jobs'), part('jobs.job_values'), part('jobs.phases')
schema, generation, journal = part('mint.schema'), part('mint.generation_request'), part('jobs.storage.journal')
chance, book = random.Random(7), journal.Journal(job_service().home)
for day in range(30):
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3, 5])):
        price, fails = chance.choice([248, 248, 798, 1500]), chance.random() < 0.15
        request = generation.GenerationRequest(schema.Kind.MODEL, 'a lamp of the past')
        job = new_jobs.new_job(request, values.Delivery(), now=time.time() - day * 24 * 3600.0)
        said = {'id': 'op', 'status': 'failed' if fails else 'succeeded', 'credits': {'finalized': 0 if fails else price, 'reserved': 0}}
        phase = phases.Phase.FAILED if fails else phases.Phase.PLACED
        book.add(replace(job, phase=phase, operation=schema.Operation.from_json(said)))
        book.dismiss(job.id)
book.close()
job_service().catch_up()
job_service()._past = None
part('ui.heartbeat').jobs_changed(job_service())
result = job_service().spending.month().count
"""
SET_THEME = """
import os
themes = bpy.utils.preset_paths('interface_theme')
found = next(os.path.join(folder, name) for folder in themes for name in os.listdir(folder) if 'light' in name.lower() and name.endswith('.xml'))
bpy.ops.script.execute_preset(filepath=found, menu_idname='USERPREF_MT_interface_theme_presets')
"""
LEAVE = "setattr(next(each for each in window().screen.areas if each.type == 'PREFERENCES'), 'type', 'VIEW_3D')"

PICTURES = "sum(key.startswith('chart:') for key in part('ui.icons').cache()._previews or ())"


def test_the_usage_of_a_month_is_shown(blender: BlenderWindow, since: Since) -> None:
    """The chart of 30 days is drawn in a dark and in a light theme; the limits are below."""
    start(blender, "a lamp of today")
    blender.wait_for("placed")
    assert blender.ask(PAST) > 20
    limit(blender, each=1000, day=5000)
    blender.ask("bpy.ops.mint.refresh_account() and None")
    blender.wait("job_service().budget.balance")
    assert blender.ask(PICTURES) == 0, "the chart is painted although nobody sees it"
    blender.ask(SHOW_PAGE, addon=ADDON)
    blender.wait(f"{PICTURES} == 8")
    blender.settle()
    blender.screenshot("usage_dark")
    blender.ask(SET_THEME)
    blender.settle()
    blender.screenshot("usage_light")
    blender.ask("bpy.ops.preferences.reset_default_theme() and None")
    blender.ask(LEAVE)
