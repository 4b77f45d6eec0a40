# SPDX-License-Identifier: GPL-3.0-or-later
"""Chips in the 3D Viewport, as a gizmo: which results are here, and what the other jobs wait for.

Those of results stand at the bottom. Those of jobs are stacked at the left, the oldest at the top,
and stay where they are when the view turns. The one under the pointer has a line to the box of its
result. Beside that of a Preview is the button that approves it. While the pointer is on the stack,
none moves up to where another has gone: a resting pointer never comes to another job.

`gizmos` hands them the pointer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import bpy
from bpy_extras import view3d_utils

from ...jobs.phases import Phase
from ...message import Message
from .. import session
from ..asset_bar import bar
from ..drawing import (
    SIGN,
    Box,
    Theme,
    draw_box,
    draw_lines,
    draw_picture,
    draw_text,
)
from ..pricing import paid_clicks
from ..pricing.price_dialog import with_price
from ..review import card_state
from ..text_wrap import shortened, width_of
from ..translations import translated
from ..typed_context import all_areas, mistakes_in_popup, regions_over, sides, ui_scale
from . import arrival, targets
from .arrival import Chip
from .targets import Target, active_color

# pixels at scale 1
WIDTH, HEIGHT = 190.0, 34.0
_GAP, _PADDING, _MARGIN, _TOAST = 6.0, 12.0, 8.0, 30.0
_ABOVE_EDGE = 6.0  # below a result that fills the view
_LINE = 18.0  # of the text that Blender writes into the corner of a viewport
_NAVIGATION = 110.0  # how wide Blender's gizmos for navigation are
_NARROWEST = 100.0
_TITLE = 150.0  # the most that a title has in a button
_CLOSE = "×"
_APPROVE = Message("Approve")

SHOW, CLOSE, JOB, APPROVE, BODY = "show", "close", "job", "approve", "body"
RESTORE, WALK, INSIDE, RENDER, CUBE = "restore", "walk", "inside", "render", "cube"
"""What is clicked: a button of a result, its ×, a job, the button that approves its Preview, and
where a click does nothing.
"""


class Part(NamedTuple):
    """What is under the pointer."""

    name: str
    job_id: str = ""


class _Row(NamedTuple):
    """The chip of a result."""

    chip: Chip
    text: str
    buttons: tuple[tuple[str, str, Box], ...]
    """The name of each button's part, what it says, and where it is."""
    whole: Box
    close: Box


class _Stack(NamedTuple):
    """The chips of jobs."""

    chips: list[tuple[Target, Box, Box | None]]
    """What each is about, where it is, and where the button is that approves its Preview."""
    whole: Box | None
    """The box around all of them, also around the places of those that have gone."""


def _rows(context: bpy.types.Context) -> list[_Row]:
    """Return where the chips of results are in the region: from the bottom up, the oldest first."""
    scale = ui_scale()
    bottom = _bottom(context) + _ABOVE_EDGE * scale
    rows = []
    for chip in arrival.chips():
        words = Message("{title} is here", title=chip.title)
        if chip.has_walked:
            words = Message("Inside {title}", title=chip.title)
        if chip.is_gone:
            words = Message("{title} was undone", title=chip.title)
        elif chip.count > 1:
            words = Message("{count} results are here", count=chip.count)
        rows.append(_row(context, chip, translated(words), bottom, scale))
        bottom += (_TOAST + _GAP) * scale
    return rows


def _bottom(context: bpy.types.Context) -> float:
    """Return how high the asset bar, and Blender's panel of the last operation, reach."""
    panels = [y + other.height for other, _, y in regions_over(context) if other.type == "HUD"]
    if not bar.is_shown_in(context.area):
        return float(max(panels, default=0))
    frame = bar.layout_in(context).frame
    return float(max([frame.y + frame.height, *panels]))


def _actions(chip: Chip) -> list[tuple[str, Message]]:
    """Return the name and the words of each button of a result's chip."""
    if not chip.is_shown:
        actions = [(SHOW, Message("Show"))]
        if chip.can_restore:
            actions.append((RESTORE, Message("Restore View")))
    elif chip.is_world:
        actions = [(WALK, Message("Walk"))]
        if chip.has_walked:
            actions.append((INSIDE, Message("Back Inside")))
        if chip.has_walked or not chip.is_rendered:
            actions.append((RENDER, Message("Render From Here")))
        actions.append((RESTORE, Message("Restore View")))
    else:
        actions = [(RESTORE, Message("Restore View"))]
    return [(CUBE, Message("Show Cube")), *actions] if chip.is_cube_hidden else actions


def _what_has_changed(chip: Chip) -> Message:
    """Return what was done to the start-up scene for a result that has taken its cube's place."""
    if chip.is_world:
        return Message("Cube hidden, camera and 3D cursor set")
    return Message("Cube hidden, light and camera added")


