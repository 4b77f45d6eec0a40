# SPDX-License-Identifier: GPL-3.0-or-later
"""The asset bar as a gizmo: it gets the pointer only where it is, and needs no modal operator.

A modal operator would run as long as the bar is open, and Blender does not save its automatic
backups meanwhile. A keymap would come after the one of the active tool.
"""

import sys
from typing import Any

import bpy

from ...addon_settings import preferences
from ...message import Message
from .. import visibility
from ..library_browser.properties import fields_of
from ..translations import translated
from ..typed_context import layout_of

_STEP = 1.15  # of the size of pictures, for each step of the wheel


class MINT_GT_asset_bar(bpy.types.Gizmo):
    """The pictures of one page, with their buttons."""

    bl_idname = "MINT_GT_asset_bar"
    __slots__ = ("pressed",)

    def setup(self) -> None:
        """Begin without a pressed button."""
        self.pressed = (-1, 0, 0)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the bar in the pixels of the region."""
        from . import bar

        visibility.note("library")
        visibility.note("asset_bar")
        bar.draw_bar(context)

    def test_select(self, context: bpy.types.Context, location: Any) -> int:
        """Return the part under the pointer; -1 outside of the bar."""
        from . import bar

        return bar.hover(context, *location)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin a click or a drag."""
        from . import bar

        self.pressed = (bar.state().hovered, event.mouse_region_x, event.mouse_region_y)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event, tweak: Any) -> set[str]:
        """Follow a drag until the mouse button is released."""
        from . import bar

        bar.drag(context, self.pressed, event)
        return {"RUNNING_MODAL"}

    def exit(self, context: bpy.types.Context, cancel: bool) -> None:
        """Do what was clicked, or import what was dragged to where it was dropped."""
        from . import bar

        bar.release(context, self.pressed[0], cancel=cancel)


class MINT_GGT_asset_bar(bpy.types.GizmoGroup):
    """The asset bar, in the 3D View where it was opened."""

    bl_idname = "MINT_GGT_asset_bar"
    bl_label = "Mint Library"
    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"PERSISTENT"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the bar is open here. It is not before its module was loaded."""
        bar = sys.modules.get(f"{__package__}.bar")
        return bar is not None and bar.is_shown_in(context.area)

    @classmethod
    def setup_keymap(cls, keyconfig: bpy.types.KeyConfig) -> bpy.types.KeyMap:
        """Return the keymap that `add_keys` fills."""
        return keyconfig.keymaps.new(cls.bl_label, space_type="VIEW_3D", region_type="WINDOW")

    @staticmethod
    def add_keys(items: bpy.types.KeyMapItems) -> None:
        """Say what mouse and keys do over the bar."""
        items.new("gizmogroup.gizmo_tweak", "LEFTMOUSE", "PRESS", any=True)
        items.new("mint.turn_library", "WHEELDOWNMOUSE", "PRESS").properties.forward = True
        items.new("mint.turn_library", "WHEELUPMOUSE", "PRESS").properties.forward = False
        resize = "mint.resize_pictures"
        items.new(resize, "WHEELUPMOUSE", "PRESS", ctrl=True).properties.larger = True
        items.new(resize, "WHEELDOWNMOUSE", "PRESS", ctrl=True).properties.larger = False
        menu = items.new("wm.call_menu", "RIGHTMOUSE", "PRESS")
        menu.properties.name = "MINT_MT_library_item"  # instead of Blender's menu of the object
        items.new("mint.search_library", "F", "PRESS", ctrl=True)
        items.new("mint.browse_library", "ESC", "PRESS")

    def setup(self, context: bpy.types.Context) -> None:
        """Make the gizmo."""
        gizmo = self.gizmos.new(MINT_GT_asset_bar.bl_idname)
        gizmo.use_draw_modal = True  # also while a picture is dragged


class MINT_OT_browse_library(bpy.types.Operator):
    """Show or hide what you generated at the bottom of the 3D View.

    Double-click a picture to import it, or drag it into the scene.
    """

    bl_idname = "mint.browse_library"
    bl_label = "Browse Library"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether this is a 3D View. The bar itself says what it lacks."""
        return context.area is not None and context.area.type == "VIEW_3D"

    def execute(self, context: bpy.types.Context) -> Any:
        """Show or hide the bar in this area."""
        from . import bar

        bar.toggle(context.area)
        return {"FINISHED"}


class MINT_OT_search_library(bpy.types.Operator):
    """Search the library by name and prompt, and filter it by state."""

    bl_idname = "mint.search_library"
    bl_label = "Search Library"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Any:
        """Open the field, ready to type."""
        return context.window_manager.invoke_popup(self, width=360)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the field, which filters with each letter, and the states."""
        layout, fields = layout_of(self), fields_of(context)
        row = layout.row()
        row.activate_init = True
        row.prop(
            fields, "words", text="", icon="VIEWZOOM", placeholder=translated(Message("Search"))
        )
        layout.row().prop(fields, "state", expand=True)

    def execute(self, context: bpy.types.Context) -> Any:
        """Do nothing: each letter was applied when it was typed."""
        return {"FINISHED"}


class MINT_OT_resize_pictures(bpy.types.Operator):
    """Make the pictures of the library larger or smaller."""

    bl_idname = "mint.resize_pictures"
    bl_label = "Resize Pictures"
    bl_options = {"INTERNAL"}

    larger: bpy.props.BoolProperty(default=True, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Any:
        """Change the size, which Blender saves with the preferences."""
        stored = preferences()
        if stored is None:
            return {"CANCELLED"}
        stored.picture_size = round(stored.picture_size * (_STEP if self.larger else 1 / _STEP))
        context.preferences.is_dirty = True
        visibility.tag_redraw()
        return {"FINISHED"}
