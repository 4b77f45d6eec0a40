# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a result: select and frame it, look inside a World, render it, and restore the view."""

import math
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message, UserError
from ..job_actions import JobOperator, Result, find_job, report_error
from ..operator_bases import CheckedOperator
from ..selection import selected
from ..translations import translated
from ..typed_context import layout_of, scene_of
from . import arrival, views

if TYPE_CHECKING:
    from mathutils import Vector

    from ...jobs.job import Job
    from ...jobs.service import JobService
    from ...scene.update.move import Placing, Surface

NOT_CHANGED = Message("Mint has not changed this 3D View.")


class MINT_OT_select_result(JobOperator):
    """Select the objects of this result, and show them in the 3D Viewport, a World from inside.

    Outside of Object Mode, the selection stays as it is.
    """

    bl_idname = "mint.select_result"
    bl_label = "Show in Viewport"
    bl_options = {"REGISTER"}  # to look at something is no undo step

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Select the objects, found by their custom property, which survives an undo."""
        from ...scene import place

        scene = scene_of(context)
        made_for = job.source_asset_id if job.motion else None
        placed = place.find(job_id=job.id, scene=scene)
        placed = placed or place.find(asset_id=made_for or "", scene=scene)
        if placed is None:
            return self._warn(Message("This result is not in the current scene."))
        if context.mode == "OBJECT" and not place.select(placed, scene):
            return self._warn(
                Message("This result is hidden. Make its collection visible in the Outliner.")
            )
        area = views.area_of(context)
        if area is not None:
            space: Any = area.spaces.active
            if space.local_view is not None:
                region = next(region for region in area.regions if region.type == "WINDOW")
                with context.temp_override(area=area, region=region):
                    bpy.ops.view3d.localview(frame_selected=False)
            views.show(area, placed.root, scene)
            arrival.note_shown(job.id)
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

    def execute(self, context: bpy.types.Context) -> Result:
        """Look inside the World that is meant."""
        root = _meant(context)
        area = views.area_of(context)
        if root is None:
            return report_error(self, Message("Select a Mint World, or something in it."))
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        views.look_inside(area, root, scene_of(context))
        return {"FINISHED"}


def _meant(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the World of the active object, or the only one."""
    from ...scene.world import world_objects

    roots = [obj for obj in context.scene.objects if world_objects.is_root(obj)]
    return world_objects.root_of(context.active_object) or (roots[0] if len(roots) == 1 else None)


class MINT_OT_restore_view(CheckedOperator):
    """Show the view as it was before the result arrived."""

    bl_idname = "mint.restore_view"
    bl_label = "Restore View"
    bl_options = {"REGISTER"}

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that Mint has not changed this 3D View; scripts need not be in one."""
        space = context.space_data
        is_here = space is not None and space.type == "VIEW_3D"
        return NOT_CHANGED if is_here and not views.is_changed(space) else ""

    def execute(self, context: bpy.types.Context) -> Result:
        """Restore the view, and leave the views of this file alone from now on."""
        area = views.area_of(context)
        if area is None or not views.is_changed(area.spaces.active):
            return report_error(self, NOT_CHANGED)
        arrival.leave_alone()
        views.restore(area)
        return {"FINISHED"}


class MINT_OT_render_from_here(bpy.types.Operator):
    """Move the camera of the World to this view, look through it, and render."""

    bl_idname = "mint.render_from_here"
    bl_label = "Render From Here"
    bl_options = {"REGISTER"}  # chips call it: its undo step is made here

    def execute(self, context: bpy.types.Context) -> Result:
        """Move the camera, and make it that of the scene; nothing is rendered yet."""
        from ...scene.world import edit

        root = selected.world_root(context.active_object)
        area = views.area_of(context)
        if root is None or area is None:
            return report_error(self, Message("Select a Mint World, or something in it."))
        space: Any = area.spaces.active
        edit.render_from(root, scene_of(context), views.eye_of(space), space.lens / 2)
        arrival.catch_up()
        bpy.ops.ed.undo_push(message=self.bl_label)
        return {"FINISHED"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Move the camera, and render what it sees, as F12 does.

        That opens a window, which crashes Blender 4.3 while it still handles a click on a chip.
        """
        result = self.execute(context)
        if result == {"FINISHED"}:
            bpy.app.timers.register(_render)
        return result


def _render() -> None:
    bpy.ops.render.render("INVOKE_DEFAULT")


class MINT_OT_show_cube(bpy.types.Operator):
    """Show the cube of the start-up scene again, which was hidden for a result."""

    bl_idname = "mint.show_cube"
    bl_label = "Show Cube"
    bl_options = {"REGISTER"}  # chips call it: its undo step is made here

    def execute(self, context: bpy.types.Context) -> Result:
        """Show it in views and renders."""
        from ...scene import startup

        startup.show_cube(scene_of(context))
        arrival.catch_up()
        bpy.ops.ed.undo_push(message=self.bl_label)
        return {"FINISHED"}


