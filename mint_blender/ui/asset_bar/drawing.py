# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the asset bar, from what `bar` has prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ...jobs.library.view_model import AssetState, reason, state_label, title
from ...message import Message
from ..drawing import SIGN, Box, Color, Theme, draw_box, draw_picture, draw_text, fitting, width_of
from ..library_browser import entries
from ..library_browser.properties import KINDS, SORTS, MintLibrary, fields_of
from ..text_wrap import lines_of
from ..translations import translated
from . import bar
from .bar import ACTION, BACK, CLEAR, CLOSE, FORWARD, KIND, SEARCH, SORT, BarLayout

if TYPE_CHECKING:
    from ...mint.schema import Asset

_SHADE: Color = (0.0, 0.0, 0.0, 0.6)  # behind white words on a picture
_WHITE: Color = (1.0, 1.0, 1.0, 1.0)
_MOST_LINES = 5


def draw_bar(context: bpy.types.Context) -> None:
    """Draw the bar, what is known of the item under the pointer, and the item that is dragged."""
    layout, theme, page = bar.layout_in(context), Theme(), bar.assets(context)
    draw_box(layout.frame, theme.back)
    _draw_header(fields_of(context), layout, theme)
    _draw_status(fields_of(context), layout, theme)
    for cell, asset in zip(layout.cells, page, strict=False):
        _draw_cell(cell, asset, layout.picture, theme)
    hovered = bar.asset_at(context, bar.state().hovered)
    if bar.state().dragged is not None:
        _draw_dragged(bar.state().dragged, theme)
    elif hovered is not None and bar.state().hovered < len(layout.cells):
        _draw_card(context, layout, hovered, theme)


def _draw_header(fields: MintLibrary, layout: BarLayout, theme: Theme) -> None:
    """Draw the search, both menus, and the signs on the buttons."""
    words = entries.filter_words(fields)
    sought = f"🔍 {words or translated(Message('Search'))}"
    _draw_field(SEARCH, sought, layout, theme, is_faint=not words)
    kind, sort = entries.name_of(KINDS, fields.kind), entries.name_of(SORTS, fields.sort)
    _draw_field(KIND, f"{translated(Message(kind))} ▾", layout, theme)
    _draw_field(SORT, f"{translated(Message(sort))} ▾", layout, theme)
    if words:
        _draw_button(CLEAR, "×", layout, theme)
    _draw_button(CLOSE, "×", layout, theme)
    if layout.cells:
        _draw_button(BACK, "‹", layout, theme, is_on=fields.start > 0)
        _draw_button(FORWARD, "›", layout, theme, is_on=entries.has_next_screen(fields))


def _draw_status(fields: MintLibrary, layout: BarLayout, theme: Theme) -> None:
    """Draw the words about the library, what can be done about it, and which items are shown."""
    known, box, inset = entries.status(fields), layout.status, 4 * theme.scale
    lines = lines_of(translated(known.words), box.width)
    tall = box.height / len(lines)
    for number, line in enumerate(lines, start=1):
        under = Box(box.x, box.y + box.height - number * tall, box.width, tall)
        middle = box.x + (box.width - width_of(line, theme.points)) / 2
        x = box.x + inset if layout.cells else middle
        draw_text(line, x, under, theme.points, theme.text)
    if ACTION in layout.buttons:
        _draw_field(ACTION, translated(known.label), layout, theme)
    if layout.cells:
        words = translated(entries.range_words(fields))
        right = layout.range.x + layout.range.width - width_of(words, theme.points)
        draw_text(words, right - inset, layout.range, theme.points, theme.text)


def _draw_field(
    part: int, text: str, layout: BarLayout, theme: Theme, *, is_faint: bool = False
) -> None:
    """Draw a button with words on it."""
    box, inset = layout.buttons[part], 8 * theme.scale
    is_hovered = bar.state().hovered == part
    draw_box(box, (*theme.chosen[:3], 0.5) if is_hovered else theme.empty)
    color = theme.faint if is_faint else theme.text
    room = box.width - 2 * inset - (layout.buttons[CLEAR].width if part == SEARCH else 0.0)
    draw_text(fitting(text, room, theme.points), box.x + inset, box, theme.points, color)


