# SPDX-License-Identifier: GPL-3.0-or-later
"""Viewpoints, walks and panoramas of a World: their operators, and the list in its panel.

Pictures are rendered one after the other as by F12, so that Blender shows each, and Esc ends it.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from .. import session
from ..job_actions import Result, attempt, report_error
from ..notifications import notify
from ..operator_bases import CheckedOperator
from ..selection import selected
from ..translations import translated
from ..typed_context import layout_of, scene_of

if TYPE_CHECKING:
    from mathutils import Matrix

    from ...scene.after.cameras import Shot

_IN_VIEW = Message("Use this in a 3D View")
_NONE_SAVED = Message("Save a viewpoint first.")
_NONE_RECORDED = Message("Record a walk first.")
_INTERVAL = 0.1
"""Seconds between two looks whether a picture is rendered."""


def _view_of(context: bpy.types.Context) -> Any:
    """Return the 3D View of a context, or None."""
    space = context.space_data
    return space if space is not None and space.type == "VIEW_3D" else None


class _ViewOperator(CheckedOperator):
    """Base of those that read or turn a 3D View."""

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that there is no 3D View; empty if there is one."""
        return _IN_VIEW if _view_of(context) is None else ""


class MINT_OT_save_viewpoint(_ViewOperator):
    """Add a camera that sees exactly what this 3D View shows.

    It moves along with the World that is selected.
    """

    bl_idname = "mint.save_viewpoint"
    bl_label = "Save Viewpoint"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Add the camera."""
        from ...scene.after import cameras

        scene = scene_of(context)
        root = selected.world_root(context.active_object)
        made = cameras.save_viewpoint(_view_of(context), scene, root)
        if scene.camera is None:
            scene.camera = made
        self.report({"INFO"}, translated(Message("Saved: {name}", name=made.name)))
        return {"FINISHED"}


class MINT_OT_show_viewpoint(_ViewOperator):
    """Look through this viewpoint; it becomes the scene's camera."""

    bl_idname = "mint.show_viewpoint"
    bl_label = "Show Viewpoint"
    bl_options = {"REGISTER", "UNDO"}

    name: bpy.props.StringProperty(name="Name", description="Name of the camera; empty: the next")

    def execute(self, context: bpy.types.Context) -> Result:
        """Look through the camera of this name, or the next one."""
        from ...scene.after import cameras

        scene = scene_of(context)
        chosen: Any = scene.objects.get(self.name)
        if chosen is None:
            return attempt(self, lambda: _look_through(context, cameras.next_viewpoint(scene)))
        scene.camera = chosen
        _look_through(context, chosen)
        return {"FINISHED"}


def _look_through(context: bpy.types.Context, camera: bpy.types.Object) -> None:
    view = _view_of(context)
    view.camera = camera
    view.region_3d.view_perspective = "CAMERA"


# -- a walk


class MINT_OT_record_walk(_ViewOperator):
    """Walk through the World with the mouse and W A S D; a click makes your way a camera path.

    The path is smoothed and pushed out of walls. Esc records nothing.
    """

    bl_idname = "mint.record_walk"
    bl_label = "Record a Walk"

    def execute(self, context: bpy.types.Context) -> Result:
        """Walk, as Walk does."""
        return attempt(self, lambda: bpy.ops.mint.walk_inside("INVOKE_DEFAULT", records=True))  # type: ignore[attr-defined]


def make_walk(
    samples: "list[tuple[float, Matrix]]",
    space: bpy.types.SpaceView3D,
    scene: bpy.types.Scene,
    root: bpy.types.Object,
) -> None:
    """Make a camera of the way that a view has gone, as an undo step of its own."""
    from ...scene import undo_step
    from ...scene.after import cameras

    undo_step.begin()
    made = cameras.record_walk(samples, space, scene, root)
    undo_step.push(made.name)
    first, last = cameras.walk_range(made)
    notify(
        translated(
            Message(
                "Recorded “{name}”, frames {first} to {last}. Play it with Play Walk.",
                name=made.name,
                first=first,
                last=last,
            )
        ),
        good=True,
    )