def _draw_in_view_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    """Draw the ways back from what a first result has changed, also when its chip has faded."""
    from ...scene import startup

    if views.is_changed(context.space_data):
        layout_of(self).operator("mint.restore_view", icon="LOOP_BACK")
    if startup.is_cube_hidden(scene_of(context)):
        layout_of(self).operator("mint.show_cube", icon="MESH_CUBE")


_STEP = math.radians(15.0)
_FINE_STEP = math.radians(1.0)
_VIEW_EVENTS = {"MIDDLEMOUSE", "TRACKPADPAN", "TRACKPADZOOM", "MOUSEROTATE"}
_VIEW_KEYS = ("NUMPAD_", "NDOF_")
_KEYS = Message(
    "Click: Place    Wheel: Turn (Shift: Finely)    Ctrl: Snap to Grid    N: Align to Surface   "
    " Esc or Right Click: Cancel"
)


class MINT_OT_place_with_mouse(CheckedOperator):
    """Drag the bounding box of this result over surfaces, and click to place it there."""

    bl_idname = "mint.place_with_mouse"
    bl_label = "Place with Mouse"
    bl_options = {"REGISTER"}

    job_id: bpy.props.StringProperty(
        name="Job",
        description="ID of the job. Without one, the result that the active object belongs to",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that this is not Object Mode."""
        return "" if context.mode == "OBJECT" else Message("Switch to Object Mode first")

    def execute(self, context: bpy.types.Context) -> Result:
        """Do nothing: a mouse is needed."""
        return report_error(self, Message("Place with Mouse needs a window and a mouse."))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Begin to follow the pointer."""
        self._root = ""
        self._job = find_job(self.job_id) if self.job_id else None
        placing = self._find(context)
        if placing is None:
            return report_error(
                self, Message("Select a result of Mint, or use the menu of its job.")
            )
        self._placing: Placing | None = placing
        self._surface: Surface | None = None
        self._turn, self._is_aligned = 0.0, True
        self._handlers = [
            bpy.types.SpaceView3D.draw_handler_add(_draw, (self,), "WINDOW", "POST_VIEW")
        ]
        self._workspace = context.workspace.name
        context.workspace.status_text_set(translated(_KEYS))
        context.window_manager.modal_handler_add(self)
        self._follow(context, event)
        return {"RUNNING_MODAL"}

    def _find(self, context: bpy.types.Context) -> "Placing | None":
        """Return the box of the result in the scene, or the expected one of a job's result."""
        from ...scene import tags
        from ...scene.update import move

        roots = tags.roots(job_id=self.job_id, scene=scene_of(context)) if self.job_id else ()
        root = next(iter(roots), None) if self.job_id else tags.root_of(context.active_object)
        if root is not None:
            self._root = root.name
            return move.placing(root)
        from . import targets

        if self._job is None or not can_be_placed(self._job):
            return None
        return targets.expected(self._job, scene_of(context))

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Follow the pointer, turn with the wheel, place at a click."""
        if event.type in _VIEW_EVENTS or event.type.startswith(_VIEW_KEYS):
            return {"PASS_THROUGH"}
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            self.cancel(context)
            return {"CANCELLED"}
        if event.type in {"WHEELUPMOUSE", "WHEELDOWNMOUSE"} and event.value == "PRESS":
            step = _FINE_STEP if event.shift else _STEP
            self._turn += step if event.type == "WHEELUPMOUSE" else -step
        elif event.type == "N" and event.value == "PRESS":
            self._is_aligned = not self._is_aligned
        is_inside = self._follow(context, event)
        is_click = event.type in {"LEFTMOUSE", "RET", "NUMPAD_ENTER"} and event.value == "PRESS"
        if is_click and is_inside and self._surface is not None:
            self.cancel(context)
            return self._place(context)
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave everything as it is: no box, no keys in the status bar."""
        from . import targets

        while self._handlers:
            bpy.types.SpaceView3D.draw_handler_remove(self._handlers.pop(), "WINDOW")
        workspace: bpy.types.WorkSpace | None = bpy.data.workspaces.get(self._workspace)
        if workspace is not None:
            workspace.status_text_set(None)
        targets.tag_viewports()

    def _follow(self, context: bpy.types.Context, event: bpy.types.Event) -> bool:
        """Find the surface below the pointer; return whether it is over a 3D Viewport."""
        from . import targets

        ray = _ray(context, event)
        if ray is None:
            return False
        origin, direction, grid = ray
        surface = self._surface_on(context, origin, direction)
        if surface is not None and event.ctrl:
            surface = _snapped(surface, grid)
        self._surface = surface or self._surface
        targets.tag_viewports()
        return True

    def _surface_on(
        self, context: bpy.types.Context, origin: "Vector", direction: "Vector"
    ) -> "Surface | None":
        from ...scene import tags
        from ...scene.update import move

        root: bpy.types.Object | None = bpy.data.objects.get(self._root)
        own = set(tags.hierarchy(root)) if root is not None else set()
        graph = context.evaluated_depsgraph_get()
        view: Any = context.space_data
        return move.surface_on_ray(scene_of(context), graph, origin, direction, own, view)

    def _place(self, context: bpy.types.Context) -> Result:
        """Move the result there, in one undo step, or import it there."""
        placing = self._placing
        surface = self._surface
        assert placing is not None and surface is not None
        root: bpy.types.Object | None = bpy.data.objects.get(self._root)
        if root is None:
            rotation = placing.rotation(surface, self._turn, align=self._is_aligned)
            return _import_at(context, self.job_id, surface.point, rotation.to_euler())
        from ...scene import place, tags
        from ...scene.update import move

        matrix = placing.matrix(surface, self._turn, align=self._is_aligned)
        move.move(root, matrix, placing.leaning(surface, align=self._is_aligned))
        placed = place.PlacedResult(root, tags.result_collection(root), tags.hierarchy(root))
        place.select(placed, scene_of(context))
        bpy.ops.ed.undo_push(message=self.bl_label)
        return {"FINISHED"}

    def draw_box(self) -> None:
        """Draw the box where the result would be."""
        from . import targets

        placing = self._placing
        surface = self._surface
        if placing is None or surface is None:
            return
        matrix = placing.matrix(surface, self._turn, align=self._is_aligned)
        points = targets.corners(placing.low, placing.high, matrix)
        color = targets.active_color(bpy.context)
        targets.draw_box(points, color)
        targets.draw_front(points, color)


def _draw(operator: Any) -> None:
    """Draw the box of an operator; nothing if Blender has freed it."""
    try:
        operator.draw_box()
    except ReferenceError:
        return


def can_be_placed(job: "Job") -> bool:
    """Return whether a job's result is here and can be added to the scene at any point."""
    from ...jobs.phases import HAS_RESULT
    from ..job_list import placed_results

    return job.phase in HAS_RESULT and not job.convert and not placed_results.will_replace(job)


def _import_at(context: bpy.types.Context, job_id: str, point: "Vector", rotation: Any) -> Result:
    """Import a result at a point, as a click on Place does."""
    from dataclasses import replace

    from .. import session
    from ..create import properties as create_properties

    try:
        service = session.service()
        job = service.job(job_id)
        delivery = create_properties.with_cursor(context, job.delivery)
        x, y, z = point
        turned = (rotation.x, rotation.y, rotation.z)
        delivery = replace(delivery, at=(x, y, z), rotation=turned, block_out=None)
        service.set_delivery(job.id, delivery)
    except UserError as error:
        return report_error(None, str(error))
    result: Result = bpy.ops.mint.place("INVOKE_DEFAULT", job_id=job_id)  # type: ignore[attr-defined]
    return result


def _ray(
    context: bpy.types.Context, event: bpy.types.Event
) -> "tuple[Vector, Vector, float] | None":
    """Return the ray below the pointer and the distance of grid lines; None beside a viewport."""
    from bpy_extras import view3d_utils

    x = event.mouse_x
    y = event.mouse_y
    for area in context.screen.areas:
        regions = [region for region in area.regions if _is_over(region, x, y)]
        space: Any = area.spaces.active
        if area.type == "VIEW_3D" and {region.type for region in regions} == {"WINDOW"}:
            region = regions[0]
            point = (x - region.x, y - region.y)
            view = _view_of(area, space, region)
            origin = view3d_utils.region_2d_to_origin_3d(region, view, point)
            direction = view3d_utils.region_2d_to_vector_3d(region, view, point)
            return origin, direction, space.overlay.grid_scale
    return None


def _is_over(region: bpy.types.Region, x: int, y: int) -> bool:
    return (
        region.width > 1
        and region.x <= x < region.x + region.width
        and region.y <= y < region.y + region.height
    )


def _view_of(area: bpy.types.Area, space: Any, region: bpy.types.Region) -> Any:
    """Return the view of a region, one of four in a quad view."""
    windows = [window for window in area.regions if window.type == "WINDOW"]
    if len(windows) > 1 and space.region_quadviews:
        return space.region_quadviews[windows.index(region)]
    return space.region_3d


def _snapped(surface: "Surface", grid: float) -> "Surface":
    """Return the surface with its point moved to the nearest grid line in X and Y."""
    from dataclasses import replace

    from mathutils import Vector

    x, y, z = surface.point
    step = grid or 1.0
    return replace(surface, point=Vector((round(x / step) * step, round(y / step) * step, z)))


def _draw_in_object_menu(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    layout = layout_of(self)
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator(
        MINT_OT_place_with_mouse.bl_idname, text="Place Mint Result with Mouse", icon="SNAP_ON"
    )


MENUS = (
    (bpy.types.VIEW3D_MT_view, _draw_in_view_menu),
    (bpy.types.VIEW3D_MT_object, _draw_in_object_menu),
)
