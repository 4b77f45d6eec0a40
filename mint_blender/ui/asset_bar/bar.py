# SPDX-License-Identifier: GPL-3.0-or-later
"""What the asset bar shows and where; loads its pictures outside of drawing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from math import ceil
from typing import TYPE_CHECKING, Any

import bpy
from bpy_extras import view3d_utils

from ... import __package__ as ADDON
from ...jobs.library.view_model import AssetState, reason, state_label, title
from ...message import Message
from ...mint.schema import Asset
from ...scene.update import move
from .. import icons, session, visibility
from ..drawing import (
    SIGN,
    Box,
    Color,
    Theme,
    draw_box,
    draw_picture,
    draw_text,
    texture_of,
)
from ..library_browser import entries
from ..library_browser.properties import KINDS, MintLibrary, fields_of
from ..text_wrap import lines_of, shortened, width_of
from ..translations import translated
from ..typed_context import all_areas, mistakes_in_popup, scene_of, sides, ui_scale

if TYPE_CHECKING:
    import gpu


_AT_ONCE = 4  # textures
_PICTURE = 112.0
"""Pixels of a picture's side, at scale 1, where there is room."""


class BarState:
    """The bar of this session: in one 3D View, or closed."""

    def __init__(self) -> None:
        self.area = 0
        """Address of the area that shows it; 0 while it is closed."""
        self.hovered = OUTSIDE
        self.imported = ""
        """The id of the item that was just imported, while the pointer stays on it: its card would
        cover what is said about the result."""
        self.dragged: Asset | None = None
        self.pointer = (0.0, 0.0)
        self.textures: dict[str, gpu.types.GPUTexture] = {}
        self.shown: object = None
        """What was shown when the region was last redrawn for a change."""

    def close(self) -> None:
        """Close the bar and free its pictures."""
        self.area = 0
        self.hovered = OUTSIDE
        self.dragged = None
        self.shown = None
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
    scale = ui_scale()
    fields = fields_of(context)
    height = context.region.height
    shape = (*sides(context), height, entries.ON_SCREEN, _PICTURE * scale, scale)
    used = entries.cells_used(fields)
    status = entries.status(fields)
    action = width_of(translated(status.label)) + 24 * scale if status.operator else 0.0
    words = Words(action, is_alone=not fields.start and not assets(context))
    layout = arrange(*shape, used, words)
    lines = len(lines_of(translated(status.words), layout.status.width))
    return layout if lines == 1 else arrange(*shape, used, replace(words, lines=lines))


def top_in(area: bpy.types.Area, region: bpy.types.Region) -> float:
    """Return how high the bar reaches in an area that shows it, in pixels."""
    windows = bpy.context.window_manager.windows
    window = next(window for window in windows if area in window.screen.areas[:])
    with bpy.context.temp_override(window=window, area=area, region=region):
        frame = layout_in(bpy.context).frame
    return float(frame.y + frame.height)


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
    wanted = state().area
    area = next((area for area in all_areas() if wanted and area.as_pointer() == wanted), None)
    if area is None:  # it is closed, or the area is gone
        return False
    page = assets(bpy.context)
    fields = fields_of(bpy.context)
    urls = [url for asset in page if (url := entries.picture_url(asset))]
    is_more = _keep_textures(urls)
    shown = (
        [(asset.id, entries.cell(asset)) for asset in page],
        [url in state().textures for url in urls],
        (fields.start, len(entries.shown(fields)), entries.status(fields)),
        (fields.kind, entries.filter_words(fields)),
    )
    if shown != state().shown:
        state().shown = shown
        area.tag_redraw()
    return is_more


def _keep_textures(urls: list[str]) -> bool:
    """Make textures of these pictures as far as they have arrived, and free the others.

    Each one is decoded here, so only a few are made at a time. Returns whether more are to be made.
    """
    bar_state = state()
    for url in bar_state.textures.keys() - set(urls):
        del bar_state.textures[url]
    ready = [
        url for url in urls if url not in bar_state.textures and icons.cache().icon("library", url)
    ]
    for url in ready[:_AT_ONCE]:
        if (picture := icons.cache().pixels("library", url)) is not None:
            bar_state.textures[url] = texture_of(*picture)
    return len(ready) > _AT_ONCE


BACK, FORWARD, CLOSE, SEARCH, CLEAR, KIND, ACTION, FRAME = range(100, 108)
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
    picture = wanted
    columns = _columns(wide, count, wanted, scale)
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
        (number for number in range(1, count + 1) if count % number == 0 and number * cell <= wide),
        default=1,
    )


