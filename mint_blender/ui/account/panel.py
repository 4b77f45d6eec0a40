# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the API key, balance and usage, in the sidebar and in the preferences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date as Date
from typing import TYPE_CHECKING, Any

import bpy

from ...addon_settings import key_from_environment, may_go_online, preferences
from ...jobs.queries import Balance, KeyOwner
from ...message import Message
from ...mint.schema import Usage
from .. import session
from ..manual import links as manual
from ..text_wrap import wrapped
from ..translations import day, number, translated

if TYPE_CHECKING:
    from ...jobs.service import JobService


_KEY_OWNER, _BALANCE = KeyOwner(), Balance()


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
    known = [answers[query] for query in (_KEY_OWNER, _BALANCE) if query in answers]
    return max(known, key=lambda each: each.at).key_problem if known else None


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
    row.operator("mint.check_key", text="Check")
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


def spent_in_total() -> float | None:
    """Return the Credits that the API project has used, as Mint has said last; None if unknown."""
    service = session.existing_service()
    answered = service.queries.answers.get(_BALANCE) if service else None
    usage = answered.answer if answered is not None else None
    used = (usage.api_usage or {}).get("creditsUsed") if isinstance(usage, Usage) else None
    return float(used) if isinstance(used, int | float) else None


def draw_usage(box: bpy.types.UILayout) -> None:
    """Draw Credits, subscription and totals from Mint."""
    service = session.existing_service()
    answered = service.queries.answers.get(_BALANCE) if service else None
    if answered is None:
        box.label(text="Not loaded yet")
    elif answered.error:
        wrapped(box, answered.error, icon="ERROR")
    elif isinstance(answered.answer, Usage):
        column = box.column(align=True)
        for name, value in _usage_lines(answered.answer):
            line = column.split(factor=0.4)
            line.label(text=translated(name), translate=False)
            line.label(text=value, translate=False)
        box.label(
            text=translated(Message("Updated at {time}", time=f"{answered.at:%H:%M}")),
            translate=False,
            icon="TIME",
        )


def _usage_lines(usage: Usage) -> Iterator[tuple[str, str]]:
    credits = usage.credits
    kinds = (
        (Message("Credits available"), credits.total_available),
        (Message("Included"), credits.included),
        (Message("Topped up"), credits.top_up),
        (Message("Bonus"), credits.bonus),
    )
    yield from ((name, number(amount)) for name, amount in kinds if amount is not None)
    for title, values in ((Message("Subscription"), usage.subscription), ("API", usage.api_usage)):
        yield from (
            (Message("{title}: {name}", title=title, name=name), text)
            for name, text in _plain(values or {})
        )


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")  # a date with a time, of which only the date is shown
KNOWN_FIGURES = (
    Message("plan"),
    Message("status"),
    Message("current period end"),
    Message("credits used"),
    Message("operations"),
    Message("worlds"),
    Message("models"),
)
"""The figures that Mint is known to send; others are shown by Mint's own names."""


def _plain(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
        if isinstance(value, bool) or value is None or isinstance(value, Mapping):
            continue
        text = number(value) if isinstance(value, int | float) else str(value)
        yield Message(words), _day(text) if _MOMENT.match(text) else text


def _day(text: str) -> str:
    try:
        return day(Date.fromisoformat(text[:10]))
    except ValueError:
        return text[:10]


REQUEST_ACCESS_URL = "mailto:hello@mint.gg?subject=Access%20to%20the%20Mint%20API"
CREATE_KEY_URL = "https://platform.mint.gg"


def draw(layout: bpy.types.UILayout) -> None:
    """Draw the first thing that is missing."""
    if not may_go_online():
        _draw_offline(layout)
    elif session.account().key or session.account().withheld_from:
        _draw_key_to_check(layout)
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


def _draw_key_to_check(layout: bpy.types.UILayout) -> None:
    """Draw a key that is being checked, was refused, or waits for its address to be confirmed."""
    draw_key(layout)
    if key_problem():
        draw_create_key(layout)


def draw_create_key(layout: bpy.types.UILayout) -> None:
    """Draw the button that opens the page where keys are created."""
    layout.operator("wm.url_open", text="Create API Key", icon="URL").url = CREATE_KEY_URL
