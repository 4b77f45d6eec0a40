# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the part of a card that asks for a decision about a Preview."""

from __future__ import annotations

from typing import Any

import bpy

from ...jobs.job import Job
from ...message import Message
from .. import icons
from ..translations import translated
from . import review_feedback

_LARGE = 9.0  # times the height of a button


def draw(box: bpy.types.UILayout, job: Job) -> None:
    """Draw the Preview, large, and the buttons to decide about it."""
    draft = review_feedback.of(job.id)
    previews = job.previews
    shown = shown_preview(job)
    if previews and shown:
        box.template_icon(icon_value=icons.of_file(previews[shown - 1].path), scale=_LARGE)
    if previews:
        row = box.row(align=True)
        row.operator("mint.show_preview", text="View Full Size", icon="IMAGE_DATA").job_id = job.id
        if len(previews) > 1 or not shown:
            turning = row.row(align=True)
            turning.alignment = "RIGHT"
            _draw_turning(turning, job, shown, len(previews))
    column = box.column(align=True)
    column.scale_y = 1.3
    is_plain = shown == len(previews) and job.has_preview
    # the other labels are longer than half a sidebar is wide
    row = column.row(align=True) if is_plain else column
    _draw_approve(row, job, shown)
    row.operator("mint.cancel", text="Cancel", icon="X").job_id = job.id
    if draft is not None:
        row = box.split(factor=0.68, align=True)
        row.prop(draft, "feedback", text="", placeholder="What should change?")
        row.operator("mint.revise", text="Revise", icon="FILE_REFRESH").job_id = job.id


def shown_preview(job: Job) -> int:
    """Return the number of the Preview that is shown, from 1 on.

    0 means none: there is no picture of the one that would be approved.
    """
    draft = review_feedback.of(job.id)
    if draft is not None and draft.shown:
        return min(draft.shown, len(job.previews))
    return len(job.previews) if job.has_preview else 0


def _draw_approve(row: bpy.types.UILayout, job: Job, shown: int) -> None:
    """Draw the button that approves the newest Preview; without its picture, it says so.

    Mint continues with the newest Preview, whichever is shown, so only that one can be approved.
    """
    newest = len(job.previews)
    if not job.has_preview:
        row.operator(
            "mint.approve", text="Approve Without Picture", icon="CHECKMARK"
        ).job_id = job.id
    elif shown == newest:
        approve = row.operator("mint.approve", text="Approve", icon="CHECKMARK")
        approve.job_id, approve.preview = job.id, newest
    else:
        turn = row.operator(
            "mint.turn_preview",
            text=translated(Message("Back to Preview {number}", number=newest)),
            translate=False,
            icon="LOOP_FORWARDS",
        )
        turn.job_id, turn.to = job.id, newest


def _draw_turning(row: bpy.types.UILayout, job: Job, shown: int, count: int) -> None:
    """Draw the arrows between the Previews of a job."""
    icon: Any
    for step, icon in ((-1, "TRIA_LEFT"), (1, "TRIA_RIGHT")):
        if step > 0:
            row.label(
                text=translated(Message("{number} of {total}", number=shown, total=count)),
                translate=False,
            )
        turn = row.operator("mint.turn_preview", text="", icon=icon)
        turn.job_id, turn.to = job.id, min(count, max(1, shown + step))
