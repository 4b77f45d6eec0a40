# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu for what is done with a result after it has landed.

It is in the panel of a result, in the menu Object, where F3 finds what is in it, and in the menu of
a right click on a result.
"""

from typing import Any

import bpy

from ...message import Message
from ..text_wrap import button_row, wrapped
from ..translations import translated
from ..typed_context import layout_of
from . import light, lighter

_LIGHTER = Message("Make Lighter…")
_LEVELS = Message("Levels of Detail…")
_SHOW_ALL = Message("End Crop, Show All Splats")
_REMOVE = Message("End Crop, Remove Outside")
_SAVE_SPLATS = Message("Save Splats…")


class MINT_MT_after(bpy.types.Menu):
    """Put it on the floor, light it, look at it; this costs no Credits."""

    bl_label = "Floor, Light and Cameras"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw all operators; those for splats only if splats are selected."""
        layout = layout_of(self)
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("mint.drop_to_floor", icon="SORT_ASC")
        layout.operator("mint.let_fall", icon="PHYSICS")
        has_shadow = light.is_on(context)
        layout.operator(
            "mint.ground_shadow", icon="CHECKBOX_HLT" if has_shadow else "CHECKBOX_DEHLT"
        )
        layout.operator("mint.mix_with_scene_light", icon="LIGHT_SUN")
        layout.separator()
        layout.menu("MINT_MT_viewpoints", icon="CAMERA_DATA")
        layout.separator()
        _draw_splats(layout, context)
        layout.label(text=translated(Message("These cost no Credits.")), translate=False)


def draw(layout: bpy.types.UILayout) -> None:
    """Draw the menus as buttons in the panel of a result."""
    layout.menu("MINT_MT_after", icon="TOOL_SETTINGS")


def draw_crop(layout: bpy.types.UILayout, world: bpy.types.Object, width: int) -> None:
    """Draw how to go on while splats are cropped. `width` is the sidebar's."""
    from ...scene.after import splats

    if splats.box_of(world) is not None:
        words = Message("Move and scale the box: it hides what is outside.")
        wrapped(layout, words, width=width, icon="CUBE")
        _draw_ends_of_crop(layout.column(align=True))


def _draw_splats(layout: Any, context: bpy.types.Context) -> None:
    """Draw what is done with splats, if some are selected."""
    from ...scene.after import splats

    shown = splats.splats_of(context.active_object)
    if not shown:
        return
    if splats.box_of(shown[0]) is None:
        layout.operator("mint.crop_splats", icon="CUBE")
    else:
        _draw_ends_of_crop(layout)
    layout.operator(
        "mint.save_splats", text=translated(_SAVE_SPLATS), translate=False, icon="EXPORT"
    )
    layout.separator()


def _draw_ends_of_crop(layout: Any) -> None:
    layout.operator("mint.end_crop", text=translated(_SHOW_ALL), translate=False)
    outside = layout.operator("mint.end_crop", text=translated(_REMOVE), translate=False)
    outside.remove_outside = True


def draw_model(layout: bpy.types.UILayout, root: bpy.types.Object, width: int) -> None:
    """Draw what is done with a model: fewer faces, and an engine. `width` is the sidebar's."""
    lighter.draw(layout, root)
    row = button_row(layout, (_LIGHTER, _LEVELS), width=width)
    _draw_fewer_faces(row)
    layout.menu("MINT_MT_export", icon="EXPORT")


def _draw_fewer_faces(layout: Any) -> None:
    layout.operator_context = "INVOKE_DEFAULT"
    for name, words in (("make_lighter", _LIGHTER), ("levels_of_detail", _LEVELS)):
        layout.operator(f"mint.{name}", text=translated(words), translate=False, icon="MOD_DECIM")


def _draw_object_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("MINT_MT_export", icon="EXPORT")
    _draw_fewer_faces(self.layout)
    self.layout.menu("MINT_MT_after", icon="TOOL_SETTINGS")


def _draw_context_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    from ..selection import selected

    if selected.root_of(context.active_object) is not None:
        _draw_object_menu(self, context)


MENUS = (
    (bpy.types.VIEW3D_MT_object, _draw_object_menu),
    (bpy.types.VIEW3D_MT_object_context_menu, _draw_context_menu),
)
