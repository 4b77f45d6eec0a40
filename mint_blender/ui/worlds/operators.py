# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a World in the scene.

Each operator works on the World that the active object belongs to. Selection and mode stay; if the
active object is removed, the World's root becomes active.
"""

from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message, UserError
from .. import session, text_wrap, visibility
from ..after import cameras as viewpoints
from ..after import menus as after_menus
from ..create import properties as create_properties
from ..job_actions import Result, attempt, report_error, run_action
from ..operator_bases import CheckedOperator
from ..selection import selected
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import layout_of, scene_of
from ..viewport import views

if TYPE_CHECKING:
    from pathlib import Path

    from ...scene.world.files import Part
    from .world_job import WorldParts

PARTS = [
    ("COLLIDER", "Collider", "The mesh of floors and walls"),
    ("PANORAMA", "Panorama", "The 360° panorama picture"),
    ("SPLATS", "Splats", "The Gaussian splats"),
]
SHOWN = [
    ("VISIBLE", "Visible", "Solid and rendered, with the panorama on it"),
    ("PHYSICS", "Physics Only", "Displayed as wire and not rendered"),
    ("BOUNDS", "Bounds", "Displayed as a box and not rendered"),
    ("AUTO", "Auto", "Visible with the panorama on it, unless splats are shown"),
]


REPAIRS = [
    ("UPRIGHT", "Turn Upright", "Turn the whole World over"),
    ("COLLIDER", "Turn Collider Upright", "Turn only the collider over"),
    (
        "SCALE",
        "Restore Scale",
        "Restore the scale and rotation of the World's parts, after Apply Scale or Apply Rotation",
    ),
]
_LACKING: "dict[Part, Message]" = {
    "COLLIDER": Message("This World has no collider in the scene."),
    "PANORAMA": Message("This World has no panorama in the scene."),
    "SPLATS": Message("This World has no splats in the scene."),
}


def _active_root(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the root of the World that the active object belongs to, or that was used last."""
    from ...scene.world import world_objects

    return world_objects.root_of(context.active_object) or selected.world_root(None)


class _WorldOperator(CheckedOperator):
    """Base of all: finds the World of the active object."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why there is no World that can be changed; empty if there is one."""
        from .world_job import WorldParts

        root = _active_root(context)
        if root is None:
            return Message("Select a Mint World, or something in it.")
        if root.library:
            return Message("This World is linked from another file and can be changed only there.")
        parts = WorldParts.under(root)
        if parts.is_edited:
            return Message(
                "A part of this World is in Edit Mode. Switch to Object Mode, then try again."
            )
        return cls.lacking(parts)

    needs: Any = None
    """The part of the World that this is about."""

    @classmethod
    def lacking(cls, parts: "WorldParts") -> str:
        """Return what the World lacks for this; empty if nothing."""
        return "" if cls.needs is None or parts.has(cls.needs) else _LACKING[cls.needs]

    def execute(self, context: bpy.types.Context) -> Result:
        """Make the change; if a file is bad, report it and change nothing."""
        from .world_job import WorldParts

        root = _active_root(context)
        assert root is not None, "poll has seen one"
        scene = scene_of(context)
        return attempt(self, lambda: self.change(WorldParts.under(root), scene))

    def change(self, parts: "WorldParts", scene: bpy.types.Scene) -> None:
        """Make the one change of this operator."""
        raise NotImplementedError


class MINT_OT_repair_world(_WorldOperator):
    """Put right how this World stands.

    Its camera stays upright, and what is in it stays where it is.
    """

    bl_idname = "mint.repair_world"
    bl_label = "Repair"

    what: bpy.props.EnumProperty(name="Repair", items=REPAIRS)

    def change(self, parts: "WorldParts", scene: bpy.types.Scene) -> None:
        """Turn the World or its collider over, or restore its scale."""
        from ...scene.world import calibration
        from ...scene.world import edit as world_edit

        if self.what == "UPRIGHT":
            world_edit.flip(parts.root)
        elif self.what == "COLLIDER":
            world_edit.flip_collider(parts.root)
        elif parts.is_calibration_changed:
            calibration.restore(parts.holder, parts.capture_point)
        else:
            raise UserError(Message("The scale of this World is right."))


