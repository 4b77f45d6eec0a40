# SPDX-License-Identifier: GPL-3.0-or-later
"""The form: prompts, styles, prices, and the limits that operators, command line and Python keep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender


import mint_blender
from mint_blender.cli import main
from mint_blender.jobs.budget.spending import Day, Month, date_of
from mint_blender.jobs.errors import TooExpensive
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_fetch
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.message import Message
from mint_blender.ui import heartbeat, session
from mint_blender.ui.account import billing_watch
from mint_blender.ui.account import panel as account_panel
from mint_blender.ui.create import form_panel, prompt_operators, saved_settings
from mint_blender.ui.create import properties as create_properties
from mint_blender.ui.pricing import limit_dialog

from ..jobs.library_helpers import an_asset
from .drawings import Layout, calls_of, drawn_by, in_class
from .sample_jobs import a_job


@pytest.fixture
def form(job_service: JobService) -> Any:
    """Return the form of the enabled add-on."""
    return bpy.context.window_manager.mint


def add_job(job_service: JobService, prompt: str, **changes: Any) -> str:
    """Add a finished job with this prompt, and return its id."""
    (job,) = job_service.cache.add(a_job(prompt=prompt, now=time.time(), **changes))
    return job.id


def test_earlier_prompts_are_listed_once_newest_first(job_service: JobService, form: Any) -> None:
    """Also those of dismissed jobs; not those of downloads, which the user has not written."""
    prompt_operators.prepare()
    assert prompt_operators.earlier() == ()
    for prompt in ("a lamp", "a chair", " a lamp "):
        job_id = add_job(job_service, prompt)
    job_service.dismiss(job_id)
    job_service.cache.add(new_fetch(an_asset(1), Delivery(), now=time.time()))
    prompt_operators.prepare()
    assert prompt_operators.earlier() == ("a lamp", "a chair")


def test_an_unsent_prompt_is_not_lost(form: Any) -> None:
    """What stood in the form can be chosen again."""
    form.prompt = "a lamp, unfinished"
    bpy.ops.mint.choose_prompt(prompt="a chair")
    assert form.prompt == "a chair"
    assert prompt_operators.earlier() == ("a lamp, unfinished",)


@pytest.mark.parametrize(
    ("prompt", "style", "sent"),
    [
        ("a lamp", "", "a lamp"),
        ("a lamp", "low poly", "a lamp, low poly"),
        ("A lamp.", "low poly", "A lamp. low poly"),
        ("a lamp, low poly", "low poly", "a lamp, low poly"),
        ("", "low poly", ""),
    ],
)
def test_the_style_is_part_of_the_prompt(form: Any, prompt: str, style: str, sent: str) -> None:
    """Nothing is added without a style, without a prompt, or twice."""
    assert form.style == "", "none is chosen by default"
    form.prompt, form.style = prompt, style
    assert create_properties.request_of(form).prompt == sent


def test_the_style_counts_in_the_length(form: Any) -> None:
    """A prompt that is too long only with its style is refused before anything is sent."""
    form.prompt, form.style = "x" * 7998, ""
    assert create_properties.complaint(form) is None
    form.style = "low poly"
    assert "8008 characters" in str(create_properties.complaint(form))


@pytest.mark.parametrize("name", saved_settings._SAVED)
def test_each_setting_is_kept(form: Any, name: str) -> None:
    """It is there again after another file was opened."""
    known = form.bl_rna.properties[name]
    other = {
        "BOOLEAN": lambda: not getattr(form, name),
        "ENUM": lambda: known.enum_items[-1].identifier,
        "FLOAT": lambda: 2.5,
        "STRING": lambda: "low poly",
    }[known.type]()
    before = getattr(form, name)
    setattr(form, name, other)
    saved_settings.save(form)
    form.property_unset(name)
    assert getattr(form, name) == before != other
    saved_settings.restore()
    assert getattr(form, name) == other


def test_own_words_are_a_style(form: Any) -> None:
    """They stay until they are left out; the menu has styles to begin with, and asks for others."""
    drawn = drawn_by(in_class(prompt_operators.MINT_MT_styles.draw), bpy.context)
    assert drawn["mint.use_style"] == 2 + len(prompt_operators.STYLES)
    bpy.ops.mint.use_style(words=" black ink on paper ")
    assert form.style == "black ink on paper"
    bpy.ops.mint.use_style(words="")
    assert form.style == ""


ESTIMATE = "/v1/pricing:estimate"
MINT = {"library": {"models": 8}}


@pytest.fixture
def preferences(signed_in: None) -> Iterator[Any]:
    """Return the preferences of the registered add-on, with the account of the stand-in."""
    entry = bpy.context.preferences.addons.new()
    entry.module = "mint_blender"
    mint_blender.register()
    yield entry.preferences
    mint_blender.unregister()


def starts(service: ThreadService) -> int:
    """Return how many generations were requested."""
    return len(service.requests("POST", "/v1/models:generate"))


def answer_questions() -> None:
    """Wait for the answers of Mint to what was asked."""
    job_service = session.service()
    while job_service.queries.pending():
        job_service.next_event()


def test_a_limit_is_switched_on_and_off(preferences: Any) -> None:
    """Off is no limit, which the amount says as 0; the last amount comes back."""
    for name, first in (("limit_each", 1000), ("limit_day", 5000)):
        assert not getattr(preferences, f"use_{name}")
        setattr(preferences, f"use_{name}", True)
        assert getattr(preferences, name) == first
        setattr(preferences, name, 300)
        setattr(preferences, f"use_{name}", False)
        assert getattr(preferences, name) == 0
        setattr(preferences, f"use_{name}", True)
        assert getattr(preferences, name) == 300


def test_a_generation_above_the_limit_raises(service: ThreadService, preferences: Any) -> None:
    """Nothing is started, and the price is requested once; at the limit it is generated."""
    preferences.limit_each = 247
    says = r"more than your limit of 247 Credits per generation\. Nothing was started\."
    for _ in range(2):
        with pytest.raises(RuntimeError, match=says):
            bpy.ops.mint.generate(prompt="a lamp", preset="FAST")
    assert starts(service) == 0
    assert len(service.requests("POST", ESTIMATE)) == 1
    preferences.limit_each = 248
    assert bpy.ops.mint.generate(prompt="a lamp", preset="FAST") == {"FINISHED"}
    assert session.service().jobs()[0].estimate == 248


def test_the_command_line_inside_blender_keeps_the_limit(
    service: ThreadService, preferences: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    """`--command mint generate` and Python's `generate` read the preferences."""
    preferences.limit_each = 1
    assert main(["generate", "--prompt", "a lamp", "--preset", "fast"]) == 4
    assert "your limit of 1 Credits per generation" in " ".join(capfd.readouterr().err.split())
    with pytest.raises(mint_blender.TooExpensive):
        mint_blender.generate("a lamp", preset="fast")
    assert starts(service) == 0


