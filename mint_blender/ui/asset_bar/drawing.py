# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the asset bar, from what `bar` has prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ...jobs.library.view_model import AssetState, state_label, title
from ...message import Message
from ..drawing import SIGN, Color, Theme, draw_box, draw_picture, draw_text, fitting, width_of
from ..library_browser import panel_data
from ..library_browser.properties import fields_of
from ..text_wrap import lines_of
from ..translations import date, translated
from . import bar
from .bar import BACK, CLOSE, FORWARD, BarLayout, Box

if TYPE_CHECKING:
    from ...mint.schema import Asset

_SHADE: Color = (0.0, 0.0, 0.0, 0.6)  # behind white words on a picture
_WHITE: Color = (1.0, 1.0, 1.0, 1.0)
_MOST_LINES = 4


def draw_bar(context: bpy.types.Context) -> None:
    """Draw the bar, what is known of the item under the pointer, and the item that is dragged."""
    layout, theme, page = bar.layout_in(context), Theme(), bar.assets(context)
    draw_box(layout.frame, theme.back)
    _draw_header(context, layout, theme, len(page))
    for cell, asset in zip(layout.cells, page, strict=False):
        _draw_cell(cell, asset, layout.picture, theme, fields_of(context).chosen)
    hovered = bar.asset_at(context, bar.state().hovered)
    if bar.state().dragged is not None:
        _draw_dragged(bar.state().dragged, theme)
    elif hovered is not None:
        _draw_card(context, layout, hovered, theme)


def _draw_header(context: bpy.types.Context, layout: BarLayout, theme: Theme, count: int) -> None:
    """Draw which part of the library this is, what to do, and the buttons."""
    fields, box = fields_of(context), layout.header
    if count:
        words = panel_data.range_words(fields)
        hint = translated(Message("Double-click to import, or drag into the scene"))
    else:
        words, hint = panel_data.empty_words(fields), ""
    draw_text(translated(words), box.x + 4 * theme.scale, box, theme.points, theme.text)
    wide = width_of(hint, theme.points)
    if width_of(translated(words), theme.points) < (box.width - wide) / 2 - 8 * theme.scale:
        draw_text(hint, box.x + (box.width - wide) / 2, box, theme.points, theme.faint)
    _draw_button(CLOSE, "×", layout.close, theme)
    _draw_button(BACK, "‹", layout.back, theme, is_on=fields.start > 0)
    _draw_button(FORWARD, "›", layout.forward, theme, is_on=panel_data.has_next_screen(fields))


def _draw_button(part: int, sign: str, box: Box, theme: Theme, *, is_on: bool = True) -> None:
    if is_on and bar.state().hovered == part:
        draw_box(box, (*theme.chosen[:3], 0.5))
    points = 2 * theme.points
    color = theme.text if is_on else (*theme.text[:3], 0.2)
    x = box.x + (box.width - width_of(sign, points)) / 2
    draw_text(sign, x, box, points, color, tall=SIGN)


def _draw_cell(cell: Box, asset: Asset, picture: float, theme: Theme, chosen: str) -> None:
    edge = 2 * theme.scale
    is_hovered = bar.state().hovered >= 0 and asset.id == _hovered_id()
    if asset.id == chosen or is_hovered:
        around = Box(cell.x - edge, cell.y - edge, cell.width + 2 * edge, cell.height + 2 * edge)
        draw_box(around, theme.chosen if asset.id == chosen else (*theme.chosen[:3], 0.4))
    top = Box(cell.x, cell.y + cell.height - picture, picture, picture)
    known = panel_data.cell(asset)
    _draw_picture(asset, top, theme)
    if known.state is not AssetState.DONE:
        strip = Box(top.x, top.y, top.width, 18 * theme.scale)
        draw_box(strip, _SHADE)
        label = fitting(translated(state_label(asset)), picture, theme.points)
        draw_text(label, top.x + 4 * theme.scale, strip, theme.points, _WHITE)
    below = Box(cell.x, cell.y, picture, cell.height - picture)
    color = theme.text_on_chosen if asset.id == chosen else theme.text
    draw_text(fitting(known.title, picture, theme.points), cell.x, below, theme.points, color)


def _draw_picture(asset: Asset, box: Box, theme: Theme) -> None:
    """Draw the picture, as large as fits into the box in its own proportion."""
    texture = bar.state().textures.get(panel_data.picture_url(asset) or "")
    if texture is None:
        draw_box(box, theme.empty)
    else:
        draw_picture(texture, box)


def _draw_card(context: bpy.types.Context, layout: BarLayout, asset: Asset, theme: Theme) -> None:
    """Draw a large picture and what is known of an item, above the bar."""
    gap, side = 8 * theme.scale, 256 * theme.scale
    line = theme.points * 1.5
    lines = _lines_of(asset, side)
    tall = side + len(lines) * line + 3 * gap
    room = context.region.height - layout.frame.y - layout.frame.height - 4 * gap
    side = max(0.0, side - max(0.0, tall - room))  # the picture gives way in a low region
    tall = side + len(lines) * line + 3 * gap
    cell = layout.cells[max(0, bar.state().hovered)]
    wide = 256 * theme.scale + 2 * gap
    x = min(max(cell.x + cell.width / 2 - wide / 2, gap), context.region.width - wide - gap)
    card = Box(x, layout.frame.y + layout.frame.height + gap, wide, tall)
    draw_box(card, theme.back)
    _draw_picture(asset, Box(x + (wide - side) / 2, card.y + tall - gap - side, side, side), theme)
    for number, text in enumerate(lines, start=1):
        under = Box(x, card.y + tall - side - 2 * gap - number * line, wide, line)
        draw_text(text, x + gap, under, theme.points, theme.text if number == 1 else theme.faint)


def _lines_of(asset: Asset, room: float) -> list[str]:
    """Return the title, state and date, and the prompt in a few lines."""
    facts = (
        translated(state_label(asset)),
        date(asset.created_at) if asset.created_at else "",
        translated(panel_data.preset_words(asset) or ""),
    )
    points = Theme().points
    text = asset.prompt or (asset.assets.caption if asset.assets else None) or ""
    heading = translated(title(asset))
    lines = lines_of(text, room) if text and text != heading else ()
    more = (f"{lines[_MOST_LINES - 1]} …",) if len(lines) > _MOST_LINES else lines[3:_MOST_LINES]
    return [
        fitting(heading, room, points),
        " · ".join(filter(None, facts)),
        *lines[: _MOST_LINES - 1],
        *more,
    ]


def _draw_dragged(asset: Asset | None, theme: Theme) -> None:
    """Draw a small picture beside the pointer, whose tip is where the item will stand."""
    if asset is None:
        return
    x, y = bar.state().pointer
    side = 72 * theme.scale
    _draw_picture(asset, Box(x + 12 * theme.scale, y + 4 * theme.scale, side, side), theme)


def _hovered_id() -> str:
    found = bar.asset_at(bpy.context, bar.state().hovered)
    return found.id if found else ""