class MINT_OT_show_collider(_WorldOperator):
    """Whether the collider is visible or only a shape for physics."""

    bl_idname = "mint.show_collider"
    bl_label = "Show Collider"
    needs = "COLLIDER"

    how: bpy.props.EnumProperty(name="Collider", items=SHOWN)

    def change(self, parts: "WorldParts", scene: bpy.types.Scene) -> None:
        """Show the collider; the choice stays when parts are added or removed."""
        from ...scene.world import edit as world_edit

        world_edit.show_collider(parts.root, self.how, scene=scene)


class MINT_OT_toggle_world_part(_WorldOperator):
    """Show this part of the World, or hide it.

    Nothing is deleted.
    """

    bl_idname = "mint.toggle_world_part"
    bl_label = "Show Part"

    part: bpy.props.EnumProperty(name="Part", items=PARTS)

    def change(self, parts: "WorldParts", scene: bpy.types.Scene) -> None:
        """Show or hide the part, unless the World lacks it."""
        from ...scene.world import edit as world_edit

        if not parts.has(self.part):
            raise UserError(Message("This part of the World is not in the scene. Add it first."))
        world_edit.toggle(parts.root, self.part, scene)


class MINT_OT_restore_scene_world(CheckedOperator):
    """Restore the background that the scene had before the panorama."""

    bl_idname = "mint.restore_scene_world"
    bl_label = "Restore Previous Background"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that the scene shows no panorama."""
        from ...scene.world import edit as world_edit

        is_shown = world_edit.shows_panorama(scene_of(context))
        return "" if is_shown else Message("The scene shows no panorama of a Mint World.")

    def execute(self, context: bpy.types.Context) -> Result:
        """Restore the previous background; the panorama stays in the file."""
        from ...scene.world import panorama

        panorama.restore_earlier_world(scene_of(context))
        return {"FINISHED"}


class MINT_OT_make_splats_native(_WorldOperator):
    """Convert these splats to native splats, which are faster and sharper."""

    bl_idname = "mint.make_splats_native"
    bl_label = "Make Splats Native"
    needs = "SPLATS"

    @classmethod
    def lacking(cls, parts: "WorldParts") -> str:
        """Return a message without splats, or without native splats in this Blender."""
        from ...scene.world import splats

        if not splats.has_native():
            return Message("Native splats require Blender 5.3 or later.")
        if any(map(splats.can_become_native, parts.of_kind("splats"))):
            return ""
        return super().lacking(parts) or Message("The splats of this World are already native.")

    def change(self, parts: "WorldParts", scene: bpy.types.Scene) -> None:
        """Convert each object of splats."""
        from ...scene.world import splats
        from . import world_job

        job = world_job.of(parts.root)
        path = world_job.file_of(job, "SPLATS") if job else None
        for obj in filter(splats.can_become_native, parts.of_kind("splats")):
            splats.make_native(obj, path)


class MINT_OT_remove_world_part(_WorldOperator):
    """Remove a part of this World from the scene.

    Its file is kept, so you can add it again.
    """

    bl_idname = "mint.remove_world_part"
    bl_label = "Remove Part"

    part: bpy.props.EnumProperty(name="Part", items=PARTS)

    def execute(self, context: bpy.types.Context) -> Result:
        """Remove the part; if it was active, the World's root becomes active."""
        root = _active_root(context)
        result = super().execute(context)
        if context.view_layer.objects.active is None:
            context.view_layer.objects.active = root
        return result

    def change(self, parts: "WorldParts", scene: bpy.types.Scene) -> None:
        """Remove the part; without the panorama the scene gets its earlier World back."""
        from ...scene.world import build as world_build

        world_build.remove_part(parts.root, self.part, scene=scene)