def test_a_changed_form_drops_the_old_price(
    service: ThreadService, preferences: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old price is not shown, and the new one is requested once the user pauses."""
    monkeypatch.setattr(saved_settings, "PAUSE", 1e6)  # of a person; no machine is as slow
    window = SimpleNamespace(background=False, timers=bpy.app.timers)
    monkeypatch.setattr(saved_settings, "bpy", SimpleNamespace(app=window, context=bpy.context))
    redraws: list[int] = []
    monkeypatch.setattr(heartbeat, "redraw", lambda: redraws.append(1))
    fields, job_service = create_properties.of(bpy.context), session.service()

    def shown() -> float | None:
        return job_service.budget.price(create_properties.price_of(fields))

    def price_after_a_pause() -> float | None:
        session.state(saved_settings._State).changed_at -= saved_settings.PAUSE
        assert not form_panel.ask_price()
        answer_questions()
        return shown()

    fields.kind, fields.preset, fields.review = "MODEL", "FAST", False
    assert price_after_a_pause() == 248
    changes = ("preset", "STANDARD", 798), ("kind", "WORLD", 1650), ("review", True, 1650)
    for name, value, price in changes:
        requests = len(service.requests("POST", ESTIMATE))
        redraws.clear()
        setattr(fields, name, value)
        assert redraws == [1] and bpy.app.timers.is_registered(saved_settings._remember)
        assert shown() is None, "the price of the earlier form is shown"
        assert form_panel.ask_price() and not job_service.queries.pending()
        assert len(service.requests("POST", ESTIMATE)) == requests, "requested before the pause"
        assert price_after_a_pause() == price
    fields.prompt = "a lamp"
    assert form_panel.ask_price(), "a change of the prompt is not noticed"
    assert price_after_a_pause() == 1650
    mint_blender.unregister()
    assert not bpy.app.timers.is_registered(saved_settings._remember)
    mint_blender.register()
    redraws.clear()
    create_properties.of(bpy.context).preset = "FAST"
    assert redraws == [1]


def test_nothing_is_scheduled_in_background_mode(service: ThreadService, preferences: Any) -> None:
    """A job that needs Credits leaves no timer and no unconfirmed click."""
    with pytest.raises(RuntimeError):
        bpy.ops.mint.generate(prompt="a lamp [billing-final] [billing-unpaid]", preset="FAST")
    job_service = session.service()
    assert job_service.jobs()[0].phase is Phase.BILLING
    billing_watch.catch_up(job_service)
    assert not bpy.app.timers.is_registered(billing_watch._look)
    assert session.state(limit_dialog._State).unconfirmed is None


def test_each_bar_of_the_usage_says_what_it_is(registered: None) -> None:
    """Dates stand at its left, and the Credits and what failed on it; the longest fills the line."""
    day = date_of(time.time())
    days = [Day(day, 1, 400.0), *[Day(day)] * 4, Day(day, 3, 100.0, failed=2)]
    calls = calls_of(account_panel.draw_bars, Month(tuple(days)))
    bars = [call[1:] for call in calls if call[0] == "progress"]
    assert bars == [("400 Credits", 1.0), ("100 Credits, 2 failed", 0.25)]
    assert "Last 6 days on this computer: 500 Credits. Generations: 4" in str(calls)
    assert sum(" – " in str(call) for call in calls) == len(bars)


@pytest.mark.parametrize(("shown", "is_explained"), [(98.0, True), (346.0, False), (0.0, False)])
def test_the_question_about_a_limit_explains_another_price(
    monkeypatch: pytest.MonkeyPatch, shown: float, is_explained: bool
) -> None:
    """A limit counts the most that Mint may take; the button that was clicked showed less."""
    asked: list[limit_dialog.Question] = []
    monkeypatch.setattr(limit_dialog, "_ask", asked.append)
    error = TooExpensive(Message("Too much."), credits=346.0)
    limit_dialog.when_confirmed(error, lambda operator: None, shown)
    (question,) = asked
    assert question.text.startswith("Too much.")
    showed = "The button showed 98 Credits."
    counts = "Your limit counts the most that Mint may take, 346 Credits."
    more = question.text.removeprefix("Too much.").strip()
    assert more == (f"{showed} {counts}" if is_explained else "")


@pytest.mark.parametrize("keeps", [True, False])
def test_a_dialog_has_no_buttons_but_its_own(job_service: JobService, keeps: bool) -> None:
    """Blender adds none if a button is made where the default is: it is set before the button."""
    context: Any = SimpleNamespace(region_popup=None)
    dialog: Any = SimpleNamespace(
        _words=Message("Cancel Job"),
        draw_dialog=lambda context: None,
        keep_words=Message("Keep Job"),
        keeps_by_default=keeps,
        price=lambda service: None,
        words_of_button=lambda action, price: action,
    )

    def draw(layout: Layout) -> None:
        dialog.layout = layout
        limit_dialog.SpendingDialog.draw(dialog, context)

    drawn = [call[1] for call in calls_of(draw) if call[0] in {"operator", "active_default ="}]
    assert drawn == [keeps, "mint.close_dialog", not keeps, "mint.pay"]
