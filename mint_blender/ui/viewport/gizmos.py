# SPDX-License-Identifier: GPL-3.0-or-later
"""The chips and the asset bar as gizmos: they get the pointer only where they are.

So they need no modal operator, which would run as long as they are shown: Blender does not save its
automatic backups meanwhile. A keymap would come after the one of the active tool.
"""

import sys
from typing import Any

import bpy

from ... import __package__ as ADDON
from .. import session, visibility
from . import arrival


def _bar() -> Any:
    """Return the module of the asset bar, which was loaded when the bar was opened."""
    from ..asset_bar import bar

    return bar


def _chips() -> Any:
    """Return the module of the chips, which is loaded when there are some."""
    from . import chips

    return chips


class MINT_GT_chips(bpy.types.Gizmo):
    """The chips of one 3D Viewport."""

    bl_idname = "MINT_GT_chips"
    __slots__ = ("hovered", "pointer", "pressed")
    hovered: Any  # Part or None
    pressed: Any
    pointer: tuple[float, float]

    def setup(self) -> None:
        """Begin without the pointer."""
        self.hovered = self.pressed = None
        self.pointer = (-1.0, -1.0)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the chips in the pixels of the region.

        What is under a resting pointer may have changed since it came.
        """
        if not _chips().is_shown_in(context.region):
            return
        _chips().draw(context, _chips().part_at(context, *self.pointer))

    def test_select(self, context: bpy.types.Context, location: Any) -> int:
        """Return whether a chip is under the pointer: 0, or -1."""
        x, y = location
        self._hover(context, x, y)
        return -1 if self.hovered is None else 0

    def _hover(self, context: bpy.types.Context, x: float, y: float) -> None:
        """Note what is under the pointer, and keep the chips there while it is on them."""
        self.pointer = (x, y)
        chips = _chips()
        chips.show_in(context.region)
        chips.keep_places(context, x, y)
        part = chips.part_at(context, x, y)
        if part != self.hovered:
            self.hovered = part
            context.region.tag_redraw()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin a click."""
        self._hover(context, event.mouse_region_x, event.mouse_region_y)
        self.pressed = self.hovered
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event, tweak: Any) -> set[str]:
        """Wait until the mouse button is released."""
        self._hover(context, event.mouse_region_x, event.mouse_region_y)
        return {"RUNNING_MODAL"}

    def exit(self, context: bpy.types.Context, cancel: bool) -> None:
        """Do what was clicked, unless something else is under the pointer by now."""
        if not cancel and self.pressed is not None and self.pressed == self.hovered:
            _chips().click(context, self.pressed)


class _Group(bpy.types.GizmoGroup):
    """Base of both: one gizmo in each 3D View that it is shown in."""

    is_shown_while_dragged = False

    bl_space_type = "VIEW_3D"
    bl_region_type = "WINDOW"
    bl_options = {"PERSISTENT"}

    @classmethod
    def setup_keymap(cls, keyconfig: bpy.types.KeyConfig) -> bpy.types.KeyMap:
        """Return the keymap that `add_keys` fills."""
        return keyconfig.keymaps.new(cls.bl_label, space_type="VIEW_3D", region_type="WINDOW")

    def setup(self, context: bpy.types.Context) -> None:
        """Make the gizmo."""
        gizmo = self.gizmos.new(self.bl_idname.replace("GGT", "GT"))
        gizmo.use_draw_modal = self.is_shown_while_dragged


class MINT_GGT_chips(_Group):
    """The chips, in each 3D Viewport while there are any."""

    bl_idname = "MINT_GGT_chips"
    bl_label = "Mint Results"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there are chips to show."""
        if arrival.chips():
            return True
        if session.existing_service() is None:
            return False  # without jobs: what follows them is not imported
        from . import targets

        return bool(targets.targets(context.scene))

    @staticmethod
    def add_keys(items: bpy.types.KeyMapItems) -> None:
        """Say what the mouse does over a chip."""
        items.new("gizmogroup.gizmo_tweak", "LEFTMOUSE", "PRESS", any=True)


class MINT_GT_asset_bar(bpy.types.Gizmo):
    """The pictures of one page, with their buttons."""

    bl_idname = "MINT_GT_asset_bar"
    __slots__ = ("is_double_click", "pressed")

    def setup(self) -> None:
        """Begin without a pressed button."""
        self.pressed = (-1, 0, 0)
        self.is_double_click = False

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the bar in the pixels of the region."""
        visibility.note("library")
        visibility.note("asset_bar")
        _bar().draw_bar(context)

    def test_select(self, context: bpy.types.Context, location: Any) -> int:
        """Return the part under the pointer; -1 outside of the bar."""
        return _bar().hover(context, *location)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Begin a click or a drag."""
        self.is_double_click = event.value == "DOUBLE_CLICK"
        self.pressed = (_bar().state().hovered, event.mouse_region_x, event.mouse_region_y)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event, tweak: Any) -> set[str]:
        """Follow a drag until the mouse button is released."""
        _bar().drag(context, self.pressed, event)
        return {"RUNNING_MODAL"}

    def exit(self, context: bpy.types.Context, cancel: bool) -> None:
        """Do what was clicked, or import what was dragged to where it was dropped."""
        _bar().release(
            context, self.pressed[0], is_double_click=self.is_double_click, cancel=cancel
        )


class MINT_GGT_asset_bar(_Group):
    """The asset bar, in the 3D View where it was opened."""

    bl_idname = "MINT_GGT_asset_bar"
    bl_label = "Mint Library"
    is_shown_while_dragged = True

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the bar is open here. It is not before its module was loaded."""
        bar = sys.modules.get(f"{ADDON}.ui.asset_bar.bar")
        return bar is not None and bar.is_shown_in(context.area)

    @staticmethod
    def add_keys(items: bpy.types.KeyMapItems) -> None:
        """Say what mouse and keys do over the bar."""
        items.new("gizmogroup.gizmo_tweak", "LEFTMOUSE", "DOUBLE_CLICK", any=True)
        items.new("gizmogroup.gizmo_tweak", "LEFTMOUSE", "PRESS", any=True)
        items.new("mint.turn_library", "WHEELDOWNMOUSE", "PRESS").properties.forward = True
        items.new("mint.turn_library", "WHEELUPMOUSE", "PRESS").properties.forward = False
        menu = items.new("wm.call_menu", "RIGHTMOUSE", "PRESS")
        menu.properties.name = "MINT_MT_library_item"  # instead of Blender's menu of the object
        items.new("mint.search_library", "F", "PRESS", ctrl=True)
        items.new("mint.browse_library", "ESC", "PRESS")
