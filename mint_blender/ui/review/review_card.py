# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the part of a card that asks for a decision about a Preview."""

from __future__ import annotations

from typing import Any

import bpy

from ...jobs.job import Job
from ...message import Message
from .. import text_wrap, visibility
from ..icons import icon_number
from ..text_wrap import width_of
from ..translations import translated
from ..typed_context import ui_scale
from . import large_previews, review_feedback

_MARGINS = 60.0  # pixels of a sidebar beside the content of a box: tabs, panel and box
_PADDING = 8.0  # pixels that Blender leaves around an icon, at any scale
_ICON = 27.0  # pixels, at scale 1, that the text of a button with an icon cannot have
_FIELD = 9.0  # the same of a text field
_HINT, _SHORT_HINT = Message("What should change?"), Message("Feedback")
_VIEW = Message("View Full Size")
_APPROVE = 1.5  # times the height of a button


def draw(box: bpy.types.UILayout, job: Job, *, width: int) -> None:
    """Draw the Preview as wide as the sidebar, and the buttons to decide about it.

    Beside the newest Preview is the one that it is compared with. Mint continues with the newest,
    so only that one can be approved.
    """
    visibility.note(large_previews.NAME)
    earlier, newest = review_feedback.compared(job)
    _draw_pictures(box, job, earlier, newest, width)
    row = box.row()
    row.scale_y = _APPROVE
    row.active_default = bool(newest)
    _draw_approve(row, job, newest)
    draft = review_feedback.of(job.id)
    if draft is not None:
        row = box.split(factor=0.68, align=True)
        row.prop(draft, "feedback", text="", placeholder=_hint(width))
        button = row.row(align=True)
        button.enabled = bool(draft.feedback.strip())
        button.operator("mint.revise", text="Revise").job_id = job.id
    row = box.row()
    row.alignment = "RIGHT"
    row.operator(
        "mint.cancel", text="Cancel…" if job.cost else "Cancel", icon_value=icon_number("X")
    ).job_id = job.id


def _hint(width: int) -> str:
    """Return what the empty field for the feedback says; it has 68 percent of the box."""
    room = 0.68 * (width - text_wrap.scaled(text_wrap.BOX)) - text_wrap.scaled(_FIELD)
    hint = translated(_HINT)
    return hint if width_of(hint) <= room else translated(_SHORT_HINT)


def _draw_pictures(
    box: bpy.types.UILayout, job: Job, earlier: int, newest: int, width: int
) -> None:
    """Draw the newest Preview, and the one that it is compared with, each with its button."""
    shown = [number for number in (earlier, newest) if number]
    if not shown:
        return
    # halves of a split are equal, whatever is in them
    row = box.split(factor=0.5, align=True) if len(shown) > 1 else box.row()
    room = (width - _MARGINS * ui_scale()) / len(shown)
    for number in shown:
        column = row.column(align=True)
        _draw_picture(column, job.previews[number - 1].path, room)
        caption = column.row(align=True)
        count = len(job.previews) - (1 if newest else 0) if number == earlier else 1
        _draw_turning(caption, job, number - 1, count, "TRIA_LEFT")
        _draw_view(caption, job, number, is_only=len(shown) == 1, room=room if count == 1 else 0.0)
        _draw_turning(caption, job, number + 1, count, "TRIA_RIGHT")


def _draw_view(
    row: bpy.types.UILayout, job: Job, number: int, *, is_only: bool, room: float
) -> None:
    """Draw the button below a Preview, which names it and shows it in full size."""
    text = _VIEW if is_only else Message("Preview {number}", number=number)
    has_room = room > 0 and width_of(translated(text)) + text_wrap.scaled(_ICON) <= room
    view = row.operator(
        "mint.show_preview",
        text=translated(text),
        translate=False,
        icon_value=icon_number("ZOOM_IN") if has_room else 0,
    )
    view.job_id, view.preview = job.id, number


def _draw_picture(layout: bpy.types.UILayout, path: str, room: float) -> None:
    """Draw a picture as wide as `room`, in pixels.

    The icon is a square, and the picture is at its top: what follows is drawn over the rest.
    """
    pixel_size = bpy.context.preferences.system.pixel_size
    unit = round(18.0 * ui_scale()) + 2.0 * pixel_size  # Blender's height of a button
    area = layout.column()
    height = (room - _PADDING) * large_previews.height(path) + _PADDING
    area.ui_units_y = height / unit
    area.template_icon(icon_value=large_previews.icon(path), scale=room / unit)


def _draw_turning(row: bpy.types.UILayout, job: Job, to: int, count: int, icon: Any) -> None:
    """Draw an arrow to another Preview to compare with, if there are several."""
    if count > 1:
        arrow = row.row(align=True)
        arrow.enabled = 0 < to <= count
        turn = arrow.operator("mint.turn_preview", text="", icon=icon)
        turn.job_id, turn.to = job.id, max(1, to)


def _draw_approve(row: bpy.types.UILayout, job: Job, newest: int) -> None:
    """Draw the button that approves the newest Preview; without its picture, it says so."""
    if newest:
        approve = row.operator("mint.approve", text="Approve", icon="CHECKMARK")
        approve.job_id, approve.preview = job.id, newest
    else:
        row.operator(
            "mint.approve", text="Approve Without Picture", icon="CHECKMARK"
        ).job_id = job.id
