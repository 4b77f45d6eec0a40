# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the API key, balance and usage, in the sidebar and in the preferences."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bpy

from ...addon_settings import key_from_environment, may_go_online, preferences
from ...jobs.budget.spending import Month, date_of
from ...jobs.queries import Balance, KeyOwner
from ...message import Message
from ...mint.schema import Usage
from .. import heartbeat, session, visibility
from ..manual import links as manual
from ..text_wrap import wrapped
from ..translations import day_of_year, number, translated
from . import billing_watch

if TYPE_CHECKING:
    from ...jobs.service import JobService


_KEY_OWNER = KeyOwner()
_BALANCE = Balance()


def is_key_usable() -> bool:
    """Return whether nothing is known against the key: not refused, not checked just now."""
    service = session.existing_service()
    if service is None:
        return True
    queries = service.queries
    is_first_check = _KEY_OWNER not in queries.answers and queries.is_pending(_KEY_OWNER)
    return not is_first_check and key_problem() is None


def key_problem() -> str | None:
    """Return why the key is of no use, as Mint has answered last; None if it is, or unknown."""
    service = session.existing_service()
    answers = service.queries.answers if service else {}
    answered = [answers[query] for query in (_KEY_OWNER, _BALANCE) if query in answers]
    return max(answered, key=lambda answer: answer.at).key_problem if answered else None


def check_failed() -> bool:
    """Return whether the key could not be checked, so that it may be good or not."""
    service = session.existing_service()
    answered = service.queries.answers.get(_KEY_OWNER) if service else None
    return answered is not None and answered.error is not None


def draw_key(layout: bpy.types.UILayout) -> None:
    """Draw the field for the key with its button Check, and what Mint answered."""
    stored = preferences()
    if stored is None:
        return
    row = layout.row(align=True)
    field = row.row(align=True)
    field.enabled = not key_from_environment()
    field.prop(stored, "api_key", text="", placeholder="API key")
    row.operator("mint.refresh_account", text="Check")
    if origin := session.account().withheld_from:
        text = Message(
            "MINT_API_BASE_URL points to {origin}. Your API key is not sent there until you "
            "confirm this address.",
            origin=origin,
        )
        wrapped(layout, text, icon="ERROR")
        layout.operator("mint.confirm_address", icon="CHECKMARK")
        return
    if (service := session.existing_service()) is not None:
        _draw_key_answer(layout, service)


def _draw_key_answer(layout: bpy.types.UILayout, service: JobService) -> None:
    answered = service.queries.answers.get(_KEY_OWNER)
    if service.queries.is_pending(_KEY_OWNER):
        layout.label(text="Asking Mint…", icon="TIME")
    elif problem := key_problem():
        wrapped(layout, problem, icon="ERROR")
    elif answered is not None and answered.error:
        wrapped(layout, answered.error, icon="ERROR")
    elif answered is not None:
        layout.label(
            text=translated(
                Message("Accepted: {name}", name=getattr(answered.answer, "display_name", ""))
            ),
            translate=False,
            icon="CHECKMARK",
        )


def draw_allow_online(layout: bpy.types.UILayout) -> None:
    """Draw Blender's own button that allows online access."""
    layout.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")


def balance() -> float | None:
    """Return the available Credits as last read."""
    service = session.existing_service()
    return service.budget.balance if service else None


def has_generated() -> bool:
    """Return whether Mint has counted models or Worlds of this API project, as last read."""
    service = session.existing_service()
    answered = service.queries.answers.get(_BALANCE) if service else None
    usage = answered.answer if answered else None
    counts = usage.api_usage if isinstance(usage, Usage) else None
    return any((counts or {}).get(name) for name in ("models", "worlds"))


REQUEST_ACCESS_URL = "mailto:hello@mint.gg?subject=Access%20to%20the%20Mint%20API"
CREATE_KEY_URL = "https://platform.mint.gg"


