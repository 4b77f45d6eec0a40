# SPDX-License-Identifier: GPL-3.0-or-later
"""Look Inside: show a World in color from where it was captured, and go back again.

Only the view changes, nothing in the scene: the view uses the World's camera as its Local Camera,
and the scene's camera stays. What a view showed before is remembered while the file is open.
"""

import math
from typing import Any

import bpy
from bpy.app.handlers import persistent
from mathutils import Matrix, Vector

from ...message import Message
from .. import session, text_wrap
from ..job_actions import Result, report_error
from ..translations import translated
from ..typed_context import scene_of

SHADING = [
    ("MATERIAL", "Material Preview", "Fast, with full colors and soft splats"),
    ("RENDERED", "Rendered", "Use the scene's render engine"),
    ("SOLID", "Solid", "Fastest, with approximate colors and no materials"),
    ("KEEP", "Unchanged", "Do not change the shading of the view"),
]
_LOOK = (Message("Look Inside"), Message("Show Colors"))
_WALK = (Message("Walk"), Message("Restore View"))
NOT_INSIDE = Message("This 3D View is not inside a World.")
AHEAD = 2.0
"""Meters before the capture point, around which a view without a camera turns."""

# The settings of a view that are saved and restored in this order: the camera first, then whether
# the view looks through it.
_OF_SHADING = ("type", "color_type", "use_scene_world", "use_scene_world_render")
_OF_SPACE = ("use_local_camera", "lens", "clip_start", "clip_end")
_OF_REGION = (
    "view_camera_zoom",
    "view_camera_offset",
    "view_location",
    "view_rotation",
    "view_distance",
    "view_perspective",
)


class _State:
    def __init__(self) -> None:
        self.earlier: dict[int, dict[str, Any]] = {}
        """What each view showed before, by its address."""


def _earlier() -> dict[int, dict[str, Any]]:
    return session.state(_State).earlier


def look_inside(
    area: bpy.types.Area,
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    *,
    shading: str = "MATERIAL",
    overlays: bool = False,
) -> None:
    """Move a 3D View to a World's capture point, through its camera if it has one."""
    from ...scene.world import calibration, world_objects

    space: Any = area.spaces.active
    seen = _seen(space)
    # first, since it may fail with the render engine: nothing is moved yet
    _show_color(space, scene, shading)
    # after looking from one World into another, the view from before both is restored
    _earlier().setdefault(space.as_pointer(), seen)
    camera = next(iter(world_objects.parts_of(root, "camera")), None)
    if camera is not None:
        _look_through(space, camera, _shape(area, scene))
    else:
        _stand_at(space, world_objects.upright(root), scene, calibration.LENS)
    space.overlay.show_overlays = overlays
    area.tag_redraw()


def look_outside(area: bpy.types.Area) -> None:
    """Restore what the view showed before; if unknown, show the World from outside."""
    space: Any = area.spaces.active
    seen = _earlier().get(space.as_pointer())
    if seen is None:
        space.use_local_camera = False
        space.region_3d.view_perspective = "PERSP"
        space.shading.type = "SOLID"
        space.overlay.show_overlays = True
    else:
        _shade(space, seen["type"])
        space.camera = bpy.data.objects.get(seen["camera"])
        for owner, names in _owners(space):
            for name in names:
                if name != "type":
                    setattr(owner, name, seen[name])
        space.overlay.show_overlays = seen["overlays"]
        # only now: if restoring fails, the saved view is still needed
        del _earlier()[space.as_pointer()]
    area.tag_redraw()


def show_colors(area: bpy.types.Area) -> None:
    """Show the colors that Worlds store for Solid shading, which is the fastest one."""
    space: Any = area.spaces.active
    space.shading.type, space.shading.color_type = "SOLID", "VERTEX"
    area.tag_redraw()


def leave_camera(area: bpy.types.Area, scene: bpy.types.Scene) -> None:
    """Look on from where the camera is, so that walking does not move the camera."""
    space: Any = area.spaces.active
    camera = space.camera if space.use_local_camera else scene.camera
    if space.region_3d.view_perspective == "CAMERA" and camera is not None:
        place = camera.matrix_world.normalized() @ Matrix.Rotation(-math.pi / 2, 4, "X")
        _stand_at(space, place, scene, getattr(camera.data, "lens", space.lens))


def is_inside(space: Any) -> bool:
    """Return whether the view has looked inside, or uses a World's camera as its Local Camera."""
    from ...scene.world.calibration import PART

    if space is None or space.type != "VIEW_3D":
        return False
    camera = space.camera if space.use_local_camera else None
    looks = (
        camera is not None
        and camera.get(PART) == "camera"
        and space.region_3d.view_perspective == "CAMERA"
    )
    return looks or space.as_pointer() in _earlier()


