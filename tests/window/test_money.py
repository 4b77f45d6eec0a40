# SPDX-License-Identifier: GPL-3.0-or-later
"""Prices, limits, Credits that run out, and what was spent, as a person sees it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mint_service.runner import Service

from .blender_window import BlenderWindow
from .conftest import Since
from .test_jobs import SAID, start
from .test_preferences import ADDON, SHOW_PAGE
from .test_status_bar import ink

pytestmark = pytest.mark.window

ESTIMATE = "/v1/pricing:estimate"
NO_PRICES = {"method": "POST", "path": ESTIMATE, "times": 1, "answer": {"status": 404}}
PREFERENCES = f"bpy.context.preferences.addons['{ADDON}'].preferences"
PRICE = "board() and board().budget.price(part('ui.create.properties').price_of(bpy.context.window_manager.mint))"
TICKS = "bpy.app.timers.is_registered(part('ui.account.billing_watch')._look)"
CLICK_AGAIN = """
try:
    call('mint.generate', prompt='only one lamp', preset='FAST', mode='AUTO')
except RuntimeError as error:
    result = str(error).strip()
"""
# the underlined letters of the buttons that spend; Enter is Cancel
START_ANYWAY, GENERATE = "s", "g"
# a panel that is seen asks anew
FORGET = (
    "(board().queries.answers.clear(), part('ui.heartbeat').redraw()) and None if board() else None"
)


@pytest.fixture(autouse=True)
def _as_found(blender: BlenderWindow, service: Service) -> Iterator[None]:
    """Plenty of Credits, no limits, and nothing known of prices before and after each test."""
    blender.ask(FORGET)
    service.scenario(credits=1_000_000)
    yield
    service.scenario(credits=1_000_000)
    blender.ask(
        f"setattr({PREFERENCES}, 'limit_each', 0) or setattr({PREFERENCES}, 'limit_day', 0)"
    )


def limit(blender: BlenderWindow, **limits: int) -> None:
    """Set limits in the preferences."""
    for name, value in limits.items():
        blender.ask(f"setattr({PREFERENCES}, name, value)", name=f"limit_{name}", value=value)


def known_price(blender: BlenderWindow) -> float:
    """Wait until the price of what the form asks for is known."""
    return float(blender.wait(PRICE))


# -- before the click
# --------------------------------------------------------------------------------------------------------


def test_the_price_before_the_click(blender: BlenderWindow, since: Since) -> None:
    """Asked for once after a pause in typing, not for each letter; the price of another preset is
    another; what is known is not asked again.
    """
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


def test_a_mint_that_tells_no_prices(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """It is said, and stops nothing."""
    service.scenario(answers=[NO_PRICES])
    blender.fill(preset="FAST", review=False)
    blender.write("mint.prompt", "a lamp without a price")
    blender.wait(
        "any(getattr(each.answer, 'estimated_total', 0) is None for each in board().queries.answers.values()) if board() else False"
    )
    blender.settle()
    blender.screenshot("no_price_before_the_click")
    blender.click("mint.generate_from_form")
    blender.wait_for("placed")
    assert since.starts == 1


# -- limits
# ------------------------------------------------------------------------------------------------------------------


def test_a_click_above_the_limit_is_asked_about(blender: BlenderWindow, since: Since) -> None:
    """The dialog names price, limit and what was spent today.

    Escape and Enter start nothing and keep the prompt; S, as its button, does.
    """
    limit(blender, each=200)
    blender.fill(preset="FAST", review=False)
    blender.write("mint.prompt", "an expensive lamp")
    known_price(blender)
    blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
    blender.screenshot("above_the_limit")
    blender.key("Escape")
    blender.settle()
    assert not blender.jobs() and since.starts == 0
    assert blender.ask("bpy.context.window_manager.mint.prompt") == "an expensive lamp"
    blender.over("VIEW_3D", "UI")
    blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
    blender.key("Return")
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    assert not blender.jobs() and since.starts == 0
    blender.over("VIEW_3D", "UI")
    blender.until_it_shows(lambda: blender.click("mint.generate_from_form"))
    blender.key(START_ANYWAY)
    blender.wait_for("placed")
    assert since.starts == 1
    assert blender.ask("bpy.context.window_manager.mint.prompt") == ""


def test_a_day_above_the_limit_is_asked_about(blender: BlenderWindow, since: Since) -> None:
    """What was spent today counts; a price that is not known yet is asked for first, and the dialog
    follows by itself.
    """
    start(blender, "a lamp for today")
    blender.wait_for("placed")
    spent = int(blender.ask("board().spending.today()"))
    assert spent >= 248
    limit(blender, day=spent + 247)
    blender.ask(FORGET)
    blender.until_it_shows(lambda: start(blender, "one too many"))
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.screenshot("above_the_limit_of_a_day")
    assert since.starts == 1
    blender.key(START_ANYWAY)
    blender.wait_for("placed", title="one too many")
    assert since.starts == 2


def test_a_second_click_while_the_price_is_asked_for(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """A limit is set and Mint is slow to tell the price: the panel says what is waited for, and a
    second click is no second start.
    """
    known_price(blender)  # the panel in sight has its answer
    service.scenario(
        answers=[{"method": "POST", "path": ESTIMATE, "times": 1, "answer": {"delay": 3.0}}]
    )
    limit(blender, each=1000)
    start(blender, "only one lamp")
    assert blender.ask("part('ui.pricing.limit_dialog').waits_for_price()")
    assert (
        blender.ask(CLICK_AGAIN)
        == "Error: Still asking Mint for the price of the previous click. Wait a moment."
    )
    blender.screenshot("asking_for_the_price")
    blender.wait_for("placed")
    assert since.starts == 1


def test_f3_above_the_limit(blender: BlenderWindow, since: Since) -> None:
    """The dialog of F3 tells the price; confirmed, the question about the limit comes, and only
    then it is started.
    """
    limit(blender, each=200)
    blender.over()
    blender.until_it_shows(
        lambda: blender.call("mint.generate", "INVOKE_DEFAULT", kind="MODEL", preset="FAST")
    )
    blender.until_it_shows(lambda: blender.type("a chair"))
    blender.wait(
        "any(getattr(each.answer, 'estimated_total', None) for each in board().queries.answers.values()) if board() else False"
    )
    blender.screenshot("f3_with_a_price")
    blender.until_it_shows(lambda: blender.key("Return"))  # ends the text
    blender.key(GENERATE)
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.settle()
    blender.screenshot("f3_asks_about_the_limit")
    assert since.starts == 0
    blender.key(START_ANYWAY)
    blender.wait_for("placed")
    assert since.starts == 1


def test_a_retry_above_the_limit(blender: BlenderWindow, since: Since) -> None:
    """A retry costs again, so it is asked about too."""
    start(blender, "a vase [transient]")
    blender.wait_for("failed")
    limit(blender, each=100)
    blender.until_it_shows(lambda: blender.click("mint.retry"))
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.screenshot("retry_above_the_limit")
    assert since.count("POST", "/v1/*:retry") == 0
    blender.key(START_ANYWAY)
    blender.wait_for("placed")
    assert since.count("POST", "/v1/*:retry") == 1


def test_approving_above_the_limit(blender: BlenderWindow, since: Since) -> None:
    """Most of the price is paid then, so it is asked about; declined, the Preview goes on waiting."""
    start(blender, "a vase", mode="REVIEW")
    blender.wait_for("review")
    blender.wait("not jobs()[0]['active']")
    limit(blender, each=100)
    blender.until_it_shows(lambda: blender.click("mint.approve"))
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.screenshot("approve_above_the_limit")
    blender.key("Escape")
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    assert since.count("POST", "/v1/*:approve") == 0
    assert blender.ask("jobs()[0]['phase']") == "review"
    limit(blender, each=248)
    blender.click("mint.approve")
    blender.wait_for("placed")
    assert since.count("POST", "/v1/*:approve") == 1


def test_a_retry_above_the_limit_with_the_price_known(blender: BlenderWindow, since: Since) -> None:
    """The dialog comes at once, within the click; confirmed, the retry goes to Mint, though Blender
    has freed the operator of the click.
    """
    start(blender, "a vase [transient]")
    blender.wait_for("failed")
    blender.ask(
        "[board().ask_and_wait(each) for each in part('jobs.queries').prices_of_retry(board().jobs()[0])] and None"
    )
    limit(blender, each=100)
    blender.until_it_shows(lambda: blender.click("mint.retry"))
    assert blender.ask("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.key(START_ANYWAY)
    blender.wait_for("placed")
    assert since.count("POST", "/v1/*:retry") == 1


def test_a_second_click_confirms_nothing(blender: BlenderWindow, since: Since) -> None:
    """A double click on Generate opens the dialog about the limit; its second half lands on no
    button.
    """
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


def test_a_limit_without_a_price(blender: BlenderWindow, service: Service, since: Since) -> None:
    """Where Mint tells no price, a limit cannot be kept: the dialog says so and leaves it to the
    user.
    """
    known_price(blender)  # the panel in sight has its answer
    service.scenario(answers=[NO_PRICES])
    limit(blender, each=100_000)
    blender.until_it_shows(lambda: start(blender, "a lamp without a price"))
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is not None")
    blender.screenshot("limit_without_a_price")
    blender.key("Escape")
    blender.wait("part('ui.pricing.limit_dialog')._state().unconfirmed is None")
    assert since.starts == 0


# -- Credits run out
# ---------------------------------------------------------------------------------------------------------


def test_the_balance_is_watched_while_a_job_waits(
    blender: BlenderWindow, service: Service, since: Since
) -> None:
    """It is read again until it suffices; then the card and a notice say so.

    Nothing goes on before Resume; afterwards nothing ticks.
    """
    blender.ask("setattr(part('ui.account.billing_watch'), 'EVERY', 0.5)")
    assert not blender.ask(TICKS)
    service.scenario(credits=300)
    start(blender, "a throne [billing-final] [billing-unpaid]")
    blender.wait_for("billing")
    blender.wait(TICKS)
    blender.wait("board().budget.balance == 52 and not board().has_active_work")
    # the Preview's 150 are paid
    assert (
        blender.ask("part('ui.account.billing_watch').missing(board(), board().jobs()[0])")
        == 98 - 52
    )
    before = since.count("GET", "/v1/usage")
    while since.count("GET", "/v1/usage") < before + 3:
        blender.settle()
    blender.screenshot("billing_does_not_suffice")
    blender.ask("area('VIEW_3D').type = 'TEXT_EDITOR'")
    service.scenario(credits=5000)
    blender.wait("board().budget.balance == 5000")
    blender.settle()
    blender.screenshot("billing_suffices_notice")
    blender.ask("area('TEXT_EDITOR').type = 'VIEW_3D'")
    blender.open_sidebar()
    blender.screenshot("billing_suffices")
    assert blender.ask(SAID).count("Enough Credits now") == 1
    assert blender.jobs()[0]["phase"] == "billing"
    assert since.count("POST", "/v1/operations/*:resume") == 0
    blender.open_sidebar()
    blender.click("mint.resume")
    blender.wait_for("placed")
    assert since.starts == 1
    blender.wait(f"not {TICKS}")
    blender.wait("not part('ui.heartbeat').is_beating()")
    assert blender.ask("left_of_us()['threads']") == []


def test_offline_the_balance_is_left_alone(blender: BlenderWindow, since: Since) -> None:
    """With online access off nothing is asked; a dismissed job leaves no timer."""
    blender.ask("setattr(part('ui.account.billing_watch'), 'EVERY', 0.2)")
    start(blender, "a throne [billing-final] [billing-unpaid]")
    blender.wait_for("billing")
    blender.wait("not board().has_active_work")
    blender.ask("bpy.context.preferences.system.use_online_access = False")
    blender.settle()
    asked = since.count("GET", "/v1/usage")
    for _ in range(60):
        blender.settle()
    assert since.count("GET", "/v1/usage") <= asked + 1
    assert blender.ask(TICKS)
    blender.call("mint.dismiss", job_id=blender.jobs()[0]["id"])
    assert not blender.ask(TICKS)


def test_offline_in_the_status_bar(blender: BlenderWindow) -> None:
    """The bar does not say that Mint is working when it may not be asked: it says what the job
    waits for.
    """
    start(blender, "a statue [slow-start]")
    blender.wait("jobs()[0]['active'] and jobs()[0]['phase'] == 'working'")
    before = blender.screenshot("status_bar_queued")
    blender.ask("bpy.context.preferences.system.use_online_access = False")
    blender.wait("not board().is_online")
    blender.settle()
    assert ink(blender.screenshot("status_bar_offline")) != ink(before)


# -- what it cost
# ------------------------------------------------------------------------------------------------------------


def test_each_job_says_what_it_costs(blender: BlenderWindow) -> None:
    """Paid, held back, or nothing: each card has it."""
    start(blender, "a lamp")
    blender.wait_for("placed")
    start(blender, "a vase [moderation]")
    blender.wait_for("failed")
    start(blender, "a mug", mode="REVIEW")
    blender.wait_for("review", title="mug")
    said = blender.ask("[part('jobs.presentation.presenter').cost(job) for job in board().jobs()]")
    assert said == ["248 Credits reserved", "Cost nothing", "248 Credits"]
    blender.screenshot("what_each_job_costs")


PAST = """
import random, time
from dataclasses import replace
new_jobs, values, phases = part('jobs.new_jobs'), part('jobs.job_values'), part('jobs.phases')
schema, generation, journal = part('mint.schema'), part('mint.generation_request'), part('jobs.storage.journal')
chance, book = random.Random(7), journal.Journal(board().home)
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
board().catch_up()
board()._past = None
part('ui.heartbeat').jobs_changed(board())
result = board().spending.month().count
"""
SET_THEME = """
import os
themes = bpy.utils.preset_paths('interface_theme')
found = next(os.path.join(folder, name) for folder in themes for name in os.listdir(folder) if 'light' in name.lower() and name.endswith('.xml'))
bpy.ops.script.execute_preset(filepath=found, menu_idname='USERPREF_MT_interface_theme_presets')
"""
LEAVE = "setattr(next(each for each in window().screen.areas if each.type == 'PREFERENCES'), 'type', 'VIEW_3D')"


def test_the_usage_of_a_month(blender: BlenderWindow, since: Since) -> None:
    """The preferences show the last 30 days as a chart with its figures, in a dark theme and in a
    light one; the limits stand below.
    """
    start(blender, "a lamp of today")
    blender.wait_for("placed")
    assert blender.ask(PAST) > 20
    limit(blender, each=1000, day=5000)
    pictures = blender.ask(
        "sorted(key.removeprefix('chart:') for key in part('ui.icons').cache()._previews if key.startswith('chart:'))"
    )
    assert len(pictures) == 8
    blender.ask("bpy.ops.mint.refresh_account() and None")
    blender.wait("board().budget.balance")
    blender.ask(SHOW_PAGE, addon=ADDON)
    blender.settle()
    blender.screenshot("usage_dark")
    blender.ask(SET_THEME)
    blender.settle()
    blender.screenshot("usage_light")
    blender.ask("bpy.ops.preferences.reset_default_theme() and None")
    blender.ask(LEAVE)