def _tall(picture: float, count: int, columns: int, scale: float) -> float:
    cell = picture + (_TITLE + _GAP) * scale
    return (_HEADER + _LINE + 3 * _GAP) * scale + count / columns * cell


def _boxes(
    middle: float, shape: tuple[int, int], picture: float, scale: float, words: Words
) -> BarLayout:
    gap = _GAP * scale
    arrow = _ARROW * scale
    line = _LINE * scale
    rows, columns = shape
    cell_width = picture + gap
    cell_height = picture + (_TITLE + _GAP) * scale
    x = middle - columns * cell_width / 2
    wide = columns * cell_width
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
    """Return the search field with its cross, the menu, and the cross that closes the bar.

    They begin above the pictures, `side` pixels from the edge of the bar.
    """
    x = header.x + side + gap / 2
    y = header.y + 2 * scale
    height = header.height - 4 * scale
    room = header.width - 2 * side - 2 * gap
    menu = min(_MENU * scale, 0.3 * room)
    search = min(_SEARCH * scale, room - menu)
    return {
        CLEAR: Box(x + search - side, y, side, height),
        SEARCH: Box(x, y, search, height),
        KIND: Box(x + search + gap, y, menu, height),
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


_SHADE: Color = (0.0, 0.0, 0.0, 0.6)  # behind white words on a picture
_WHITE: Color = (1.0, 1.0, 1.0, 1.0)
_MOST_LINES = 5


def draw_bar(context: bpy.types.Context) -> None:
    """Draw the bar, and what is known of the item under the pointer."""
    layout = layout_in(context)
    theme = Theme()
    page = assets(context)
    draw_box(layout.frame, theme.back)
    _draw_header(fields_of(context), layout, theme)
    _draw_status(fields_of(context), layout, theme)
    for cell, asset in zip(layout.cells, page, strict=False):
        _draw_cell(cell, asset, layout.picture, theme)
    draw_pointed(context)


def draw_pointed(context: bpy.types.Context) -> None:
    """Draw what is known of the item under the pointer, or the item that is dragged.

    Chips in the same region draw it once more: Blender draws them over the bar.
    """
    layout = layout_in(context)
    theme = Theme()
    place = state().hovered
    hovered = asset_at(context, place)
    if (dragged := state().dragged) is not None:
        # beside the pointer, whose tip is where the item will stand
        x, y = state().pointer
        side = 72 * theme.scale
        _draw_picture(dragged, Box(x + 12 * theme.scale, y + 4 * theme.scale, side, side), theme)
    elif hovered is not None and place < len(layout.cells) and hovered.id != state().imported:
        _draw_card(context, layout, hovered, theme)


def _draw_header(fields: MintLibrary, layout: BarLayout, theme: Theme) -> None:
    """Draw the search, the menu, and the signs on the buttons."""
    words = entries.filter_words(fields)
    sought = f"🔍 {words or translated(Message('Search'))}"
    _draw_field(SEARCH, sought, layout, theme, is_faint=not words)
    kind = entries.name_of(KINDS, fields.kind)
    _draw_field(KIND, f"{translated(Message(kind))} ▾", layout, theme)
    if words:
        _draw_button(CLEAR, "×", layout, theme)
    _draw_button(CLOSE, "×", layout, theme)
    if layout.cells:
        _draw_button(BACK, "‹", layout, theme, is_on=fields.start > 0)
        _draw_button(FORWARD, "›", layout, theme, is_on=entries.has_next_screen(fields))


def _draw_status(fields: MintLibrary, layout: BarLayout, theme: Theme) -> None:
    """Draw the words about the library, what can be done about it, and which items are shown."""
    status = entries.status(fields)
    box = layout.status
    inset = 4 * theme.scale
    lines = lines_of(translated(status.words), box.width)
    tall = box.height / len(lines)
    for number, line in enumerate(lines, start=1):
        under = Box(box.x, box.y + box.height - number * tall, box.width, tall)
        middle = box.x + (box.width - width_of(line)) / 2
        x = box.x + inset if layout.cells else middle
        draw_text(line, x, under, theme.points, theme.text)
    if ACTION in layout.buttons:
        _draw_field(ACTION, translated(status.label), layout, theme)
    if layout.cells:
        words = translated(entries.range_words(fields))
        right = layout.range.x + layout.range.width - width_of(words)
        draw_text(words, right - inset, layout.range, theme.points, theme.text)


def _draw_field(
    part: int, text: str, layout: BarLayout, theme: Theme, *, is_faint: bool = False
) -> None:
    """Draw a button with words on it."""
    box = layout.buttons[part]
    inset = 8 * theme.scale
    is_hovered = state().hovered == part
    draw_box(box, (*theme.chosen[:3], 0.5) if is_hovered else theme.empty)
    color = theme.faint if is_faint else theme.text
    room = box.width - 2 * inset - (layout.buttons[CLEAR].width if part == SEARCH else 0.0)
    draw_text(shortened(text, room), box.x + inset, box, theme.points, color)


def _draw_button(
    part: int, sign: str, layout: BarLayout, theme: Theme, *, is_on: bool = True
) -> None:
    box = layout.buttons[part]
    if is_on and state().hovered == part:
        draw_box(box, (*theme.chosen[:3], 0.5))
    points = 2 * theme.points
    color = theme.text if is_on else (*theme.text[:3], 0.2)
    x = box.x + box.width / 2 - width_of(sign)
    draw_text(sign, x, box, points, color, tall=SIGN)


def _draw_cell(cell: Box, asset: Asset, picture: float, theme: Theme) -> None:
    hovered = asset_at(bpy.context, state().hovered)
    if hovered is not None and asset.id == hovered.id:
        draw_box(cell.grown(2 * theme.scale), (*theme.chosen[:3], 0.4))
    top = Box(cell.x, cell.y + cell.height - picture, picture, picture)
    entry = entries.cell(asset)
    _draw_picture(asset, top, theme)
    if entry.state is not AssetState.DONE:
        strip = Box(top.x, top.y, top.width, 18 * theme.scale)
        draw_box(strip, _SHADE)
        label = shortened(translated(state_label(asset)), picture)
        draw_text(label, top.x + 4 * theme.scale, strip, theme.points, _WHITE)
    below = Box(cell.x, cell.y, picture, cell.height - picture)
    draw_text(shortened(entry.title, picture), cell.x, below, theme.points, theme.text)


def _draw_picture(asset: Asset, box: Box, theme: Theme) -> None:
    """Draw the picture, as large as fits into the box in its own proportion."""
    texture = state().textures.get(entries.picture_url(asset) or "")
    if texture is None:
        draw_box(box, theme.empty)
    else:
        draw_picture(texture, box)


def _draw_card(context: bpy.types.Context, layout: BarLayout, asset: Asset, theme: Theme) -> None:
    """Draw a large picture and what is known of an item, above the bar."""
    gap = 8 * theme.scale
    wide = 256 * theme.scale
    side = _height_of_picture(asset, wide)
    line = theme.points * 1.5
    lines = _lines_of(asset, wide)
    tall = side + len(lines) * line + 3 * gap
    room = context.region.height - layout.frame.y - layout.frame.height - 4 * gap
    side = max(0.0, side - max(0.0, tall - room))  # the picture gives way in a low region
    tall = side + len(lines) * line + 3 * gap
    cell = layout.cells[max(0, state().hovered)]
    wide += 2 * gap
    edge = layout.frame.x + layout.frame.width - wide
    x = min(max(cell.x + cell.width / 2 - wide / 2, layout.frame.x), max(edge, layout.frame.x))
    card = Box(x, layout.frame.y + layout.frame.height + gap, wide, tall)
    draw_box(card, (*theme.back[:3], 1.0))  # the words of a chip below it would show through
    box = Box(x + gap, card.y + tall - gap - side, wide - 2 * gap, side)
    if side:
        _draw_picture(asset, box, theme)
    for number, text in enumerate(lines, start=1):
        under = Box(x, card.y + tall - side - 2 * gap - number * line, wide, line)
        draw_text(text, x + gap, under, theme.points, theme.text if number == 1 else theme.faint)


def _height_of_picture(asset: Asset, wide: float) -> float:
    """Return how tall a picture is that is so wide, at most as tall as wide; 0 without one."""
    url = entries.picture_url(asset)
    texture = state().textures.get(url or "")
    if texture is None:
        return wide if url else 0.0
    return float(wide * min(1.0, texture.height / texture.width))


def _lines_of(asset: Asset, room: float) -> list[str]:
    """Return the title, what is known, why it failed, and the prompt in a few lines."""
    heading = translated(title(asset))
    why = reason(asset) or ""
    text = entries.prompt_of(asset) or ""
    lines = [
        *(lines_of(why, room) if why else ()),
        *(lines_of(text, room) if text and text != heading else ()),
    ]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]} …"]
    return [shortened(heading, room), *lines_of(entries.facts_of(asset), room), *lines]