class MINT_OT_play_walk(_ViewOperator):
    """Play the last walk through its camera.

    The scene's frames become those of the walk, so Render Animation renders it.
    """

    bl_idname = "mint.play_walk"
    bl_label = "Play Walk"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return that there is no 3D View, or no walk."""
        from ...scene.after import cameras

        is_possible = cameras.of_kind(scene_of(context).objects, "WALK")
        return super().complaint(context) or ("" if is_possible else _NONE_RECORDED)

    def execute(self, context: bpy.types.Context) -> Result:
        """Look through the camera of the walk, and play its frames."""
        from ...scene.after import cameras

        scene = scene_of(context)
        walks = cameras.of_kind(scene.objects, "WALK")
        camera = scene.camera if scene.camera in walks else walks[-1]

        def play() -> None:
            scene.frame_start, scene.frame_end = cameras.walk_range(camera)
            scene.camera = camera
            _look_through(context, camera)
            scene.frame_set(scene.frame_start)
            if not context.screen.is_animation_playing:
                bpy.ops.screen.animation_play()

        return attempt(self, play)


# -- pictures


class _Queue:
    """The pictures that are still to be rendered in the window."""

    shots: "list[Shot]"
    scene_name: str = ""
    setting: ExitStack | None = None
    path: Path = Path()
    earlier: float = 0.0
    """When the file that is being written was written last."""
    done: int = 0

    def __init__(self) -> None:
        self.shots = []


def _render(operator: Any, context: bpy.types.Context, shots: "list[Shot]") -> Result:
    """Render pictures: here in the background, else one after the other in the window."""
    from ...scene.after import cameras

    scene = scene_of(context)
    if bpy.app.background:
        for shot in shots:
            cameras.render(shot, scene)
        return {"FINISHED"}
    queue = session.state(_Queue)
    queue.shots = list(shots)
    queue.scene_name = scene.name
    queue.done = 0
    _start_next(queue)
    bpy.app.timers.register(_follow, first_interval=_INTERVAL)
    return {"FINISHED"}


def _start_next(queue: _Queue) -> None:
    from ...scene.after import cameras

    scene = bpy.data.scenes[queue.scene_name]
    queue.setting = ExitStack()
    queue.path = queue.setting.enter_context(cameras.prepared(queue.shots.pop(0), scene))
    queue.earlier = _written(queue.path)
    bpy.ops.render.render("INVOKE_DEFAULT", write_still=True, scene=scene.name)


def _written(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0


def _follow() -> float | None:
    """Go on with the next picture once one is done; end after the last, or when one was ended."""
    queue = session.state(_Queue)
    is_running: Any = bpy.app.is_job_running("RENDER")
    if is_running:
        return _INTERVAL
    assert queue.setting is not None
    queue.setting.close()
    queue.setting = None
    if _written(queue.path) > queue.earlier:
        queue.done += 1
        if queue.shots:
            _start_next(queue)
            return _INTERVAL
    folder = str(queue.path.parent)
    text = Message("Rendered {count} of the pictures: {folder}", count=queue.done, folder=folder)
    notify(translated(text), good=not queue.shots)
    queue.shots = []
    return None


class _RenderOperator(CheckedOperator):
    """Base of those that render pictures."""

    @classmethod
    def complaint(cls, context: bpy.types.Context) -> str:
        """Return why nothing can be rendered now; empty if something can."""
        if bpy.app.is_job_running("RENDER") or session.state(_Queue).setting is not None:
            return Message("A picture is being rendered. Wait until it is done.")
        return ""

    def invoke(self: Any, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask where the pictures are to be written."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}


class MINT_OT_render_viewpoints(_RenderOperator):
    """Render every saved viewpoint into a folder, with the scene's settings."""

    bl_idname = "mint.render_viewpoints"
    bl_label = "Render All Viewpoints"

    directory: bpy.props.StringProperty(name="Folder", subtype="DIR_PATH", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Render them."""
        from ...scene.after import cameras

        folder = Path(bpy.path.abspath(self.directory))
        scene = scene_of(context)
        return attempt(self, lambda: _render(self, context, cameras.shots_of(scene, folder)))


class MINT_OT_render_panorama(_RenderOperator):
    """Render a 360° picture from the scene's camera, upright, with Cycles."""

    bl_idname = "mint.render_panorama"
    bl_label = "Render Panorama"

    filepath: bpy.props.StringProperty(
        name="File", subtype="FILE_PATH", default="panorama", options={"SKIP_SAVE"}
    )
    width: bpy.props.IntProperty(
        name="Width", description="Width in pixels; it is half as high", default=2048, min=64
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the file, beginning beside the open one: a default has no name in the browser."""
        self.filepath = str(Path(bpy.path.abspath("//") or Path.home(), self.filepath))
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> Result:
        """Render it."""
        from ...scene.after.cameras import Shot

        scene = scene_of(context)
        if scene.camera is None:
            return report_error(self, _NONE_SAVED)
        path = Path(bpy.path.abspath(self.filepath))
        shots = [Shot(scene.camera, path, self.width)]
        return attempt(self, lambda: _render(self, context, shots))


class MINT_MT_viewpoints(bpy.types.Menu):
    """Viewpoints and walks of this scene."""

    bl_label = "Viewpoints"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the list of viewpoints, and what is done with them."""
        from ...scene.after import cameras

        layout = layout_of(self)
        layout.operator_context = "INVOKE_DEFAULT"
        scene = scene_of(context)
        layout.operator("mint.save_viewpoint", icon="ADD")
        saved = cameras.viewpoints(scene)
        for camera in saved:
            is_shown = camera == scene.camera
            layout.operator(
                "mint.show_viewpoint",
                text=camera.name,
                translate=False,
                icon="RESTRICT_RENDER_OFF" if is_shown else "CAMERA_DATA",
            ).name = camera.name
        following = translated(Message("Next Viewpoint"))
        layout.operator(
            "mint.show_viewpoint", text=following, translate=False, icon="TRIA_RIGHT"
        ).name = ""
        layout.operator("mint.render_from_here", icon="RESTRICT_RENDER_OFF")
        layout.operator("mint.render_viewpoints", icon="RENDER_STILL")
        layout.operator("mint.render_panorama", icon="WORLD")
        layout.separator()
        layout.operator("mint.record_walk", icon="REC")
        layout.operator("mint.play_walk", icon="PLAY")


def draw(layout: bpy.types.UILayout, objects: Any, context: bpy.types.Context) -> None:
    """Draw the list of a World's viewpoints in its panel; `objects` are those below its root."""
    from ...scene.after import cameras

    saved = cameras.of_kind(objects, "VIEW")
    shown = scene_of(context).camera
    row = layout.row(align=True)
    name = shown.name if shown in saved else translated(Message("Viewpoints"))
    row.menu("MINT_MT_viewpoints", text=name, translate=False, icon="CAMERA_DATA")
    if saved:
        row.operator("mint.show_viewpoint", text="", icon="TRIA_RIGHT").name = ""
    row.operator("mint.save_viewpoint", text="", icon="ADD")
    layout.operator("mint.render_from_here", icon="RENDER_STILL")