def shows_color(space: Any) -> bool:
    """Return whether a 3D View shows the colors of a World; True if it is no 3D View."""
    if space is None or space.type != "VIEW_3D":
        return True
    return space.shading.type in {"MATERIAL", "RENDERED"} or (
        space.shading.type == "SOLID" and space.shading.color_type == "VERTEX"
    )


def draw_button(layout: bpy.types.UILayout, space: Any, *, width: int) -> None:
    """Draw what makes sense in this view: look inside, show colors, walk, or go back."""
    if not is_inside(space):
        row = text_wrap.button_row(layout, _LOOK, width=width)
        row.operator("mint.look_inside", icon="HIDE_OFF")
        if not shows_color(space):
            row.operator("mint.show_colors", icon="COLOR")
        return
    row = text_wrap.button_row(layout, _WALK, width=width)
    row.operator("mint.walk_inside", icon="VIEW_PAN")
    row.operator("mint.look_outside", icon="LOOP_BACK")


def _owners(space: Any) -> tuple[tuple[Any, tuple[str, ...]], ...]:
    return (space.shading, _OF_SHADING), (space, _OF_SPACE), (space.region_3d, _OF_REGION)


def _seen(space: Any) -> dict[str, Any]:
    """Return what the view shows, as values and names: objects do not outlive an undo."""
    seen: dict[str, Any] = {
        "camera": space.camera.name if space.camera else "",
        "overlays": space.overlay.show_overlays,
    }
    for owner, names in _owners(space):
        for name in names:
            value = getattr(owner, name)
            seen[name] = (
                value.copy()
                if hasattr(value, "copy")
                else tuple(value)
                if name == "view_camera_offset"
                else value
            )
    return seen


def _look_through(space: Any, camera: bpy.types.Object, shape: tuple[float, float]) -> None:
    """Look through a camera, so close that its frame fills the view."""
    space.use_local_camera, space.camera = True, camera
    view = space.region_3d
    view.view_perspective = "CAMERA"
    view.view_camera_offset = (0, 0)
    # Blender's measure of how large the camera's picture is: at this factor its longer side is as
    # long as the view's
    factor = max(1.0, *shape)
    view.view_camera_zoom = min(600.0, 50 * (2 * math.sqrt(factor) - math.sqrt(2)))


def _shape(area: bpy.types.Area, scene: bpy.types.Scene) -> tuple[float, float]:
    """Return how much larger the camera's frame must be to reach the view's width and height."""
    region = next(each for each in area.regions if each.type == "WINDOW")
    width, height = max(1, region.width), max(1, region.height)
    render = scene.render
    wide, high = (
        render.resolution_x * render.pixel_aspect_x,
        render.resolution_y * render.pixel_aspect_y,
    )
    longer = max(width, height)
    return width / longer * max(wide, high) / wide, height / longer * max(wide, high) / high


def _stand_at(space: Any, place: Matrix, scene: bpy.types.Scene, lens: float) -> None:
    """Show a free view from this place along its Y axis, as wide as through a camera's lens."""
    upright = place.normalized() @ Matrix.Rotation(math.pi / 2, 4, "X")
    view, distance = space.region_3d, AHEAD / scene.unit_settings.scale_length
    space.lens, space.clip_start = (
        2 * lens,  # a free view counts on a sensor of twice a camera's width
        min(space.clip_start, 0.01 / scene.unit_settings.scale_length),
    )
    view.view_perspective = "PERSP"
    view.view_rotation, view.view_distance = upright.to_quaternion(), distance
    view.view_location = upright @ Vector((0, 0, -distance))


def _show_color(space: Any, scene: bpy.types.Scene, shading: str) -> None:
    """Set the shading, with the panorama as background if it is the scene's World."""
    from ...scene.world import edit as world_edit

    if shading == "KEEP":
        return
    if _shade(space, shading) == "SOLID":
        space.shading.color_type = "VERTEX"
    elif world_edit.shows_panorama(scene):
        space.shading.use_scene_world = space.shading.use_scene_world_render = True


def _shade(space: Any, shading: str) -> str:
    """Set the shading, or Solid if the render engine lacks it; return which.

    Workbench has no Material Preview.
    """
    try:
        space.shading.type = shading
    except TypeError:
        space.shading.type = shading = "SOLID"
    return shading