def _row(context: bpy.types.Context, chip: Chip, text: str, bottom: float, scale: float) -> _Row:
    padding = _PADDING * scale
    height = _TOAST * scale
    inset = 4 * scale
    actions = [(name, translated(words)) for name, words in _actions(chip)]
    widths = [width_of(words) + 2 * padding for _, words in actions]
    room = sum(widths) + inset * len(widths)
    left, right = sides(context)
    free = max(0.0, right - left - room - height - 3 * padding)
    # the name gives way first: what has changed beside the result has to be said
    changed = f" · {translated(_what_has_changed(chip))}" if chip.is_cube_hidden else ""
    text = shortened(shortened(text, free - width_of(changed)) + changed, free)
    wide = width_of(text) + padding
    width = padding + wide + room + height
    left = max(left, (left + right - width) / 2)
    buttons = []
    start = left + padding + wide
    for (name, words), button in zip(actions, widths, strict=True):
        buttons.append((name, words, Box(start, bottom + inset, button, height - 2 * inset)))
        start += button + inset
    return _Row(
        chip,
        text,
        tuple(buttons),
        Box(left, bottom, width, height),
        Box(left + width - height, bottom, height, height),
    )


def _stack(context: bpy.types.Context, rows: list[_Row]) -> _Stack:
    """Return where the chip of each job is in the region, as many as fit."""
    room = _room(context, rows)
    if session.existing_service() is None:
        return _Stack([], None)
    places = targets.places(context.scene)
    boxes = stacked(room, len(places), ui_scale())
    shown = [
        (target, box, _approve_box(target, box, room))
        for target, box in zip(places, boxes, strict=False)
        if target is not None
    ]
    return _Stack(shown, _around(boxes, shown))


def _around(boxes: list[Box], shown: list[tuple[Target, Box, Box | None]]) -> Box | None:
    """Return the box around the places of chips, and around their buttons."""
    if not boxes:
        return None
    first = boxes[0]
    bottom = boxes[-1].y
    ends = [button.x + button.width for _, _, button in shown if button is not None]
    right = max([first.x + first.width, *ends])
    return Box(first.x, bottom, right - first.x, first.y + first.height - bottom)


def _approve_words(target: Target, room: float) -> str:
    """Return what the button beside a chip says; with the title after a click that was refused.

    The price is never cut off: where the title has no room, it is left out.
    """
    words = translated(with_price(_APPROVE, target.credits))
    if not paid_clicks.was_refused(Part(APPROVE, target.job_id)):
        return words
    title = shortened(translated(target.title), _TITLE * ui_scale())
    again = Message("Click again to approve {title}", title=title)
    longer = translated(with_price(again, target.credits))
    return longer if width_of(longer) <= room else words


def _approve_box(target: Target, box: Box, room: Box) -> Box | None:
    """Return where the button is that approves a Preview, beside its chip.

    There is none without a price, while something is written about the Preview, and where it would
    not fit.
    """
    if not target.credits or card_state.draft(target.job_id):
        return None
    scale = ui_scale()
    left = box.x + box.width + _GAP / 2 * scale
    inside = room.x + room.width - left - 2 * _PADDING * scale
    width = width_of(_approve_words(target, inside))
    return Box(left, box.y, width + 2 * _PADDING * scale, box.height) if width <= inside else None


def stacked(room: Box, count: int, scale: float) -> list[Box]:
    """Return boxes from the top of a room down, as many as are wanted and fit into it."""
    width = min(WIDTH * scale, room.width)
    height = HEIGHT * scale
    gap = _GAP * scale
    if width < _NARROWEST * scale:
        return []
    fit = max(0, int((room.height + gap) / (height + gap)))
    top = room.y + room.height - height
    return [
        Box(room.x, top - number * (height + gap), width, height)
        for number in range(min(count, fit))
    ]


def _room(context: bpy.types.Context, rows: list[_Row]) -> Box:
    """Return where the chips of jobs may be.

    That is beside the toolbar, the sidebar and Blender's gizmos, below the text in the corner, and
    above what is at the bottom and the chips of results.
    """
    region = context.region
    scale = ui_scale()
    left, right = sides(context)
    bottom = _bottom(context)
    top = float(region.height)
    for other, _, y in regions_over(context):
        if other.type in {"HEADER", "TOOL_HEADER"} and y > region.height / 2:
            top = min(top, y)
        elif other.type in {"HEADER", "TOOL_HEADER"}:
            bottom = max(bottom, y + other.height)
    margin = _MARGIN * scale
    left = left + margin
    right = right - _NAVIGATION * scale
    tops = [row.whole.y + row.whole.height for row in rows if row.whole.x < left + WIDTH * scale]
    bottom = max([bottom, *tops]) + margin
    top -= (1.5 * _MARGIN + _lines_of_text(context) * _LINE) * scale
    return Box(left, bottom, max(0.0, right - left), max(0.0, top - bottom))


