# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the section *Options*: settings that are rarely changed."""

from __future__ import annotations

import bpy

from ...message import Message
from ..selection import panel as selection_panel
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import scene_of
from . import form_panel, motion_choice
from . import properties as create_properties

_ANIMATE = Message("Animate Afterwards (Beta)")


def draw_header(layout: bpy.types.UILayout) -> None:
    """Draw nothing beside the title."""


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw name, style, place, size, pose and parts."""
    fields = create_properties.of(context)
    layout.use_property_split = True
    layout.use_property_decorate = False
    layout.prop(fields, "name", placeholder="From the prompt")
    form_panel.draw_style(layout, fields)
    place = layout.row()
    place.enabled = not (fields.original and fields.is_beside)
    place.prop(fields, "place")
    if fields.original:
        layout.prop(fields, "is_beside")
    if fields.place == "SELECTED" and place.enabled:
        _draw_box(layout, fields, context)
    if fields.kind == "MODEL":
        _draw_model(layout, fields, context.region.width)
    else:
        _draw_world_parts(layout, fields)
    if create_properties.is_character(fields):
        _draw_motions(layout, fields, context.region.width)


def _draw_motions(
    layout: bpy.types.UILayout, fields: create_properties.MintForm, width: int
) -> None:
    """Draw whether the character is animated, and which motions it gets; last, as it grows."""
    column = layout.column()
    column.use_property_split = False
    column.prop(fields, "animate", text=translated(_ANIMATE), translate=False)
    if fields.animate:
        motion_choice.draw(column, fields)
        motion_choice.draw_catalog(column, width)


def _draw_box(
    layout: bpy.types.UILayout, fields: create_properties.MintForm, context: bpy.types.Context
) -> None:
    """Draw into which box the result is fitted, and how."""
    box, active = create_properties.box_of(fields, context), context.active_object
    if box is None or active is None:
        words = Message("Select the object that the result shall replace.")
        wrapped(layout, words, width=context.region.width, icon="INFO")
        return
    size = selection_panel.size_words(box.size, scene_of(context))
    words = Message("Fits into {name}, {size}", name=active.name, size=size)
    wrapped(layout, words, width=context.region.width, icon="OBJECT_DATA")
    if fields.kind == "MODEL":
        layout.row().prop(fields, "fit", expand=True)


def _draw_model(layout: bpy.types.UILayout, fields: create_properties.MintForm, width: int) -> None:
    """Draw height, pose, and whether the model is optimized."""
    row = layout.row(heading="Scale to Height")
    row.prop(fields, "use_height", text="")
    sub = row.row()
    sub.active = fields.use_height
    sub.prop(fields, "height", text="")
    layout.prop(fields, "pose")
    layout.prop(fields, "optimize", text="Reduction")
    if lacking := create_properties.optimize_complaint(fields):
        wrapped(
            layout,
            Message("The polygons will not be reduced. {reason}", reason=lacking),
            icon="INFO",
            width=width,
        )


def _draw_world_parts(layout: bpy.types.UILayout, fields: create_properties.MintForm) -> None:
    """Draw which parts of a World are imported, and how."""
    layout.prop(fields, "splats")
    layout.prop(fields, "collider")
    column = layout.column()
    sub = column.column()
    sub.active = fields.collider != "NONE"
    sub.prop(fields, "rigid_body")
    column.prop(fields, "panorama", text="Panorama as World")
    column.prop(fields, "camera")
