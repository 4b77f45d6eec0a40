# SPDX-License-Identifier: GPL-3.0-or-later
"""Walk through a World on the floor of its collider, which nobody leaves.

Blender's own Walk Navigation goes through walls, and its gravity stops at each splat.
"""

import math
import time
from typing import TYPE_CHECKING, Any

import bpy
from mathutils import Matrix, Vector

from ...message import Message
from ..job_actions import Result, report_error
from ..selection import selected
from ..translations import translated
from ..typed_context import scene_of
from . import arrival, views

if TYPE_CHECKING:
    from collections.abc import Callable

_WAYS = {
    **dict.fromkeys(("W", "UP_ARROW"), (0, 1)),
    **dict.fromkeys(("S", "DOWN_ARROW"), (0, -1)),
    **dict.fromkeys(("A", "LEFT_ARROW"), (-1, 0)),
    **dict.fromkeys(("D", "RIGHT_ARROW"), (1, 0)),
}
"""The direction of each key: to the right, and ahead."""
_SPEED, _FAST = 1.2, 3.0
"""Eye heights in a second, and how many times as fast with Shift."""
_PER_PIXEL = 0.004  # radians
_STEEPEST = math.radians(85)
_DISTANCE = 0.35
"""How far from a wall one stays, in eye heights."""
_STEP = 0.4
"""How high a step one takes, in eye heights."""
_LONGEST = 0.1  # seconds of a step: what is drawn slowly is not walked through
_EDGE = 40  # pixels
_KEYS = Message("W A S D: Walk    Shift: Faster    Mouse: Look    Click: Stay Here    Esc: Go Back")
_RECORDING = Message(
    "Recording    W A S D: Walk    Shift: Faster    Mouse: Look    Click: Save Walk    Esc: Discard"
)


def keys(*, records: bool) -> Message:
    """Return what the status bar says of the keys during a walk, and that it is recorded."""
    return _RECORDING if records else _KEYS


class Ground:
    """The floor and the walls of a World."""

    def __init__(self, root: bpy.types.Object) -> None:
        from ...scene.after import surfaces
        from ...scene.world import world_objects

        surface = surfaces.collider_surface(surfaces.colliders(root))
        self._tree = surface.tree() if surface is not None else None
        self.height = world_objects.eye_height(root)
        """Of the eyes above the floor, in scene units."""

    def hit(self, start: Vector, way: Vector, distance: float) -> tuple[Vector, Vector] | None:
        """Return where a ray first meets the collider, and its normal there."""
        if self._tree is None:
            return None
        point, normal, _, _ = self._tree.ray_cast(start, way, distance)
        return (point, normal) if point is not None and normal is not None else None

    def stand(self, eye: Vector) -> Vector | None:
        """Return the eye above the floor that is below it; None over nothing."""
        down = Vector((0.0, 0.0, -1.0))
        found = self.hit(eye, down, 20 * self.height)
        return found[0] - down * self.height if found is not None else None

    def walk(self, eye: Vector, step: Vector) -> Vector:
        """Return the eye after a step on the floor: along a wall, and nowhere over nothing."""
        if self._tree is None:
            return eye + step
        for _ in range(2):
            found = self._wall(eye, step)
            if found is None:
                break
            across = found.xy.to_3d().normalized()
            step = step - across * step.dot(across)
        ahead = eye + step
        if step.length == 0.0 or self._wall(eye, step) is not None:
            return eye
        there = self.stand(ahead)
        is_reached = there is not None and abs(there.z - eye.z) <= _STEP * self.height
        return there if there is not None and is_reached else eye

    def _wall(self, eye: Vector, step: Vector) -> Vector | None:
        """Return the normal of the wall that is too near in this direction, at eye or knee."""
        if step.length == 0.0:
            return None
        for below in (0.0, 1.0 - 1.5 * _STEP):
            start = eye - Vector((0.0, 0.0, below * self.height))
            found = self.hit(start, step.normalized(), step.length + _DISTANCE * self.height)
            if found is not None:
                return found[1]
        return None


