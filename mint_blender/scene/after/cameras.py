# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras of a scene with a World: saved viewpoints, recorded walks, and what they render.

A viewpoint shows exactly what a 3D View has shown, if the picture is as wide for its height as the
view. Blender's views show what a sensor of 72 mm would see.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...message import Message, UserError
from .. import cycles
from ..data_blocks import current_scene
from ..world import world_objects
from .surfaces import Points, solids, surface_of

if TYPE_CHECKING:
    from collections.abc import Iterator
VIEWPOINT = "mint_viewpoint"
"""The custom property of a camera that is a viewpoint or a walk: which of the two."""
_SENSOR = 36.0
_OF_CAMERA = (
    *("type", "lens", "sensor_width", "sensor_height", "sensor_fit", "shift_x", "shift_y"),
    *("clip_start", "clip_end", "ortho_scale"),
)


def save_viewpoint(
    space: bpy.types.SpaceView3D, scene: bpy.types.Scene, root: bpy.types.Object | None = None
) -> bpy.types.Object:
    """Return a new camera that sees what a 3D View shows.

    It moves along with the World that `root` is.
    """
    region: Any = space.region_3d
    camera = _add_camera(f"Viewpoint {len(viewpoints(scene)) + 1}", scene, root)
    if region.view_perspective == "CAMERA" and space.camera is not None:
        _place(camera, space.camera.matrix_world, root)
        for name in _OF_CAMERA:
            setattr(camera.data, name, getattr(space.camera.data, name))
    else:
        _place(camera, region.view_matrix.inverted(), root)
        _copy_lens(camera.data, space)
    camera[VIEWPOINT] = "VIEW"
    return camera


def _copy_lens(data: Any, space: bpy.types.SpaceView3D) -> None:
    region: Any = space.region_3d
    data.clip_start = space.clip_start
    data.clip_end = space.clip_end
    data.sensor_width = _SENSOR
    data.sensor_fit = "AUTO"
    data.lens = space.lens / 2
    if region.view_perspective == "ORTHO":
        data.type = "ORTHO"
        data.ortho_scale = region.view_distance * 2 * _SENSOR / space.lens


