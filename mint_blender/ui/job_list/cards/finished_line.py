# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a job that needs nothing from the user as one line: picture, title, one button, menu."""

from __future__ import annotations

import bpy

from ....jobs.job import Job
from ....jobs.job_values import Hold
from ....jobs.phases import Phase
from ....message import Message
from ....mint.schema import Kind
from ... import icons, text_wrap
from ...icons import icon_number
from ...translations import translated
from ...worlds import look_inside
from .. import background_import, card_texts, placed_results
from ..card_texts import CardTexts
from .sidebar import Sidebar

_HEIGHT = 1.4
"""Times that of a button: room for a picture in which something can be seen."""
_ENDED = {Phase.PLACED, Phase.CANCELED}
_SHOW = Message("Show")
_PLACE = Message("Place")
_REPLACE = Message("Replace")
_CANCELED = Message("Canceled")


def is_enough(sidebar: Sidebar, job: Job) -> bool:
    """Return whether one line says all about a job: it has ended, and nothing has to be decided.

    A result that is no longer in the open file can be placed again from its line.
    """
    return (
        job.phase in _ENDED
        and job.decision is None
        and job.hold is not Hold.FOREIGN
        and not sidebar.service.is_active(job.id)
        and job.id not in sidebar.kept_reviews
        and not background_import.is_preparing(job.id)
    )


def draw(layout: bpy.types.UILayout, sidebar: Sidebar, job: Job) -> None:
    """Draw the line; below that of an optimized model, how many faces it has left."""
    texts, row, is_roomy = card_texts.of(job), layout.row(), sidebar.is_roomy
    picture = icons.of_file(texts.picture) if texts.picture else 0
    if picture:
        beside = row.row()
        beside.alignment = "LEFT"  # as wide as it is high, however wide the sidebar is
        beside.template_icon(icon_value=picture, scale=_HEIGHT)
        row = row.row()  # of its own, so that the picture keeps its size
    row.scale_y = _HEIGHT
    _draw_title(row, job, texts, has_picture=bool(picture), is_roomy=is_roomy)
    buttons = row.row(align=True)
    buttons.alignment = "RIGHT"
    if job.phase is Phase.PLACED:
        _draw_button(buttons, job, texts, is_roomy=is_roomy)
    icon = icon_number("INFO" if texts.notes else "DOWNARROW_HLT")
    buttons.operator("mint.job_menu", text="", icon_value=icon, emboss=False).job_id = job.id
    if texts.version:
        draw_version(layout, texts, width=sidebar.width)


def draw_version(layout: bpy.types.UILayout, texts: CardTexts, *, width: int) -> None:
    """Draw how an optimized model differs from the original one; `width` is the sidebar's."""
    column = layout.column()
    column.active = False
    text_wrap.wrapped(column, texts.version, width=width, icon="MOD_DECIM", translate=False)


def _draw_title(
    row: bpy.types.UILayout, job: Job, texts: CardTexts, *, has_picture: bool, is_roomy: bool
) -> None:
    """Draw the title; that a job was canceled is a word, or an icon where there is no room."""
    if job.phase is Phase.PLACED:
        row.label(text=texts.title, translate=False, icon="NONE" if has_picture else "CHECKMARK")
        return
    row = row.row()
    row.active = False
    has_icon = not (has_picture and is_roomy)
    row.label(text=texts.title, translate=False, icon="CANCEL" if has_icon else "NONE")
    if is_roomy:
        word = row.row()
        word.alignment = "RIGHT"
        word.label(text=translated(_CANCELED), translate=False)


def _draw_button(row: bpy.types.UILayout, job: Job, texts: CardTexts, *, is_roomy: bool) -> None:
    """Draw what a user does most with this result: see it, place it again, or open its folder."""
    if texts.folder:
        row.operator(
            "wm.path_open", text="", icon_value=icon_number("FILE_FOLDER")
        ).filepath = texts.folder
    elif placed_results.shown(job).phase is Phase.READY:
        word = _REPLACE if placed_results.will_replace(job) else _PLACE
        text = translated(word) if is_roomy else ""
        row.operator(
            "mint.place", text=text, translate=False, icon_value=icon_number("IMPORT")
        ).job_id = job.id
    else:
        is_gray = job.kind is Kind.WORLD and _draw_look(row, job)
        if is_gray and not is_roomy:
            return  # the menu has it, too
        text = translated(_SHOW) if is_roomy else ""
        row.operator(
            "mint.select_result",
            text=text,
            translate=False,
            icon_value=icon_number("ZOOM_SELECTED"),
        ).job_id = job.id


def _draw_look(row: bpy.types.UILayout, job: Job) -> bool:
    """Draw the button that looks into a World, and the way back; or to colors, if it is gray.

    Return whether it is gray in this 3D View.
    """
    space = bpy.context.space_data
    is_gray = not look_inside.shows_color(space)
    if is_gray:
        row.operator("mint.show_colors", text="", icon_value=icon_number("COLOR"))
    row.operator("mint.look_inside", text="", icon="HIDE_OFF").job_id = job.id
    if look_inside.is_inside(space):
        row.operator("mint.look_outside", text="", icon="LOOP_BACK")
    return is_gray
