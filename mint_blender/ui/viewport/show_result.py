# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a result: select and frame it, look inside a World, walk in it, and restore the view."""

from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from ..job_actions import JobOperator, Result, report_error
from ..translations import translated
from ..typed_context import layout_of, scene_of
from . import arrival, views

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService

SHADING = [
    ("SOLID", "Solid", "Fastest, in color"),
    ("MATERIAL", "Material Preview", "Soft splats; slow without a fast graphics card"),
    ("RENDERED", "Rendered", "Use the scene's render engine"),
]
NOT_CHANGED = Message("Mint has not changed this 3D View.")


class MINT_OT_select_result(JobOperator):
    """Select the objects of this result, and show them in the 3D Viewport, a World from inside."""

    bl_idname = "mint.select_result"
    bl_label = "Show in Viewport"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether objects can be selected: in Object Mode."""
        is_possible = context.mode == "OBJECT"
        if not is_possible:
            cls.poll_message_set(translated(Message("Switch to Object Mode first")))
        return is_possible

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Select the objects, found by their custom property, which survives an undo."""
        from ...scene import place
        from ...scene.world import world_objects

        scene, made_for = scene_of(context), job.source_asset_id if job.motion else None
        placed = place.find(job_id=job.id, scene=scene)
        placed = placed or place.find(asset_id=made_for or "", scene=scene)
        if placed is None:
            return self._warn(Message("This result is not in the current scene."))
        if not place.select(placed, scene_of(context)):
            return self._warn(
                Message("This result is hidden. Make its collection visible in the Outliner.")
            )
        area = views.area_of(context)
        if area is not None:
            space: Any = area.spaces.active
            if space.local_view is not None:
                region = next(each for each in area.regions if each.type == "WINDOW")
                with context.temp_override(area=area, region=region):
                    bpy.ops.view3d.localview(frame_selected=False)
            if world_objects.is_root(placed.root):
                views.look_inside(area, placed.root, scene)
            else:
                views.frame(area, placed.objects)
        return {"FINISHED"}

    def _warn(self, sentence: str) -> Result:
        self.report({"WARNING"}, translated(sentence))
        return {"CANCELLED"}


class MINT_OT_look_inside(bpy.types.Operator):
    """Show this World in this 3D View, in color and from where it was captured.

    The scene does not change.
    """

    bl_idname = "mint.look_inside"
    bl_label = "Look Inside"
    bl_options = {"REGISTER"}  # nothing to undo

    root: bpy.props.StringProperty(
        name="World",
        description="Name of the World's root object. Leave empty to use the World of the active "
        "object",
        options={"SKIP_SAVE"},
    )
    shading: bpy.props.EnumProperty(name="Shading", items=SHADING)
    job_id: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Look inside the World that is meant."""
        root, area = self._meant(context), views.area_of(context)
        if root is None:
            gone = self.job_id and Message("This result is not in the current scene.")
            return report_error(self, gone or Message("Select a Mint World, or something in it."))
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        views.look_inside(area, root, scene_of(context), self.shading)
        return {"FINISHED"}

    def _meant(self, context: bpy.types.Context) -> bpy.types.Object | None:
        """Return the World of the job, by name, of the active object, or the only one."""
        from ...scene import tags
        from ...scene.world import world_objects

        if self.job_id:
            return next(filter(world_objects.is_root, tags.roots(job_id=self.job_id)), None)
        if self.root:
            return world_objects.root_of(context.scene.objects.get(self.root))
        roots = [each for each in context.scene.objects if world_objects.is_root(each)]
        return world_objects.root_of(context.active_object) or (
            roots[0] if len(roots) == 1 else None
        )


class MINT_OT_restore_view(bpy.types.Operator):
    """Show the view as it was before the result arrived."""

    bl_idname = "mint.restore_view"
    bl_label = "Restore View"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether Mint has changed this 3D View; scripts need not be in one."""
        space = context.space_data
        possible = space is None or space.type != "VIEW_3D" or views.is_changed(space)
        if not possible:
            cls.poll_message_set(translated(NOT_CHANGED))
        return possible

    def execute(self, context: bpy.types.Context) -> Result:
        """Restore the view, and leave the views of this file alone from now on."""
        area = views.area_of(context)
        if area is None or not views.is_changed(area.spaces.active):
            return report_error(self, NOT_CHANGED)
        arrival.leave_alone()
        views.restore(area)
        return {"FINISHED"}


class MINT_OT_walk_inside(bpy.types.Operator):
    """Walk through the World: mouse to look around, W A S D to move, click to stop.

    As View > Navigation > Walk Navigation.
    """

    bl_idname = "mint.walk_inside"
    bl_label = "Walk"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a 3D View to walk in."""
        return context.window is not None

    def execute(self, context: bpy.types.Context) -> Result:
        """Start walking."""
        area = views.area_of(context)
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        region = next(each for each in area.regions if each.type == "WINDOW")
        with bpy.context.temp_override(area=area, region=region):
            bpy.ops.view3d.walk("INVOKE_DEFAULT")
        return {"FINISHED"}


def _draw_in_view_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    if views.is_changed(context.space_data):
        layout_of(self).operator("mint.restore_view", icon="LOOP_BACK")


MENUS = ((bpy.types.VIEW3D_MT_view, _draw_in_view_menu),)