def viewpoints(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Return the saved viewpoints of a scene, in the order of their names."""
    return of_kind(scene.objects, "VIEW")


def _some_viewpoints(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    if not (every := viewpoints(scene)):
        raise UserError(Message("Save a viewpoint first."))
    return every


def of_kind(objects: Iterable[bpy.types.Object], kind: str) -> list[bpy.types.Object]:
    """Return the cameras that are viewpoints ("VIEW") or walks ("WALK"), as their names sort."""
    found = [obj for obj in objects if obj.type == "CAMERA" and obj.get(VIEWPOINT) == kind]
    return sorted(found, key=lambda obj: (len(obj.name), obj.name))


def next_viewpoint(scene: bpy.types.Scene) -> bpy.types.Object:
    """Make the viewpoint that follows the scene's camera the scene's camera, and return it.

    Raises:
        UserError: There is none.
    """
    every = _some_viewpoints(scene)
    place = every.index(scene.camera) + 1 if scene.camera in every else 0
    scene.camera = every[place % len(every)]
    return scene.camera


def _add_camera(
    name: str, scene: bpy.types.Scene, root: bpy.types.Object | None
) -> bpy.types.Object:
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    collection = scene.collection
    if root is not None:
        collection = world_objects.collection_of(root, scene)
    collection.objects.link(camera)
    return camera


def _place(camera: bpy.types.Object, matrix: Matrix, root: bpy.types.Object | None) -> None:
    """Put a camera at a world matrix, and let it move along with a World."""
    if root is not None:
        camera.parent = root
        camera.matrix_parent_inverse = root.matrix_world.inverted_safe()
    camera.matrix_basis = matrix


# -- a walk

_SMOOTH = 0.15
"""Standard deviation, in seconds, over which a walk is smoothed."""
_KEYS_PER_SECOND = 4
_FROM_WALLS = 0.3
"""Meters that a walk keeps from walls."""


def record_walk(
    samples: Sequence[tuple[float, Matrix]],
    space: bpy.types.SpaceView3D,
    scene: bpy.types.Scene,
    root: bpy.types.Object | None = None,
) -> bpy.types.Object:
    """Return a camera that goes where a view has gone, from the current frame on.

    The path is smoothed and pushed out of walls. It is one action, with four keys a second. The
    scene gets this camera, and as many frames as the walk needs.

    Args:
        samples: Seconds and world matrices of the view, in the order of time, two at least.
        space: The view, whose lens is used.
        scene: The scene.
        root: A World, with which the path moves along.
    """
    rate = scene.render.fps / scene.render.fps_base
    places, turns = _at_frames(samples, rate)
    places = keep_from_walls(_smoothed(places, rate), scene)
    turns = _smoothed(turns, rate)
    camera = _add_camera("Walk", scene, root)
    _place(camera, Matrix(), root)
    _copy_lens(camera.data, space)
    camera.data.type = "PERSP"
    camera[VIEWPOINT] = "WALK"
    camera.rotation_mode = "QUATERNION"
    step = max(1, round(rate / _KEYS_PER_SECOND))
    last = len(places) - 1
    keys = sorted({*range(0, last, step), last})
    for key in keys:
        camera.location = places[key]
        camera.rotation_quaternion = turns[key]
        for channel in ("location", "rotation_quaternion"):
            camera.keyframe_insert(channel, frame=scene.frame_current + key)
    scene.camera = camera
    scene.frame_end = max(scene.frame_end, scene.frame_current + last)
    return camera


def _at_frames(samples: Sequence[tuple[float, Matrix]], rate: float) -> tuple[Points, Points]:
    """Return places (n, 3) and quaternions (n, 4) at frames of this rate."""
    measured = np.array([seconds for seconds, _ in samples])
    measured = measured - measured[0]
    places = np.array([matrix.translation for _, matrix in samples])
    turns = np.array([matrix.to_quaternion() for _, matrix in samples])
    for index in range(1, len(turns)):
        if turns[index] @ turns[index - 1] < 0:
            turns[index] *= -1  # the same rotation, beside the one before
    times = np.arange(int(measured[-1] * rate) + 1) / rate
    return _interpolated(times, measured, places), _interpolated(times, measured, turns)


def _interpolated(times: Points, measured: Points, values: Points) -> Points:
    return np.stack([np.interp(times, measured, column) for column in values.T], axis=1)


def _smoothed(values: Points, rate: float) -> Points:
    """Return values averaged over time; the first and the last stay."""
    reach = min(len(values) - 1, math.ceil(3 * _SMOOTH * rate))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (_SMOOTH * rate)) ** 2)
    weights /= weights.sum()
    longer = np.pad(values, ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    columns = [np.convolve(column, weights, "valid") for column in longer.T]
    return np.stack(columns, axis=1)


def keep_from_walls(places: Points, scene: bpy.types.Scene) -> Points:
    """Return a path, shape (n, 3), that neither goes through a wall nor comes close to one."""
    layer = bpy.context.view_layer or scene.view_layers[0]
    layer.update()
    assert layer.depsgraph is not None
    surface = surface_of(solids(scene, layer), layer.depsgraph)
    if surface is None:
        return places
    tree = surface.tree()
    distance = _FROM_WALLS / scene.unit_settings.scale_length
    path = [Vector(places[0])]
    for place in places[1:]:
        path.append(_kept_from_walls(Vector(place), path[-1], tree, distance))
    return np.array(path)


def _kept_from_walls(place: Vector, before: Vector, tree: Any, distance: float) -> Vector:
    """Return the point of a path that follows another one, at this distance from all surfaces."""
    step = place - before
    if step.length > 1e-9:
        hit, normal, _, _ = tree.ray_cast(before, step.normalized(), step.length + distance)
        if hit is not None:
            away = normal if normal.dot(step) < 0 else -normal
            place = place + away * max(0.0, distance - (place - hit).dot(away))
    for _ in range(3):  # a corner has two walls and a floor
        near, normal, _, gap = tree.find_nearest(place)
        if near is None or gap >= distance:
            break
        away = -normal if (before - near).dot(normal) < 0 else normal
        place = near + away * distance * 1.001
    return place


def walk_range(camera: bpy.types.Object) -> tuple[int, int]:
    """Return the first and the last frame of a walk."""
    action = camera.animation_data.action if camera.animation_data is not None else None
    if action is None:
        raise UserError(Message("“{name}” has no keyframes any more.", name=camera.name))
    first, last = action.frame_range
    return round(first), round(last)


# -- pictures


@dataclass(frozen=True)
class Shot:
    """A picture that is to be rendered."""

    camera: bpy.types.Object
    path: Path
    """Without a suffix Blender adds that of the format."""
    panorama_width: int = 0
    """Width of a panorama in pixels, which is half as high; 0 for what the camera sees."""


def shots_of(scene: bpy.types.Scene, folder: Path) -> list[Shot]:
    """Return one picture for each viewpoint of a scene.

    Raises:
        UserError: There is none.
    """
    every = _some_viewpoints(scene)
    return [Shot(camera, folder / bpy.path.clean_name(camera.name)) for camera in every]


def render_viewpoints(folder: Path | str, scene: bpy.types.Scene | None = None) -> list[Path]:
    """Render every viewpoint of a scene into a folder, and return the files.

    Raises:
        UserError: There is no viewpoint.
    """
    scene = scene or current_scene()
    return [render(shot, scene) for shot in shots_of(scene, Path(folder))]


def render_panorama(
    path: Path | str,
    camera: bpy.types.Object | None = None,
    *,
    width: int = 2048,
    scene: bpy.types.Scene | None = None,
) -> Path:
    """Render a 360° panorama from where a camera is (default: the scene's), and return the file.

    It is upright; what the camera looks at is in the middle. Rendered with Cycles.

    Raises:
        UserError: There is no camera, or no Cycles.
    """
    scene = scene or current_scene()
    camera = camera or scene.camera
    if camera is None:
        raise UserError(Message("Save a viewpoint first."))
    return render(Shot(camera, Path(path), width), scene)


def render(shot: Shot, scene: bpy.types.Scene) -> Path:
    """Render a picture, and return its file. Raises as `prepared`."""
    with prepared(shot, scene) as path:
        bpy.ops.render.render(write_still=True, scene=scene.name)
    return path


@contextmanager
def prepared(shot: Shot, scene: bpy.types.Scene) -> Iterator[Path]:
    """Set a scene up for a picture, and restore it afterwards; yields the file.

    Raises:
        UserError: A panorama needs Cycles, which is not enabled.
    """
    with ExitStack() as undo:
        render: Any = scene.render
        kept = _Kept(undo)
        kept.set(scene, "camera", shot.camera)
        _choose_picture(render.image_settings, kept)
        kept.set(render, "filepath", str(shot.path))
        kept.set(render, "use_file_extension", True)
        if shot.panorama_width:
            kept.set(scene, "camera", _panorama_camera(shot.camera, scene, undo))
            cycles.choose(scene, kept.set)
            kept.set(render, "resolution_x", shot.panorama_width)
            kept.set(render, "resolution_y", shot.panorama_width // 2)
            kept.set(render, "resolution_percentage", 100)
        elif render.engine == "CYCLES":
            cycles.denoise_if_possible(scene, kept.set)
        yield Path(bpy.path.abspath(str(shot.path.with_suffix(render.file_extension))))


class _Kept:
    """Sets attributes that get their values back at the end, the last one first."""

    def __init__(self, undo: ExitStack) -> None:
        self._undo = undo

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute until the end."""
        before = getattr(owner, name)
        setattr(owner, name, value)
        self._undo.callback(setattr, owner, name, before)


def _choose_picture(settings: Any, kept: _Kept) -> None:
    """Write a picture where the scene is set up to write a film."""
    if getattr(settings, "media_type", "IMAGE") != "IMAGE":  # from 5.0 on
        kept.set(settings, "media_type", "IMAGE")
    if settings.file_format.startswith(("FFMPEG", "AVI")):
        kept.set(settings, "file_format", "PNG")


def _panorama_camera(
    viewpoint: bpy.types.Object, scene: bpy.types.Scene, undo: ExitStack
) -> bpy.types.Object:
    """Return an upright panoramic camera at a viewpoint, which is removed at the end."""
    data: Any = bpy.data.cameras.new("Mint Panorama")
    undo.callback(bpy.data.cameras.remove, data)  # and its object with it
    data.type = "PANO"
    owner = data if hasattr(data, "panorama_type") else data.cycles  # before 5.0
    owner.panorama_type = "EQUIRECTANGULAR"
    data.clip_start = viewpoint.data.clip_start
    data.clip_end = viewpoint.data.clip_end
    camera = bpy.data.objects.new("Mint Panorama", data)
    ahead = viewpoint.matrix_world.to_3x3() @ Vector((0.0, 0.0, -1.0))
    camera.location = viewpoint.matrix_world.translation
    camera.rotation_euler = (math.pi / 2, 0.0, math.atan2(-ahead.x, ahead.y))
    scene.collection.objects.link(camera)
    return camera