class MINT_OT_fetch_world_part(_WorldOperator):
    """Bring a part of this World from disk, or download it.

    This costs no Credits.
    """

    bl_idname = "mint.fetch_world_part"
    bl_label = "Add Part"
    bl_options = {"REGISTER"}  # what comes is an undo step of its own

    part: bpy.props.EnumProperty(name="Part", items=PARTS, default="SPLATS")
    splats: bpy.props.EnumProperty(
        name="Splats", items=create_properties.SPLATS[1:], description="Number of splats"
    )

    @classmethod
    def lacking(cls, parts: "WorldParts") -> str:
        """Return why no more parts can be fetched; empty if they can."""
        from . import world_job

        return world_job.why_not_fetch(parts.root)

    def execute(self, context: bpy.types.Context) -> Result:
        """Add the part from the file of the World's job, or resume the job to download it."""
        from ...scene import undo_step
        from . import world_job
        from .world_job import WorldParts

        root = _active_root(context)
        job = world_job.of(root) if root else None
        if root is None or job is None:
            return {"CANCELLED"}
        is_missing = not WorldParts.under(root).has(self.part)
        is_any = self.part != "SPLATS" or not self.properties.is_property_set("splats")
        path = world_job.file_of(job, self.part) if is_missing and is_any else None
        if path is not None:
            part: Part = self.part
            result = attempt(self, lambda: _add(root, part, path, scene_of(context)))
            undo_step.push(translated(Message("Add Part")))
            return result
        wanted: dict[str, Any] = {"replaces": True, "document": session.document_id()}
        wanted["scene"] = context.scene.name
        if self.part == "SPLATS":
            wanted["splats"] = self.splats
        if self.part == "COLLIDER" and job.delivery.collider == "NONE":
            wanted["collider"] = "AUTO"
        result = run_action(self, lambda service: world_job.fetch(service, job.id, wanted))
        if result == {"FINISHED"} and bpy.app.background:
            return self._place_part(job.id)
        return result

    def _place_part(self, job_id: str) -> Result:
        """Place the result: in background mode no heartbeat does."""
        from ..job_list import auto_import

        complaint = auto_import.import_result(session.service(), session.service().job(job_id))
        return report_error(self, complaint) if complaint else {"FINISHED"}


def _add(root: bpy.types.Object, part: "Part", path: "Path", scene: bpy.types.Scene) -> None:
    from ...scene.world import build as world_build

    world_build.add_parts(root, {part: path}, scene=scene)


def title(context: bpy.types.Context) -> str:
    """Return the name of the World that is selected; empty without one."""
    root = selected.world_root(context.active_object)
    return root.name if root is not None else ""


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw how the selected World is looked at, which parts are shown, and how large it is."""
    from .world_job import WorldParts

    visibility.note(selected.PANEL)
    root = selected.world_root(context.active_object)
    width = context.region.width
    if root is None:
        return
    views.draw_buttons(layout, context.space_data, width=width)
    parts = WorldParts.known(root)
    if parts is None:
        return
    row = text_wrap.button_row(layout, tuple(_LABELS.values()), width=width, has_icons=False)
    for part in _LABELS:
        _draw_part(row, parts, part, scene_of(context))
    viewpoints.draw(layout, parts.objects, context)
    after_menus.draw(layout)
    after_menus.draw_crop(layout, root, width)
    if parts.is_calibration_changed:
        text = Message("The scale of this World was applied. Restore it before you add parts.")
        wrapped(layout, text, width=width, icon="ERROR")
        layout.operator(
            "mint.repair_world",
            text=translated(Message("Restore Scale")),
            translate=False,
            icon="LOOP_BACK",
        ).what = "SCALE"
    else:
        layout.prop(parts.holder, "mint_world_scale")


class MINT_MT_world(bpy.types.Menu):
    """Change a Mint World."""

    bl_label = "Mint World"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw all operators; those that are not possible say why."""
        from ...scene.world import splats

        layout = layout_of(self)
        is_changed = views.is_changed(context.space_data)
        layout.operator("mint.restore_view" if is_changed else "mint.look_inside", icon="HIDE_OFF")
        layout.operator_menu_enum("mint.show_collider", "how")
        layout.operator_menu_enum("mint.fetch_world_part", "splats", text="Change Splat Count")
        layout.operator_menu_enum("mint.remove_world_part", "part")
        layout.operator_menu_enum("mint.repair_world", "what")
        if splats.has_native():
            layout.operator("mint.make_splats_native")


_LABELS: "dict[Part, Message]" = {
    "SPLATS": Message("Splats"),
    "COLLIDER": Message("Collider"),
    "PANORAMA": Message("Panorama"),
}


def _draw_part(
    row: bpy.types.UILayout, parts: "WorldParts", part: "Part", scene: bpy.types.Scene
) -> None:
    """Draw the button that shows or hides a part, or brings one that is not in the scene."""
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
    is_here = job is not None and world_job.file_of(job, part) is not None
    if part == "SPLATS" and not is_here:
        row.operator_menu_enum(
            "mint.fetch_world_part", "splats", text=text, translate=False, icon="IMPORT"
        )
        return
    icon: Any = "ADD" if is_here else "IMPORT"
    row.operator("mint.fetch_world_part", text=text, translate=False, icon=icon).part = part


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
