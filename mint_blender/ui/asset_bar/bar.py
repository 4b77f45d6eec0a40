# SPDX-License-Identifier: GPL-3.0-or-later
"""What the asset bar shows and where; loads its pictures outside of drawing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any

import bpy

from ...addon_settings import settings
from .. import icons, session
from ..drawing import Box, texture_of
from ..library_browser import entries
from ..library_browser.properties import fields_of
from ..text_wrap import lines_of, width_of
from ..translations import translated
from ..typed_context import all_areas, sides, ui_scale

if TYPE_CHECKING:
    import gpu

    from ...mint.schema import Asset


_AT_ONCE = 4  # textures


class BarState:
    """The bar of this session: in one 3D View, or closed."""

    def __init__(self) -> None:
        self.area = 0
        """Address of the area that shows it; 0 while it is closed."""
        self.hovered = OUTSIDE
        self.dragged: Asset | None = None
        self.pointer = (0.0, 0.0)
        self.clicked = ("", 0.0)
        """The item of the last click, and when it was, by the monotonic clock."""
        self.textures: dict[str, gpu.types.GPUTexture] = {}
        self.shown: object = None
        """What was shown when the region was last redrawn for a change."""

    def close(self) -> None:
        """Close the bar and free its pictures."""
        self.area, self.hovered, self.dragged, self.shown = 0, OUTSIDE, None, None
        self.textures.clear()


def state() -> BarState:
    """Return the state of this session."""
    return session.state(BarState)


def is_shown_in(area: bpy.types.Area | None) -> bool:
    """Return whether an area shows the bar; with its gizmos switched off it cannot."""
    if area is None or state().area != area.as_pointer():
        return False
    space: Any = area.spaces.active
    return bool(space.show_gizmo)


def toggle(area: bpy.types.Area | None) -> None:
    """Show the bar in an area, or close it there."""
    if area is None:
        return
    was_here = is_shown_in(area)
    state().close()
    area.tag_redraw()
    if not was_here:
        space: Any = area.spaces.active
        space.show_gizmo = True
        state().area = area.as_pointer()
        catch_up()


def layout_in(context: bpy.types.Context) -> BarLayout:
    """Return the layout in the current region, between the toolbar and the sidebar."""
    scale, fields, height = ui_scale(), fields_of(context), context.region.height
    shape = (*sides(context), height, entries.ON_SCREEN, settings().picture_size * scale, scale)
    used, known = entries.cells_used(fields), entries.status(fields)
    action = width_of(translated(known.label)) + 24 * scale if known.operator else 0.0
    words = Words(action, is_alone=not fields.start and not assets(context))
    layout = arrange(*shape, used, words)
    lines = len(lines_of(translated(known.words), layout.status.width))
    return layout if lines == 1 else arrange(*shape, used, replace(words, lines=lines))


def assets(context: bpy.types.Context) -> list[Asset]:
    """Return the items of the page."""
    return entries.on_screen(fields_of(context))


def asset_at(context: bpy.types.Context, part: int) -> Asset | None:
    """Return the item of a part; None if the part shows none."""
    page = assets(context)
    return page[part] if 0 <= part < len(page) else None


def catch_up() -> bool:
    """Load the pictures of the page, and redraw the 3D View if anything it shows has changed.

    Returns whether pictures are still to be loaded.
    """
    area = _area()
    if area is None:
        return False
    page, fields = assets(bpy.context), fields_of(bpy.context)
    urls = [url for asset in page if (url := entries.picture_url(asset))]
    is_more = _keep_textures(urls)
    shown = (
        [(asset.id, entries.cell(asset)) for asset in page],
        [url in state().textures for url in urls],
        (fields.start, len(entries.shown(fields)), settings().picture_size, entries.status(fields)),
        (fields.kind, fields.sort, entries.filter_words(fields)),
    )
    if shown != state().shown:
        state().shown = shown
        area.tag_redraw()
    return is_more


def _area() -> bpy.types.Area | None:
    """Return the area that shows the bar; None if it is closed or the area is gone."""
    wanted = state().area
    return next((each for each in all_areas() if wanted and each.as_pointer() == wanted), None)


def _keep_textures(urls: list[str]) -> bool:
    """Make textures of these pictures as far as they have arrived, and free the others.

    Each one is decoded here, so only a few are made at a time. Returns whether more are to be made.
    """
    known = state()
    for url in known.textures.keys() - set(urls):
        del known.textures[url]
    ready = [
        url for url in urls if url not in known.textures and icons.cache().icon("library", url)
    ]
    for url in ready[:_AT_ONCE]:
        if (found := icons.cache().pixels("library", url)) is not None:
            known.textures[url] = texture_of(*found)
    return len(ready) > _AT_ONCE


BACK, FORWARD, CLOSE, SEARCH, CLEAR, KIND, SORT, ACTION, FRAME = range(100, 109)
"""Parts that are not pictures; a picture's part is its place on the page, from 0."""
OUTSIDE = -1

_GAP = 6.0
_HEADER = 26.0
_LINE = 20.0
_TITLE = 18.0
_ARROW = 28.0
_SEARCH, _MENU, _RANGE = 260.0, 150.0, 120.0  # most pixels of parts, at scale 1
_MOST_OF_HEIGHT = 0.55  # the scene stays visible above the bar
_SMALLEST = 32.0