Pressed = tuple[int, int, int]
"""The part that was pressed, and where, in pixels of the region."""


def hover(context: bpy.types.Context, x: float, y: float) -> int:
    """Return the part under the pointer, and remember it for drawing."""
    part = part_at(layout_in(context), x, y)
    if part != state().hovered:
        state().hovered = part
        state().imported = ""
        context.region.tag_redraw()
    return part


def drag(context: bpy.types.Context, pressed: Pressed, event: bpy.types.Event) -> None:
    """Follow the pointer; beyond the threshold for drags, a finished item is dragged."""
    part, x, y = pressed
    now = state()
    distance = max(abs(event.mouse_region_x - x), abs(event.mouse_region_y - y))
    threshold = context.preferences.inputs.drag_threshold_mouse * ui_scale()
    if now.dragged is None and distance > threshold:
        asset = asset_at(context, part)
        now.dragged = asset if asset is not None and can_import(asset) else None
    now.pointer = (event.mouse_region_x, event.mouse_region_y)
    if now.dragged is not None:
        context.region.tag_redraw()


def release(context: bpy.types.Context, part: int, *, is_double_click: bool, cancel: bool) -> None:
    """End a click or a drag."""
    now = state()
    asset, now.dragged = now.dragged, None
    context.region.tag_redraw()
    if cancel:
        return
    if asset is None:
        click(context, part, is_double_click=is_double_click)
    elif part_at(layout_in(context), *now.pointer) == OUTSIDE:
        import_asset(context, asset, location_under(context, *now.pointer))


