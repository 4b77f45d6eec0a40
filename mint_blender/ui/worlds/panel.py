# SPDX-License-Identifier: GPL-3.0-or-later
"""The World panel, the menu Object > Mint World, and a button in Properties > World."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ...message import Message
from .. import text_wrap, visibility
from ..create import properties as create_properties
from ..selection import panel as selection_panel
from ..selection import selected
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of, scene_of
from ..viewport import views

if TYPE_CHECKING:
    from ...scene.world.files import Part
    from .world_job import WorldParts


class _WorldPanel:
    """The place that both panels share, and when they are shown."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mint"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether the active object belongs to a World."""
        return selected.world_root(context.active_object) is not None


class MINT_PT_world(_WorldPanel, bpy.types.Panel):
    """How the selected World is looked at, and how large it is."""

    bl_idname = "MINT_PT_world"
    bl_label = ""  # its name is in the header

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draw the name."""
        root = selected.world_root(context.active_object)
        selection_panel.draw_name(layout_of(self), root, width=context.region.width)

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draw the menu with the rarer actions."""
        layout_of(self).menu("MINT_MT_selection", text="", icon="DOWNARROW_HLT")

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what a click changes about the whole World."""
        from .world_job import WorldParts

        visibility.note(selected.PANEL)
        layout, root = layout_of(self), selected.world_root(context.active_object)
        if root is None:
            return
        views.draw_buttons(layout, context.space_data, width=context.region.width)
        parts = WorldParts.known(root)
        if parts is None:
            return
        if parts.has("COLLIDER"):
            _draw_collider_display(layout, parts, context.region.width)
        if parts.is_calibration_changed:
            _draw_restoring(layout, context.region.width)
        else:
            layout.prop(parts.holder, "mint_world_scale")


def _draw_restoring(layout: bpy.types.UILayout, width: int) -> None:
    """Draw what has happened to the scale, and the button that restores it."""
    text = Message("The scale of this World was applied. Restore it before you add parts.")
    wrapped(layout, text, width=width, icon="ERROR")
    layout.operator("mint.restore_calibration", icon="LOOP_BACK")


class MINT_PT_world_parts(_WorldPanel, bpy.types.Panel):
    """The parts of the selected World."""

    bl_idname = "MINT_PT_world_parts"
    bl_parent_id = "MINT_PT_world"
    bl_label = "Parts"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Draw each part, with what adds or removes it."""
        from .world_job import WorldParts

        layout, root = layout_of(self), selected.world_root(context.active_object)
        parts = WorldParts.known(root) if root is not None else None
        if root is None or parts is None:
            return
        layout.operator("mint.flip_world", icon="FILE_REFRESH")
        if _draw_part(layout, parts, "COLLIDER"):
            _draw_collider(layout, parts)
        if _draw_part(layout, parts, "PANORAMA"):
            _draw_panorama(layout, root, scene_of(context))
        if _draw_part(layout, parts, "SPLATS"):
            _draw_splats(layout, parts)


class MINT_MT_world(bpy.types.Menu):
    """Change a Mint World."""

    bl_idname = "MINT_MT_world"
    bl_label = "Mint World"
    bl_description = "Change a Mint World"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw all operators; those that are not possible say why."""
        from ...scene.world import splats

        layout = layout_of(self)
        layout.operator("mint.look_inside", icon="HIDE_OFF")
        layout.operator("mint.restore_view", icon="LOOP_BACK")
        layout.separator()
        layout.operator("mint.flip_world", icon="FILE_REFRESH")
        layout.operator("mint.restore_calibration")
        layout.operator("mint.flip_collider")
        layout.operator_menu_enum("mint.show_collider", "how")
        layout.operator("mint.rigid_collider").on = True
        layout.separator()
        layout.operator("mint.show_panorama", icon="WORLD")
        layout.operator("mint.restore_scene_world", icon="LOOP_BACK")
        layout.separator()
        layout.operator_menu_enum("mint.add_world_part", "part")
        layout.operator_menu_enum("mint.remove_world_part", "part")
        layout.operator_menu_enum("mint.fetch_world_part", "part")
        if splats.has_native():
            layout.operator("mint.make_splats_native")


_LABELS: dict[Part, str] = {
    "COLLIDER": Message("Collider"),
    "PANORAMA": Message("Panorama"),
    "SPLATS": Message("Splats"),
}


