# SPDX-License-Identifier: GPL-3.0-or-later
"""The sub-panel with the pictures that go with the prompt.

Draws what is on the list, and opens nothing.
"""

from __future__ import annotations

from typing import Any

import bpy

from ...message import Message
from ...mint.limits import MAX_IMAGES
from .. import panel
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of
from . import properties as references_properties

THUMBNAIL, SMALL = 3.2, 2.0  # heights in lines of the panel
FEW = 3  # up to so many pictures are shown large


class MINT_PT_references(bpy.types.Panel):
    """Up to eight pictures, in order."""

    bl_idname = "MINT_PT_references"
    bl_parent_id = "MINT_PT_main"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mint"
    bl_label = "Reference Images"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is an API key and online access."""
        return panel.is_ready()

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the number of pictures, also while the panel is closed."""
        count = len(references_properties.entries(context.window_manager))
        if count:
            self.layout.label(
                text=translated(Message("{number} of {total}", number=count, total=MAX_IMAGES)),
                translate=False,
            )

    def draw(self, context: bpy.types.Context) -> None:
        """Draw each picture with its buttons, then a menu for more."""
        listed = references_properties.entries(context.window_manager)
        for index, entry in enumerate(listed):
            _draw_entry(layout_of(self), index, entry, len(listed))
        if not listed:
            wrapped(
                layout_of(self),
                Message("Add up to 8 images that show what you mean. A prompt is optional."),
            )
        if len(listed) < MAX_IMAGES:
            self.layout.menu("MINT_MT_references", text="Add Image", icon="ADD")


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