class ViewOperator(bpy.types.Operator):
    """Base of both operators: finds the 3D View."""

    bl_options = {"REGISTER"}  # nothing to undo: the scene stays as it is

    def area(self, context: bpy.types.Context) -> bpy.types.Area | None:
        """Return the view that was clicked in, else the largest one.

        It is looked for in this window, or in all windows for a script.
        """
        if context.area is not None and context.area.type == "VIEW_3D":
            return context.area
        windows = (
            [context.window] if context.window is not None else list(context.window_manager.windows)
        )
        found = [
            each for window in windows for each in window.screen.areas if each.type == "VIEW_3D"
        ]
        return max(found, key=lambda each: each.width * each.height, default=None)


class MINT_OT_look_inside(ViewOperator):
    """Show this World in color from where it was captured, in this 3D View."""

    bl_idname = "mint.look_inside"
    bl_label = "Look Inside"
    bl_description = (
        "Show this World in this 3D View, in color and from where it was captured. The scene does "
        "not change"
    )

    root: bpy.props.StringProperty(
        name="World",
        description="Name of the World's root object. Leave empty to use the World of the active "
        "object",
        options={"SKIP_SAVE"},
    )
    shading: bpy.props.EnumProperty(name="Shading", items=SHADING)
    overlays: bpy.props.BoolProperty(
        name="Overlays", description="Keep showing the grid, outlines and wires"
    )
    job_id: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Look inside the World that is meant."""
        root, area = self._meant(context), self.area(context)
        if root is None:
            gone = self.job_id and Message("This result is not in the current scene.")
            return report_error(self, gone or Message("Select a Mint World, or something in it."))
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        look_inside(area, root, scene_of(context), shading=self.shading, overlays=self.overlays)
        return {"FINISHED"}

    def _meant(self, context: bpy.types.Context) -> bpy.types.Object | None:
        """Return the World of the job, by name, of the active object, or the only one."""
        from ...scene import tags
        from ...scene.world import world_objects

        if self.job_id:
            return next(
                (each for each in tags.roots(job_id=self.job_id) if world_objects.is_root(each)),
                None,
            )
        if self.root:
            return world_objects.root_of(context.scene.objects.get(self.root))
        roots = [each for each in context.scene.objects if world_objects.is_root(each)]
        return world_objects.root_of(context.active_object) or (
            roots[0] if len(roots) == 1 else None
        )


class MINT_OT_look_outside(ViewOperator):
    """Restore the view from before looking inside the World."""

    bl_idname = "mint.look_outside"
    bl_label = "Restore View"
    bl_description = "Restore the view from before looking inside the World"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether this 3D View has looked inside; scripts need not be in one."""
        space = context.space_data
        possible = space is None or space.type != "VIEW_3D" or is_inside(space)
        if not possible:
            cls.poll_message_set(translated(NOT_INSIDE))
        return possible

    def execute(self, context: bpy.types.Context) -> Result:
        """Restore view, camera and shading."""
        area = self.area(context)
        if area is None or not is_inside(area.spaces.active):
            return report_error(self, NOT_INSIDE)
        look_outside(area)
        return {"FINISHED"}


@persistent
def _drop_views(*_: object) -> None:
    """Forget the views: another file has others."""
    _earlier().clear()


def add_handler() -> None:
    """Drop what is remembered of views when another file is opened."""
    bpy.app.handlers.load_pre.append(_drop_views)


def remove_handler() -> None:
    """Remove the handler."""
    bpy.app.handlers.load_pre.remove(_drop_views)


class MINT_OT_show_colors(ViewOperator):
    """Show the colors of Worlds in this 3D View."""

    bl_idname = "mint.show_colors"
    bl_label = "Show Colors"
    bl_description = (
        "Show the colors of Worlds in this 3D View: Solid shading with Color set to Attribute"
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Set the shading of the view."""
        area = self.area(context)
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        show_colors(area)
        return {"FINISHED"}


class MINT_OT_walk_inside(ViewOperator):
    """Walk through the World with Blender's Walk Navigation."""

    bl_idname = "mint.walk_inside"
    bl_label = "Walk"
    bl_description = (
        "Walk through the World: mouse to look around, W A S D to move, click to stop. As View > "
        "Navigation > Walk Navigation"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a 3D View to walk in."""
        return context.window is not None

    def execute(self, context: bpy.types.Context) -> Result:
        """Leave the camera where it is, and start walking."""
        area = self.area(context)
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        leave_camera(area, scene_of(context))
        region = next(each for each in area.regions if each.type == "WINDOW")
        with bpy.context.temp_override(area=area, region=region):
            bpy.ops.view3d.walk("INVOKE_DEFAULT")
        return {"FINISHED"}


CLASSES = (MINT_OT_look_inside, MINT_OT_look_outside, MINT_OT_show_colors, MINT_OT_walk_inside)