_COLLIDER_DISPLAYS = (
    ("VISIBLE", "TEXTURED", Message("Visible")),
    ("PHYSICS", "WIRE", Message("Wire")),
    ("BOUNDS", "BOUNDS", Message("Bounds")),
)
_SPLAT_SETTINGS = (Message("Density"), Message("Size"), Message("Viewport Limit"))


def _draw_part(layout: bpy.types.UILayout, parts: WorldParts, part: Part) -> bool:
    """Draw the heading of a part with what adds or removes it; return whether it is there."""
    from ...delivery import import_job
    from ...jobs.job_values import Role
    from . import world_job

    layout.separator()
    row = layout.row()
    row.label(text=translated(_LABELS[part]), translate=False)
    if parts.has(part):
        row.operator("mint.remove_world_part", text="", icon="X", emboss=False).part = part
        return True
    job = world_job.of(parts.root)
    if job is not None and import_job.part_file(job, Role(part.lower())) is not None:
        row.operator("mint.add_world_part", text="Add").part = part
    elif part == "SPLATS":
        column = layout.row(align=True)
        for tier, label, _ in create_properties.SPLATS[1:]:
            fetch = column.operator(
                "mint.fetch_world_part", text=translated(Message(label)), translate=False
            )
            fetch.part, fetch.splats = part, tier
    else:
        row.operator("mint.fetch_world_part", text="Download").part = part
    return False


def _draw_collider_display(layout: bpy.types.UILayout, parts: WorldParts, width: int) -> None:
    """Draw the ways to show the collider."""
    shown = {each.display_type for each in parts.of_kind("collider") if each.type == "MESH"}
    column = layout.column(align=True)
    column.label(text=translated(_LABELS["COLLIDER"]), translate=False)
    labels = tuple(label for _, _, label in _COLLIDER_DISPLAYS)
    row = text_wrap.button_row(column, labels, width=width, has_icons=False)
    for how, display, label in _COLLIDER_DISPLAYS:
        button = row.operator(
            "mint.show_collider",
            text=translated(label),
            translate=False,
            depress=display in shown,
        )
        button.how = how


def _draw_collider(layout: bpy.types.UILayout, parts: WorldParts) -> None:
    is_rigid = any(each.rigid_body is not None for each in parts.of_kind("collider"))
    row = layout.row(align=True)
    row.operator("mint.rigid_collider", text="Rigid Body", depress=is_rigid).on = not is_rigid
    row.operator("mint.flip_collider", text="Turn Upright")


def _draw_panorama(
    layout: bpy.types.UILayout, root: bpy.types.Object, scene: bpy.types.Scene
) -> None:
    from ...scene.world import edit as world_edit

    if world_edit.shows_panorama(scene, root):
        layout.operator("mint.restore_scene_world", icon="LOOP_BACK")
    else:
        layout.operator("mint.show_panorama", icon="WORLD")


def _draw_splats(layout: bpy.types.UILayout, parts: WorldParts) -> None:
    """Draw Blender's own properties, which can be animated and undone like any other."""
    from ...scene.world import splats

    found = parts.of_kind("splats")
    for each in found:
        column = layout.column(align=True)
        for name in _SPLAT_SETTINGS:
            if (setting := splats.setting(each, name)) is not None:
                column.prop(*setting, text=translated(name), translate=False)
    layout.operator_menu_enum("mint.fetch_world_part", "splats", text="Change Splat Count")
    if any(map(splats.can_become_native, found)):
        layout.operator("mint.make_splats_native")


def _draw_object_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    from ...scene.world import world_objects

    if world_objects.root_of(context.active_object) is not None:
        self.layout.separator()
        self.layout.menu(MINT_MT_world.bl_idname, icon="WORLD")


def _draw_scene_world(self: bpy.types.Panel, context: bpy.types.Context) -> None:
    """Draw the button that restores the scene's World, also after the Mint World was deleted."""
    from ...scene.world import edit as world_edit

    if world_edit.shows_panorama(scene_of(context)):
        self.layout.operator("mint.restore_scene_world", icon="LOOP_BACK")


CLASSES = (MINT_MT_world, MINT_PT_world, MINT_PT_world_parts)


def add_to_menus() -> None:
    """Add the menu, and the button beside the scene's World."""
    bpy.types.VIEW3D_MT_object.append(_draw_object_menu)
    bpy.types.WORLD_PT_context_world.append(_draw_scene_world)


def remove_from_menus() -> None:
    """Remove both."""
    bpy.types.VIEW3D_MT_object.remove(_draw_object_menu)
    bpy.types.WORLD_PT_context_world.remove(_draw_scene_world)