def _lines_of_text(context: bpy.types.Context) -> int:
    """Return how many lines Blender writes into the upper left corner."""
    space: Any = context.space_data
    view = context.preferences.view
    if not space.overlay.show_overlays:
        return 0
    drawn: Any = context.region_data  # of a view in quarters, that of this quarter
    is_flat = drawn is not None and drawn.view_perspective == "ORTHO"
    text = view.show_view_name + view.show_object_info + is_flat if space.overlay.show_text else 0
    return int(text) + 6 * space.overlay.show_stats


def part_at(context: bpy.types.Context, x: float, y: float) -> Part | None:
    """Return what is at a point of the region; None beside the chips."""
    rows = _rows(context)
    stack = _stack(context, rows)
    for row in rows:
        buttons = [(name, box) for name, _, box in row.buttons]
        for name, box in ((CLOSE, row.close), *buttons, (BODY, row.whole)):
            if box.contains(x, y):
                return Part(name, row.chip.job_id)
    for target, box, approve in stack.chips:
        if approve is not None and approve.contains(x, y):
            return Part(APPROVE, target.job_id)
        if box.contains(x, y):
            return Part(JOB, target.job_id)
    return None


class _State:
    region: int = 0
    """The address of the region that the pointer was in last, of all that could show chips."""


def show_in(region: bpy.types.Region) -> None:
    """Show the chips in this region, where the pointer is, and in no other one."""
    state = session.state(_State)
    if state.region != region.as_pointer():
        state.region = region.as_pointer()
        targets.tag_viewports()


def is_shown_in(region: bpy.types.Region) -> bool:
    """Return whether a region shows the chips: only one of all views and quarters of views does.

    That is where the pointer was last; before, and when that one is gone, it is the largest.
    """
    regions = {
        other.as_pointer(): other.width * other.height
        for area in all_areas()
        if area.type == "VIEW_3D"
        for other in area.regions
        if other.type == "WINDOW"
    }
    here = session.state(_State).region
    if here not in regions:
        here = max(regions, key=regions.__getitem__, default=0)
    return region.as_pointer() == here


def keep_places(context: bpy.types.Context, x: float, y: float) -> None:
    """Keep the chips in their places while the pointer, at a point of the region, is on them."""
    whole = _stack(context, _rows(context)).whole
    targets.hold(context.scene, is_held=whole is not None and whole.contains(x, y))


def draw(context: bpy.types.Context, hovered: Part | None) -> None:
    """Draw all chips; note what a click on the one under the pointer would spend."""
    note_pointed(context, hovered)  # first: what a button says depends on it
    theme = Theme()
    rows = _rows(context)
    stack = _stack(context, rows)
    for target, box, button in stack.chips:
        if hovered is not None and hovered.job_id == target.job_id:
            _draw_line(context, target, button or box)
        _draw_job(target, box, theme, is_hovered=hovered == Part(JOB, target.job_id))
        if button is not None:
            is_on = hovered == Part(APPROVE, target.job_id)
            _draw_edge(button, theme)
            room = button.width - 2 * _PADDING * theme.scale + 1
            _draw_button(_approve_words(target, room), button, theme, is_on=is_on)
    for row in rows:
        _draw_row(row, theme, hovered)
    if bar.is_shown_in(context.area):
        bar.draw_pointed(context)


def note_pointed(context: bpy.types.Context, hovered: Part | None) -> Target | None:
    """Note what a click on the button under the pointer would spend; return for which job."""
    is_paid = hovered is not None and hovered.name == APPROVE
    here = targets.targets(context.scene) if hovered is not None and is_paid else []
    target = next((each for each in here if hovered and each.job_id == hovered.job_id), None)
    shown = (target.job_id, target.preview, target.credits) if target is not None else None
    paid_clicks.note(("chips", context.region.as_pointer()), shown)
    return target


def _draw_edge(box: Box, theme: Theme) -> None:
    """Draw an edge around what is drawn next: a result may have the same color."""
    draw_box(box.grown(theme.scale), theme.edge, 7 * theme.scale)


def _draw_button(words: str, box: Box, theme: Theme, *, is_on: bool) -> None:
    """Draw a button, pressed under the pointer."""
    draw_box(box, theme.pressed if is_on else theme.button, 4 * theme.scale)
    color = theme.text_on_pressed if is_on else theme.text_on_button
    draw_text(words, box.x + _PADDING * theme.scale, box, theme.points, color)


