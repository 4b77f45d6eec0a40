# SPDX-License-Identifier: GPL-3.0-or-later
"""The section about the selected World, its menu, and a button in Properties > World.

The scale is a property of the object that has it, so that a change is an undo step of Blender's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from .. import text_wrap, visibility
from ..selection import selected
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of, scene_of
from ..viewport import views

if TYPE_CHECKING:
    from ...scene.world.files import Part
    from .world_job import WorldParts


def title(context: bpy.types.Context) -> str:
    """Return the name of the World that is selected; empty without one."""
    root = selected.world_root(context.active_object)
    return root.name if root is not None else ""


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw how the selected World is looked at, which parts are shown, and how large it is."""
    from .world_job import WorldParts

    visibility.note(selected.PANEL)
    root, width = selected.world_root(context.active_object), context.region.width
    if root is None:
        return
    views.draw_buttons(layout, context.space_data, width=width)
    parts = WorldParts.known(root)
    if parts is None:
        return
    row = text_wrap.button_row(layout, tuple(_LABELS.values()), width=width, has_icons=False)
    for part in _LABELS:
        _draw_part(row, parts, part, scene_of(context))
    if parts.is_calibration_changed:
        _draw_restoring(layout, width)
    else:
        layout.prop(parts.holder, "mint_world_scale")


def _draw_restoring(layout: bpy.types.UILayout, width: int) -> None:
    """Draw what has happened to the scale, and the button that restores it."""
    text = Message("The scale of this World was applied. Restore it before you add parts.")
    wrapped(layout, text, width=width, icon="ERROR")
    layout.operator("mint.restore_calibration", icon="LOOP_BACK")


class MINT_MT_world(bpy.types.Menu):
    """Change a Mint World."""

    bl_label = "Mint World"

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
        layout.operator_menu_enum("mint.fetch_world_part", "splats", text="Change Splat Count")
        if splats.has_native():
            layout.operator("mint.make_splats_native")


_LABELS: dict[Part, Message] = {
    "SPLATS": Message("Splats"),
    "COLLIDER": Message("Collider"),
    "PANORAMA": Message("Panorama"),
}


def _draw_part(
    row: bpy.types.UILayout, parts: WorldParts, part: Part, scene: bpy.types.Scene
) -> None:
    """Draw the button that shows or hides a part, or brings one that is not in the scene."""
    from ...delivery import import_job
    from ...jobs.job_values import Role
    from ...scene.world import edit as world_edit
    from . import world_job

    text = translated(_LABELS[part])
    if parts.has(part):
        is_shown = world_edit.shows(parts.of_kind(part.lower()), part, scene, parts.root)
        row.operator(
            "mint.toggle_world_part",
            text=text,
            translate=False,
            depress=is_shown,
        ).part = part
        return
    job = world_job.of(parts.root)
    if job is not None and import_job.part_file(job, Role(part.lower())) is not None:
        row.operator("mint.add_world_part", text=text, translate=False, icon="ADD").part = part
    elif part == "SPLATS":
        row.operator_menu_enum(
            "mint.fetch_world_part", "splats", text=text, translate=False, icon="IMPORT"
        )
    else:
        row.operator("mint.fetch_world_part", text=text, translate=False, icon="IMPORT").part = part


def _draw_object_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    from ...scene.world import world_objects

    if world_objects.root_of(context.active_object) is not None:
        self.layout.separator()
        self.layout.menu("MINT_MT_world", icon="WORLD")


def _draw_scene_world(self: bpy.types.Panel, context: bpy.types.Context) -> None:
    """Draw the button that restores the scene's World, also after the Mint World was deleted."""
    from ...scene.world import edit as world_edit

    if world_edit.shows_panorama(scene_of(context)):
        self.layout.operator("mint.restore_scene_world", icon="LOOP_BACK")


def _get_scale(self: bpy.types.Object) -> float:
    from ...scene.world import calibration

    return calibration.scale_of(self)


def _set_scale(self: bpy.types.Object, value: float) -> None:
    from ...scene.world import calibration

    calibration.set_scale(self, value)


def scale_property() -> Any:
    """Return the property for all objects; only those of Worlds show it."""
    return bpy.props.FloatProperty(
        name="Scale",
        description="Size of the whole World. 1 is the size that it came with",
        min=0.001,
        soft_min=0.1,
        soft_max=10.0,
        get=_get_scale,
        set=_set_scale,
        options=set(),
    )


MENUS = (
    (bpy.types.VIEW3D_MT_object, _draw_object_menu),
    (bpy.types.WORLD_PT_context_world, _draw_scene_world),
)