@dataclass(frozen=True)
class BarLayout:
    """The boxes of all parts. A cell has the picture at its top and the title below."""

    frame: Box
    cells: tuple[Box, ...]
    """None where nothing is shown: then `status` and `action` are in the middle."""
    picture: float
    status: Box
    """The words about the library, in lines below the pictures."""
    range: Box
    buttons: dict[int, Box]
    """The parts that can be clicked and are no pictures, by part."""


@dataclass(frozen=True)
class Words:
    """The room that the words about the library need."""

    action: float = 0.0
    """The width of the button beside them, in pixels; 0 for none."""
    lines: int = 1
    is_alone: bool = False
    """Whether they stand where the pictures would be, because there are none."""


@lru_cache(maxsize=8)
def arrange(
    left: float,
    right: float,
    height: float,
    count: int,
    wanted: float,
    scale: float,
    used: int | None = None,
    words: Words = Words(),
) -> BarLayout:
    """Return the layout of a page of `count` cells between two edges of a region.

    All cells of the page fit: pictures get smaller than the `wanted` pixels where they would
    cover too much of the region. `scale` is that of the interface. Where only the first cells are
    `used`, the rows below them are left out, and pictures are as large as on a full page.
    """
    wide = right - left - 2 * (_ARROW + _GAP) * scale
    picture, columns = wanted, _columns(wide, count, wanted, scale)
    while picture > _SMALLEST * scale and (
        _tall(picture, count, columns, scale) > _MOST_OF_HEIGHT * height
        or columns * (picture + _GAP * scale) > wide
    ):
        picture *= 0.9
        columns = _columns(wide, count, picture, scale)
    rows = ceil((count if used is None else used) / columns)
    return _boxes((left + right) / 2, (rows, columns), picture, scale, words)


def _columns(wide: float, count: int, picture: float, scale: float) -> int:
    """Return how many pictures fit side by side; only numbers that fill whole rows count."""
    cell = picture + _GAP * scale
    return max(
        (each for each in range(1, count + 1) if count % each == 0 and each * cell <= wide),
        default=1,
    )


def _tall(picture: float, count: int, columns: int, scale: float) -> float:
    cell = picture + (_TITLE + _GAP) * scale
    return (_HEADER + _LINE + 3 * _GAP) * scale + count / columns * cell


def _boxes(
    middle: float, shape: tuple[int, int], picture: float, scale: float, words: Words
) -> BarLayout:
    gap, arrow, line = _GAP * scale, _ARROW * scale, _LINE * scale
    rows, columns = shape
    cell_width, cell_height = picture + gap, picture + (_TITLE + _GAP) * scale
    x, wide = middle - columns * cell_width / 2, columns * cell_width
    foot = Box(x, 2 * gap, wide, line * (1 if words.is_alone else words.lines))
    needed = (words.lines + 1) * line + gap if words.is_alone else 0.0
    grid = Box(x, foot.y + foot.height, wide, max(rows * cell_height, needed))
    header = Box(x - arrow, grid.y + grid.height, wide + 2 * arrow, _HEADER * scale)
    frame = Box(header.x, gap, header.width, header.y + header.height)
    buttons = {**_header_buttons(header, arrow, gap, scale)}
    pages = Box(foot.x + wide - _RANGE * scale, foot.y, _RANGE * scale, line)
    if words.is_alone:
        low = grid.y + (grid.height - needed) / 2
        status = Box(x, low + line + gap, wide, words.lines * line)
        button = Box(middle - words.action / 2, low, words.action, line)
    else:
        status = Box(x, foot.y, wide - pages.width - words.action - gap, foot.height)
        button = Box(status.x + status.width, foot.y, words.action, line)
        buttons[BACK] = Box(frame.x, grid.y, arrow, grid.height)
        buttons[FORWARD] = Box(grid.x + grid.width, grid.y, arrow, grid.height)
    if words.action:
        buttons[ACTION] = button
    cells = tuple(
        Box(
            grid.x + place % columns * cell_width + gap / 2,
            grid.y + grid.height - (place // columns + 1) * cell_height,
            picture,
            cell_height - gap,
        )
        for place in range(0 if words.is_alone else rows * columns)
    )
    return BarLayout(frame, cells, picture, status, pages, buttons)


def _header_buttons(header: Box, side: float, gap: float, scale: float) -> dict[int, Box]:
    """Return the search field with its cross, both menus, and the cross that closes the bar.

    They begin above the pictures, `side` pixels from the edge of the bar.
    """
    x, y, height = header.x + side + gap / 2, header.y + 2 * scale, header.height - 4 * scale
    room = header.width - 2 * side - 3 * gap
    menu = min(_MENU * scale, 0.3 * room)
    search = min(_SEARCH * scale, room - 2 * menu)
    return {
        CLEAR: Box(x + search - side, y, side, height),
        SEARCH: Box(x, y, search, height),
        KIND: Box(x + search + gap, y, menu, height),
        SORT: Box(x + search + menu + 2 * gap, y, menu, height),
        CLOSE: Box(header.x + header.width - side, header.y, side, header.height),
    }


def part_at(layout: BarLayout, x: float, y: float) -> int:
    """Return the part at a point of the region: a picture's place, or one of the constants."""
    if not layout.frame.contains(x, y):
        return OUTSIDE
    for part, box in (*enumerate(layout.cells), *layout.buttons.items()):
        if box.contains(x, y):
            return part
    return FRAME
