# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the API key, balance and usage, in the sidebar and in the preferences."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING, Any

import bpy

from ...addon_settings import key_from_environment, may_go_online, preferences
from ...jobs.budget.spending import Day, Month, date_of
from ...jobs.queries import Balance, KeyOwner
from ...message import Message
from ...mint.schema import Usage
from .. import heartbeat, session, visibility
from ..icons import IconCache
from ..icons import cache as icon_cache
from ..manual import links as manual
from ..text_wrap import wrapped
from ..translations import day, day_of_year, number, translated
from . import billing_watch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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


TILES = 6
SIZE = 160  # pixels of a tile's side
_BASE = 36  # rows below the line
_TOP = SIZE - _BASE - 8
_PAID = (0.16, 0.62, 0.52, 1.0)
_FAILED = (0.84, 0.34, 0.22, 1.0)
_LINE = (0.5, 0.5, 0.5, 0.8)
_SWATCH = 32

_SCALE = 5.0  # times the height of a button


@dataclass
class _State:
    month: Month | None = None


def _state() -> _State:
    return session.state(_State)


def catch_up() -> bool:
    """Paint the chart again if a job was written or another day has begun since it was drawn."""
    service = session.existing_service()
    if bpy.app.background or service is None:
        return False
    state = _state()
    if session.is_outdated(_State, service.cache.version, date_of(time.time())):
        month = service.spending.month()
        if month != state.month:
            state.month = month
            _put(month)
            heartbeat.redraw()
    return False


def draw_chart(layout: bpy.types.UILayout) -> None:
    """Draw what is available and was spent, and the chart."""
    visibility.note("usage")
    month = _state().month
    icons = icon_cache()
    if month is None:
        return
    column = layout.column()
    _draw_figures(column)
    if month.count:
        _draw_bars(column, month, icons)
    else:
        column.label(text="Nothing generated yet")


def draw_details(layout: bpy.types.UILayout) -> None:
    """Draw what the bars of the chart mean, with their totals."""
    month = _state().month
    icons = icon_cache()
    if month is None or not month.count:
        return
    column = layout.column(align=True)
    column.label(
        text=translated(Message("Last {count} days on this computer", count=len(month.days))),
        translate=False,
    )
    _draw_totals(column, month, icons)


def _draw_figures(column: bpy.types.UILayout) -> None:
    """Draw three amounts of Credits, each above what it is: the third is what remains."""
    row = column.row(align=True)
    _draw_figure(row, balance(), Message("Credits Available"))
    _draw_figure(row, billing_watch.reserved(), Message("− Reserved Here"))
    _draw_figure(row, billing_watch.free(), Message("= Free"))


def _draw_figure(row: bpy.types.UILayout, credits: float | None, name: Message) -> None:
    figure = row.box().column(align=True)
    for text in ("–" if credits is None else number(credits), translated(name)):
        line = figure.row()
        line.alignment = "CENTER"
        line.label(text=text, translate=False)


def _draw_bars(column: bpy.types.UILayout, month: Month, icons: IconCache) -> None:
    """Draw the tiles of the chart, each with its first day below."""
    chart = column.row(align=True)
    chart.alignment = "LEFT"
    for place, days in enumerate(tiles(month.days)):
        tile = chart.column(align=True)
        # without it a label takes all free width, which separates the tiles
        tile.ui_units_x = _SCALE
        tile.template_icon(icon_value=icons.icon("chart", f"tile-{place}"), scale=_SCALE)
        tile.label(text=day_of_year(days[0].date), translate=False)


def _draw_totals(figures: bpy.types.UILayout, month: Month, icons: IconCache) -> None:
    """Draw what the generations have cost, and how many have failed."""
    most_credits = max(day.credits for day in month.days)
    count = (
        Message("One generation")
        if month.count == 1
        else Message("{count:,} generations", count=month.count)
    )
    figures.label(
        text=translated(
            Message(
                "{generations}, {credits:,.0f} Credits. Most in one day: {most:,.0f}",
                generations=count,
                credits=month.credits,
                most=most_credits,
            )
        ),
        translate=False,
        icon_value=icons.icon("chart", "paid"),
    )
    share = month.failed_share
    if share is not None:
        figures.label(
            text=translated(
                Message("{failed:,} failed ({share:.0%})", failed=month.failed, share=share)
            ),
            translate=False,
            icon_value=icons.icon("chart", "failed"),
        )


def tiles(days: Sequence[Day]) -> list[Sequence[Day]]:
    """Return the days of each tile."""
    days_per_tile = -(-len(days) // TILES)
    return [days[start : start + days_per_tile] for start in range(0, len(days), days_per_tile)]


def tile_pixels(days: Sequence[Day], most_credits: float, most_failed: int) -> NDArray[np.float32]:
    """Return the image of some days: bars up for Credits, down for failures.

    Shape (SIZE, SIZE, 4), rows from below, RGBA from 0 to 1.
    """
    import numpy as np

    pixels = np.zeros((SIZE, SIZE, 4), dtype=np.float32)
    step = SIZE / len(days)
    for place, entry in enumerate(days):
        left = round((place + 0.2) * step)
        right = round((place + 0.8) * step)
        up = _length(entry.credits, most_credits, _TOP)
        down = _length(entry.failed, most_failed, _BASE - 6)
        pixels[_BASE : _BASE + up, left:right] = _PAID
        pixels[_BASE - 2 - down : _BASE - 2, left:right] = _FAILED
    pixels[_BASE - 2 : _BASE] = _LINE
    return pixels


def _length(value: float, largest: float, room: int) -> int:
    """Return the length of a bar in pixels; a value above zero is always visible."""
    return max(4, round(room * value / largest)) if value > 0 else 0


def _put(month: Month) -> None:
    import numpy as np

    most_credits = max(day.credits for day in month.days)
    most_failed = max(day.failed for day in month.days)
    for place, days in enumerate(tiles(month.days)):
        icon_cache().paint("chart", f"tile-{place}", tile_pixels(days, most_credits, most_failed))
    for name, color in (("paid", _PAID), ("failed", _FAILED)):
        swatch = np.zeros((_SWATCH, _SWATCH, 4), dtype=np.float32)
        swatch[8:24, 8:24] = color
        icon_cache().paint("chart", name, swatch)
