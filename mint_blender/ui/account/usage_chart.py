# SPDX-License-Identifier: GPL-3.0-or-later
"""The last days as a small chart: a bar of Credits for each day, and below the line what failed.

It is drawn with NumPy into icons, only while the preferences are visible and the journal has
changed. Blender shows an icon as a square, so a wide chart consists of several. The colors can be
told from light and from dark backgrounds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import bpy

from ...jobs.budget.spending import Day, Month, date_of
from ...message import Message
from .. import heartbeat, session, visibility
from ..icons import IconCache
from ..icons import cache as icon_cache
from ..translations import day_of_year, number, translated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    here: float | None = None
    """Credits that this computer has ever spent."""
    seen: tuple[int, date] | None = None
    """The version of the list of jobs and the date for which the chart was drawn."""


def _state() -> _State:
    return session.state(_State)


def catch_up() -> bool:
    """Paint the chart again if a job was written or another day has begun since it was drawn."""
    service = session.existing_service()
    if bpy.app.background or service is None:
        return False
    state, now = _state(), (service.cache.version, date_of(time.time()))
    if now != state.seen:
        state.seen, month = now, service.spending.month()
        state.here = service.spending.ever()
        if month != state.month:
            state.month = month
            _put(month)
            heartbeat.redraw()
    return False


def draw(layout: bpy.types.UILayout) -> None:
    """Draw what is available and was spent, and the chart."""
    visibility.note("usage")
    month, icons = _state().month, icon_cache()
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
    month, icons = _state().month, icon_cache()
    if month is None or not month.count:
        return
    column = layout.column(align=True)
    column.label(
        text=translated(Message("Last {count} days on this computer", count=len(month.days))),
        translate=False,
    )
    _draw_totals(column, month, icons)


def _draw_figures(column: bpy.types.UILayout) -> None:
    """Draw three amounts of Credits, each above what it is."""
    from . import panel as account_panel

    row = column.row(align=True)
    _draw_figure(row, account_panel.balance(), Message("Credits Available"))
    _draw_figure(row, _state().here, Message("Spent on This Computer"))
    _draw_figure(row, account_panel.spent_in_total(), Message("Spent in Total"))


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
    most = max(day.credits for day in month.days)
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
                most=most,
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
    each = -(-len(days) // TILES)
    return [days[start : start + each] for start in range(0, len(days), each)]


def tile_pixels(days: Sequence[Day], most_credits: float, most_failed: int) -> NDArray[np.float32]:
    """Return the image of some days: bars up for Credits, down for failures.

    Shape (SIZE, SIZE, 4), rows from below, RGBA from 0 to 1.
    """
    import numpy as np

    pixels = np.zeros((SIZE, SIZE, 4), dtype=np.float32)
    step = SIZE / len(days)
    for place, day in enumerate(days):
        left, right = round((place + 0.2) * step), round((place + 0.8) * step)
        up = _length(day.credits, most_credits, _TOP)
        down = _length(day.failed, most_failed, _BASE - 6)
        pixels[_BASE : _BASE + up, left:right] = _PAID
        pixels[_BASE - 2 - down : _BASE - 2, left:right] = _FAILED
    pixels[_BASE - 2 : _BASE] = _LINE
    return pixels


def _length(value: float, most: float, room: int) -> int:
    """Return the length of a bar in pixels; a value above zero is always visible."""
    return max(4, round(room * value / most)) if value > 0 else 0


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