def draw(layout: bpy.types.UILayout) -> None:
    """Draw the first thing that is missing."""
    if not may_go_online():
        _draw_offline(layout)
    elif session.account().key or session.account().withheld_from:
        draw_key(layout)  # that is checked, was refused, or waits for its address to be confirmed
        if key_problem():
            draw_create_key(layout)
    else:
        _draw_no_key(layout)
    manual.draw(layout, "start/api-key")


def _draw_offline(layout: bpy.types.UILayout) -> None:
    layout.label(text="Online access is off", icon="INTERNET_OFFLINE")
    wrapped(layout, Message("Mint generates on its servers, so it needs online access."))
    column = layout.column()
    column.scale_y = 1.5
    draw_allow_online(column)


def _draw_no_key(layout: bpy.types.UILayout) -> None:
    layout.label(text="API key required", icon="LOCKED")
    wrapped(
        layout,
        Message("Mint's API is in beta. Request access, create an API key and paste it here."),
    )
    column = layout.column(align=True)  # side by side, the German labels are cut off
    column.operator("wm.url_open", text="Request Access", icon="URL").url = REQUEST_ACCESS_URL
    draw_create_key(column)
    draw_key(layout)


def draw_create_key(layout: bpy.types.UILayout) -> None:
    """Draw the button that opens the page where keys are created."""
    layout.operator("wm.url_open", text="Create API Key", icon="URL").url = CREATE_KEY_URL


SPAN = 5
"""Days of a bar."""
_DATES = 0.3
"""Share of the width that the dates at the left of a bar have."""


@dataclass
class _State:
    month: Month | None = None


def _state() -> _State:
    return session.state(_State)


def catch_up() -> bool:
    """Add up again if a job was written or another day has begun since."""
    service = session.existing_service()
    if bpy.app.background or service is None:
        return False
    state = _state()
    if session.is_outdated(_State, service.cache.version, date_of(time.time())):
        month = service.spending.month()
        if month != state.month:
            state.month = month
            heartbeat.redraw()
    return False


def draw_chart(layout: bpy.types.UILayout) -> None:
    """Draw what is available, and what was spent on this computer."""
    visibility.note("usage")
    month = _state().month
    if month is None:
        return
    column = layout.column()
    _draw_figures(column)
    if month.count:
        draw_bars(column, month)
    else:
        column.label(text="Nothing generated yet")


def _draw_figures(column: bpy.types.UILayout) -> None:
    """Draw three amounts of Credits, each above what it is: the third is what remains."""
    row = column.row(align=True)
    _draw_figure(row, balance(), Message("Credits Available"))
    _draw_figure(row, billing_watch.reserved(), Message("− For Unsent Jobs"))
    _draw_figure(row, billing_watch.free(), Message("= Free"))


def _draw_figure(row: bpy.types.UILayout, credits: float | None, name: Message) -> None:
    figure = row.box().column(align=True)
    for text in ("–" if credits is None else number(credits), translated(name)):
        line = figure.row()
        line.alignment = "CENTER"
        line.label(text=text, translate=False)


def draw_bars(layout: bpy.types.UILayout, month: Month) -> None:
    """Draw a bar for each few days: its dates, its Credits, and how many generations failed."""
    column = layout.column(align=True)
    column.label(text=translated(_total(month)), translate=False)
    spans = [month.days[start : start + SPAN] for start in range(0, len(month.days), SPAN)]
    amounts = [sum(day.credits for day in span) for span in spans]
    for span, credits in zip(spans, amounts, strict=True):
        line = column.split(factor=_DATES)
        dates = f"{day_of_year(span[0].date)} – {day_of_year(span[-1].date)}"
        line.label(text=dates, translate=False)
        words = Message("{credits:,.0f} Credits", credits=credits)
        if failed := sum(day.failed for day in span):
            words = Message("{words}, {failed:,} failed", words=words, failed=failed)
        share = credits / (max(amounts) or 1.0)
        line.progress(text=translated(words), translate=False, factor=share)


def _total(month: Month) -> Message:
    """Return what all days together have cost."""
    return Message(
        "Last {days} days on this computer: {credits:,.0f} Credits. Generations: {count:,}",
        days=len(month.days),
        credits=month.credits,
        count=month.count,
    )