class MINT_OT_walk_inside(bpy.types.Operator):
    """Walk through the World: mouse to look around, W A S D to move, click to stop."""

    bl_idname = "mint.walk_inside"
    bl_label = "Walk"

    records: bpy.props.BoolProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a 3D View to walk in."""
        return context.window is not None

    def execute(self, context: bpy.types.Context) -> Result:
        """Do nothing: a mouse is needed."""
        return report_error(self, Message("Walking needs a window and a mouse."))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Begin on the floor below the view, or inside the World if there is none."""
        area = views.area_of(context)
        root = selected.world_root(context.active_object)
        if area is None or root is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        self._space: Any = area.spaces.active
        self._area = area
        self._root = root.name
        self._ground = Ground(root)
        if not views.is_changed(self._space) or self._ground.stand(self._eye()) is None:
            views.look_inside(area, root, scene_of(context))
        view = self._space.region_3d
        arrival.walk(is_walking=True)
        self._before = view.view_location.copy(), view.view_rotation.copy()
        angles = view.view_rotation.to_euler("XYZ")
        self._pitch, self._yaw = angles.x, angles.z
        eye = self._eye()
        self._stand(self._ground.stand(eye) or eye)
        self._keys: set[tuple[int, int]] = set()
        self._pointer = (event.mouse_x, event.mouse_y)
        self._time = time.monotonic()
        self._samples: list[tuple[float, Matrix]] = []
        self._timer = context.window_manager.event_timer_add(1 / 60, window=context.window)
        self._workspace = context.workspace.name
        context.workspace.status_text_set(translated(keys(records=self.records)))
        context.window.cursor_modal_set("NONE")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Look around with the mouse, walk with the keys, stop with a click."""
        if event.type in _WAYS:
            change: Callable[[tuple[int, int]], None] = (
                self._keys.discard if event.value == "RELEASE" else self._keys.add
            )
            change(_WAYS[event.type])
        elif event.type == "MOUSEMOVE":
            self._look(context, event)
        elif event.type == "TIMER":
            self._walk(fast=event.shift)
            if self.records:
                self._samples.append((self._time, views.eye_of(self._space)))
        elif event.value == "PRESS" and event.type in {"ESC", "RIGHTMOUSE"}:
            view = self._space.region_3d
            view.view_location, view.view_rotation = self._before
            self.cancel(context)
            return {"CANCELLED"}
        elif event.value == "PRESS" and event.type in {"LEFTMOUSE", "RET", "SPACE"}:
            self.cancel(context)
            self._end(context)
            return {"FINISHED"}
        return {"RUNNING_MODAL"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Leave no timer, and no keys in the status bar."""
        context.window_manager.event_timer_remove(self._timer)
        context.window.cursor_modal_restore()
        arrival.walk(is_walking=False)
        workspace: bpy.types.WorkSpace | None = bpy.data.workspaces.get(self._workspace)
        if workspace is not None:
            workspace.status_text_set(None)

    def _end(self, context: bpy.types.Context) -> None:
        """Make a camera of a walk that was recorded; else offer the way back inside."""
        root: bpy.types.Object | None = bpy.data.objects.get(self._root)
        if root is None:
            return
        if self.records and len(self._samples) > 1:
            from ..after import cameras

            cameras.make_walk(self._samples, self._space, scene_of(context), root)
        arrival.left_inside(root)

    def _eye(self) -> Vector:
        return views.eye_of(self._space).translation

    def _stand(self, eye: Vector) -> None:
        """Look from there, as far up and to the side as the mouse has turned."""
        view = self._space.region_3d
        turn = Matrix.Rotation(self._yaw, 3, "Z") @ Matrix.Rotation(self._pitch, 3, "X")
        view.view_rotation = turn.to_quaternion()
        view.view_location = eye - turn @ Vector((0, 0, view.view_distance))
        self._area.tag_redraw()

    def _look(self, context: bpy.types.Context, event: bpy.types.Event) -> None:
        eye = self._eye()
        x, y = self._pointer
        self._pointer = (event.mouse_x, event.mouse_y)
        self._yaw -= (event.mouse_x - x) * _PER_PIXEL
        pitch = self._pitch - math.pi / 2 + (event.mouse_y - y) * _PER_PIXEL
        self._pitch = min(max(pitch, -_STEEPEST), _STEEPEST) + math.pi / 2
        self._stand(eye)
        window = context.window
        inside_x = _EDGE < event.mouse_x < window.width - _EDGE
        if not (inside_x and _EDGE < event.mouse_y < window.height - _EDGE):
            self._pointer = (window.width // 2, window.height // 2)
            window.cursor_warp(*self._pointer)

    def _walk(self, *, fast: bool) -> None:
        now = time.monotonic()
        seconds = min(now - self._time, _LONGEST)
        self._time = now
        right = sum(key[0] for key in self._keys)
        ahead = sum(key[1] for key in self._keys)
        way = Matrix.Rotation(self._yaw, 3, "Z") @ Vector((right, ahead, 0.0))
        if way.length > 0.0:
            speed = _SPEED * self._ground.height * (_FAST if fast else 1.0)
            eye = self._eye()
            self._stand(self._ground.walk(eye, way.normalized() * (speed * seconds)))
