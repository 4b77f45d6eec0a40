# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the section *Reference Images*: up to eight, in order, that go with the prompt.

Draws what is on the list, and opens nothing.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...message import Message
from ...mint.limits import MAX_IMAGES
from ..text_wrap import wrapped
from ..translations import translated
from . import properties as references_properties

THUMBNAIL, SMALL = 3.2, 2.0  # heights in lines of the panel
FEW = 3  # up to so many pictures are shown large


def draw_header(layout: bpy.types.UILayout) -> None:
    """Draw the number of images."""
    count = len(references_properties.entries(bpy.context.window_manager))
    if count:
        layout.label(
            text=translated(Message("{number} of {total}", number=count, total=MAX_IMAGES)),
            translate=False,
        )


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw each image with its buttons, then a menu for more."""
    listed = references_properties.entries(context.window_manager)
    for index, entry in enumerate(listed):
        _draw_entry(layout, index, entry, len(listed))
    if not listed:
        wrapped(
            layout,
            Message("Add up to 8 images that show what you mean. A prompt is optional."),
            width=context.region.width,
        )
    if len(listed) < MAX_IMAGES:
        layout.menu("MINT_MT_references", text="Add Image", icon="ADD")


def _draw_entry(layout: bpy.types.UILayout, index: int, entry: Any, count: int) -> None:
    box = layout.box()
    split = box.split(factor=0.3)
    thumbnail = references_properties.icon(entry)
    if thumbnail:
        split.template_icon(icon_value=thumbnail, scale=THUMBNAIL if count <= FEW else SMALL)
    else:
        split.label(text="", icon="URL" if entry.source.startswith("https://") else "IMAGE_DATA")
    column = split.column(align=True)
    column.label(text=entry.name, translate=False)
    row = column.row(align=True)
    if count > 1:
        _draw_move(row, index, -1, "TRIA_UP", index > 0)
        _draw_move(row, index, 1, "TRIA_DOWN", index < count - 1)
    row.operator("mint.remove_reference", text="", icon="X").index = index
    if entry.problem:
        wrapped(box, references_properties.message(entry), icon="ERROR")
        box.operator(
            "mint.fit_reference", text="Convert" if entry.is_odd else "Scale Down", icon="MODIFIER"
        ).index = index
    elif entry.note:
        wrapped(box, references_properties.message(entry), icon="INFO")


def _draw_move(row: bpy.types.UILayout, index: int, by: int, icon: Any, is_possible: bool) -> None:
    sub = row.row(align=True)
    sub.enabled = is_possible
    move = sub.operator("mint.move_reference", text="", icon=icon)
    move.index, move.by = index, by