def _draw_line(context: bpy.types.Context, target: Target, box: Box) -> None:
    """Draw a line from a chip to the box of its result, where that is drawn."""
    space: Any = context.space_data
    region: Any = context.region
    view: Any = context.region_data
    end = view3d_utils.location_3d_to_region_2d(region, view, target.above)
    if end is None or not space.overlay.show_overlays:
        return  # it is behind the view, or hidden
    start = (box.x + box.width, box.y + box.height / 2, 0.0)
    draw_lines([start, (end.x, end.y, 0.0)], active_color(context), 2.0 * ui_scale())


def _draw_job(target: Target, box: Box, theme: Theme, *, is_hovered: bool) -> None:
    """Draw picture, title, state and progress; if it waits for a person, like a pressed button."""
    scale = theme.scale
    waits = target.phase in {Phase.REVIEW, Phase.BILLING}
    if is_hovered:
        draw_box(box.grown(1.5 * scale), theme.text, 7 * scale)
    else:
        _draw_edge(box, theme)
    draw_box(box, theme.pressed if waits else theme.back, 6 * scale)
    side = box.height - 6 * scale
    picture = Box(box.x + 3 * scale, box.y + 3 * scale, side, side)
    if target.picture is None:
        draw_box(picture, theme.empty)
    else:
        draw_picture(target.picture.texture, picture)
    left = picture.x + side + 6 * scale
    room = box.x + box.width - left - 6 * scale
    text = theme.text_on_pressed if waits else theme.text
    upper = Box(left, box.y + box.height * 0.5, room, box.height * 0.42)
    lower = Box(left, box.y + box.height * 0.12, room, box.height * 0.36)
    points = theme.points
    draw_text(shortened(translated(target.title), room), left, upper, points, text)
    small = 0.9
    state = shortened(translated(target.state), room / small)
    draw_text(state, left, lower, small * points, text)
    if target.fraction is not None:
        track = Box(left, box.y + 2 * scale, room, 2 * scale)
        draw_box(track, theme.empty)
        draw_box(Box(left, track.y, room * target.fraction, track.height), theme.pressed)


def _draw_row(row: _Row, theme: Theme, hovered: Part | None) -> None:
    """Draw the chip of a result."""
    is_closing = hovered == Part(CLOSE, row.chip.job_id)
    _draw_edge(row.whole, theme)
    draw_box(row.whole, theme.back, 6 * theme.scale)
    points = theme.points
    draw_text(row.text, row.whole.x + _PADDING * theme.scale, row.whole, points, theme.text)
    for name, words, box in row.buttons:
        _draw_button(words, box, theme, is_on=hovered == Part(name, row.chip.job_id))
    middle = row.close.x + (row.close.width - width_of(_CLOSE)) / 2
    draw_text(_CLOSE, middle, row.close, points, theme.text if is_closing else theme.faint, SIGN)


def click(context: bpy.types.Context, part: Part) -> None:
    """Show a result, restore the view, close a chip, or go on with a job."""
    area = context.area
    assert area is not None
    chip = next((chip for chip in arrival.chips() if chip.job_id == part.job_id), None)
    if part.name == CLOSE and chip is not None:
        arrival.close(chip)
    elif part.name == SHOW:
        _call(context, "select_result", part.job_id)
    elif part.name in _RESULT_OPERATORS:
        operator = getattr(bpy.ops.mint, _RESULT_OPERATORS[part.name])  # type: ignore[attr-defined]
        with mistakes_in_popup(context):
            operator("INVOKE_DEFAULT")
    elif part.name == JOB:
        jobs = targets.targets(context.scene)
        phase = next((job.phase for job in jobs if job.job_id == part.job_id), None)
        _call(context, _OPERATORS.get(phase, "job_menu"), part.job_id)
    elif part.name == APPROVE:
        _approve(context, part)
    area.tag_redraw()


_RESULT_OPERATORS = {
    RESTORE: "restore_view",
    WALK: "walk_inside",
    INSIDE: "look_inside",
    RENDER: "render_from_here",
    CUBE: "show_cube",
}
"""What the buttons of a result that is shown do."""

_OPERATORS: dict[Phase | None, str] = {Phase.REVIEW: "review", Phase.READY: "place_with_mouse"}
"""What a click on the chip of a job does; else it opens the menu of the job."""


def _approve(context: bpy.types.Context, part: Part) -> None:
    """Approve the Preview that the chip shows, at the price on its button.

    That button has to have been under the pointer for a while; else it asks for another click.
    """
    target = note_pointed(context, part)
    if target is not None and target.credits and paid_clicks.counts(part):
        _call(context, "approve", part.job_id, preview=target.preview, credits=target.credits)


def _call(context: bpy.types.Context, name: str, job_id: str, **shown: Any) -> None:
    """Call an operator on a job, with what was shown; a mistake is shown in a popup."""
    operator = getattr(bpy.ops.mint, name)  # type: ignore[attr-defined]
    with mistakes_in_popup(context):
        operator("INVOKE_DEFAULT", job_id=job_id, **shown)