def click(context: bpy.types.Context, part: int, *, is_double_click: bool) -> None:
    """Do what a button says, or import an item on a double click."""
    asset = asset_at(context, part)
    fields = fields_of(context)
    if part == CLOSE:
        toggle(context.area)
    elif part in {BACK, FORWARD}:
        bpy.ops.mint.turn_library(forward=part == FORWARD)  # type: ignore[attr-defined]
    elif part == SEARCH:
        bpy.ops.mint.search_library("INVOKE_DEFAULT")  # type: ignore[attr-defined]
    elif part == CLEAR:
        fields.words = ""
    elif part == KIND:
        path = "window_manager.mint_library.kind"
        bpy.ops.wm.context_menu_enum("INVOKE_DEFAULT", data_path=path)
    elif part == ACTION:
        # Blender crashes when a gizmo that is being used opens a window
        operator = entries.status(fields).operator
        bpy.app.timers.register(partial(_act, operator), first_interval=0.01)
    elif asset is not None and is_double_click and can_import(asset):
        state().imported = asset.id
        import_asset(context, asset)


def _act(operator: str) -> None:
    """Call the operator that helps, such as the one that allows online access."""
    space, name = operator.split(".")
    settings = {"module": ADDON} if operator == "preferences.addon_show" else {}
    called: Any = getattr(getattr(bpy.ops, space), name)
    if called.poll():
        called("INVOKE_DEFAULT", **settings)
    visibility.tag_redraw()


def can_import(asset: Asset) -> bool:
    """Return whether an item is finished and has files."""
    return entries.cell(asset).state is AssetState.DONE


def import_asset(
    context: bpy.types.Context, asset: Asset, location: tuple[float, float, float] | None = None
) -> None:
    """Import an item at a location, else at the 3D cursor; a mistake is shown in a popup."""
    arguments = {"location": location} if location else {}
    with mistakes_in_popup(context):
        bpy.ops.mint.import_asset(  # type: ignore[attr-defined]
            kind=asset.kind.name, asset_id=asset.id, **arguments
        )


def location_under(context: bpy.types.Context, x: float, y: float) -> tuple[float, float, float]:
    """Return the point of the surface or the floor under a pixel of the region.

    Without either it is a point as far away as the 3D cursor.
    """
    region: Any = context.region
    view: Any = context.region_data
    scene = scene_of(context)
    origin = view3d_utils.region_2d_to_origin_3d(region, view, (x, y))
    direction = view3d_utils.region_2d_to_vector_3d(region, view, (x, y))
    graph = context.evaluated_depsgraph_get()
    shown: Any = context.space_data
    surface = move.surface_on_ray(scene, graph, origin, direction, view=shown)
    cursor = scene.cursor.location
    point = (
        surface.point
        if surface is not None
        else view3d_utils.region_2d_to_location_3d(region, view, (x, y), cursor)
    )
    return point.x, point.y, point.z