def _draw_button(
    part: int, sign: str, layout: BarLayout, theme: Theme, *, is_on: bool = True
) -> None:
    box = layout.buttons[part]
    if is_on and bar.state().hovered == part:
        draw_box(box, (*theme.chosen[:3], 0.5))
    points = 2 * theme.points
    color = theme.text if is_on else (*theme.text[:3], 0.2)
    x = box.x + (box.width - width_of(sign, points)) / 2
    draw_text(sign, x, box, points, color, tall=SIGN)


def _draw_cell(cell: Box, asset: Asset, picture: float, theme: Theme) -> None:
    if asset.id == _hovered_id():
        draw_box(cell.grown(2 * theme.scale), (*theme.chosen[:3], 0.4))
    top = Box(cell.x, cell.y + cell.height - picture, picture, picture)
    known = entries.cell(asset)
    _draw_picture(asset, top, theme)
    if known.state is not AssetState.DONE:
        strip = Box(top.x, top.y, top.width, 18 * theme.scale)
        draw_box(strip, _SHADE)
        label = fitting(translated(state_label(asset)), picture, theme.points)
        draw_text(label, top.x + 4 * theme.scale, strip, theme.points, _WHITE)
    below = Box(cell.x, cell.y, picture, cell.height - picture)
    draw_text(fitting(known.title, picture, theme.points), cell.x, below, theme.points, theme.text)


def _draw_picture(asset: Asset, box: Box, theme: Theme) -> None:
    """Draw the picture, as large as fits into the box in its own proportion."""
    texture = bar.state().textures.get(entries.picture_url(asset) or "")
    if texture is None:
        draw_box(box, theme.empty)
    else:
        draw_picture(texture, box)


def _draw_card(context: bpy.types.Context, layout: BarLayout, asset: Asset, theme: Theme) -> None:
    """Draw a large picture and what is known of an item, above the bar."""
    gap, wide = 8 * theme.scale, 256 * theme.scale
    side = _height_of_picture(asset, wide)
    line = theme.points * 1.5
    lines = _lines_of(asset, wide)
    tall = side + len(lines) * line + 3 * gap
    room = context.region.height - layout.frame.y - layout.frame.height - 4 * gap
    side = max(0.0, side - max(0.0, tall - room))  # the picture gives way in a low region
    tall = side + len(lines) * line + 3 * gap
    cell = layout.cells[max(0, bar.state().hovered)]
    wide += 2 * gap
    edge = layout.frame.x + layout.frame.width - wide
    x = min(max(cell.x + cell.width / 2 - wide / 2, layout.frame.x), max(edge, layout.frame.x))
    card = Box(x, layout.frame.y + layout.frame.height + gap, wide, tall)
    draw_box(card, theme.back)
    box = Box(x + gap, card.y + tall - gap - side, wide - 2 * gap, side)
    if side:
        _draw_picture(asset, box, theme)
    for number, text in enumerate(lines, start=1):
        under = Box(x, card.y + tall - side - 2 * gap - number * line, wide, line)
        draw_text(text, x + gap, under, theme.points, theme.text if number == 1 else theme.faint)


def _height_of_picture(asset: Asset, wide: float) -> float:
    """Return how tall a picture is that is so wide, at most as tall as wide; 0 without one."""
    url = entries.picture_url(asset)
    texture = bar.state().textures.get(url or "")
    if texture is None:
        return wide if url else 0.0
    return float(wide * min(1.0, texture.height / texture.width))


def _lines_of(asset: Asset, room: float) -> list[str]:
    """Return the title, what is known, why it failed, and the prompt in a few lines."""
    points, heading = Theme().points, translated(title(asset))
    why, text = reason(asset) or "", entries.prompt_of(asset) or ""
    lines = [
        *(lines_of(why, room) if why else ()),
        *(lines_of(text, room) if text and text != heading else ()),
    ]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} …"]
    return [fitting(heading, room, points), *lines_of(entries.facts_of(asset), room), *lines]


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
