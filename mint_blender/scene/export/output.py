# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files: an empty scene to begin with, then a .blend, a GLB or a picture."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import addon_utils
import bpy
from mathutils import Vector

from ...files import pictures
from ..after import writers
from ..animation.clips import clips_of
from ..bounds import bounds_as_shown, evaluated_depsgraph
from ..data_blocks import current_scene
from ..node_trees import tree_of
from ..place import PlacedResult
from ..staging_scene import staging_scene
from ..transaction import temporary_data
from .output_path import OutputError, output_error, ready

__all__ = ["OutputError", "export_glb", "render_image", "save_blend", "start_empty"]


def start_empty() -> None:
    """Load an empty scene with factory settings; registered add-ons stay registered."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def save_blend(path: Path) -> Path:
    """Save the open file with all images packed; return the absolute path.

    Raises:
        OutputError: The file cannot be written.
    """
    path = ready(path)
    for image in bpy.data.images:
        if (
            image.source in {"FILE", "TILED"}
            and not image.packed_file
            and not image.library
            and _is_there(image)
        ):
            image.pack()
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False, compress=True)
    except RuntimeError as error:
        raise output_error(path, error) from error
    return path


def export_glb(path: Path, placed: PlacedResult) -> Path:
    """Export only the placed result to a GLB; return the absolute path.

    All clips of a character are in it by name, from frame 0.

    Raises:
        OutputError: The file cannot be written.
    """
    path = ready(path)
    has_clips = any(obj.type == "ARMATURE" and clips_of(obj) for obj in placed.objects)
    # seconds follow from frames by its frame rate
    with staging_scene(placed.objects, units_of=current_scene()) as scene:
        writers.write_glb(
            path, scene, export_extras=True, **(writers.CLIPS_OF_GLB if has_clips else {})
        )
    return path


def _is_there(image: bpy.types.Image) -> bool:
    return bool(image.filepath) and Path(bpy.path.abspath(image.filepath)).is_file()


FIELD_OF_VIEW = math.radians(28)
FRONT_VIEW = Vector((0.62, -1.0, 0.42)).normalized()
"""Direction from a model to the camera: in front of it (-Y), to its left, slightly above."""
MARGIN = 1.12
"""Distance of the camera, relative to the one at which the model just fits."""
SAMPLES = {"cycles": 4, "eevee": 16}
"""Samples of a quick picture with each engine. Few are enough for Cycles, which is denoised."""


def render_image(
    path: Path,
    placed: PlacedResult,
    *,
    width: int = 640,
    height: int = 480,
    samples: int | None = None,
    engine: str = "cycles",
) -> Path:
    """Render a result to a PNG, marked as generated media; return its absolute path.

    A World is seen through its own camera and lit by itself. A model is framed from the front,
    slightly from its left and above, on a pale floor in soft light. Of the engines
    in `SAMPLES`, EEVEE needs a graphics card.

    Raises:
        OutputError: The picture cannot be rendered.
    """
    path = ready(path)
    source = current_scene()
    try:
        with temporary_data(), staging_scene(placed.objects) as scene:
            use_engine = _use_eevee if engine == "eevee" else _use_cycles
            use_engine(scene, samples or SAMPLES[engine])
            _set_up_view(scene, placed, source, width / height)
            _write_picture(scene, path, width, height)
        pictures.mark_generated(path)
    except (RuntimeError, OSError) as error:
        raise OutputError(
            "The picture “{path}” could not be rendered: {reason}. The imported"
            " result is unchanged.",
            path=path,
            reason=str(error).strip(),
        ) from error
    return path


def _set_up_view(
    scene: bpy.types.Scene, placed: PlacedResult, source: bpy.types.Scene, aspect: float
) -> None:
    """Give the staging scene a camera, a World and lights; `source` is the user's scene."""
    is_world = placed.root.get("mint_kind") == "world"
    cameras = (obj for obj in placed.objects if is_world and obj.type == "CAMERA")
    if (camera := next(cameras, None)) is not None:
        _show_world(scene, camera, source)
        _show_hidden(scene, placed.objects)
    else:
        _light_model(scene, _all_points(placed.objects), aspect)


def _write_picture(scene: bpy.types.Scene, path: Path, width: int, height: int) -> None:
    render = scene.render
    render.resolution_x = width
    render.resolution_y = height
    render.resolution_percentage = 100
    render.image_settings.file_format = "PNG"
    render.filepath = str(path)
    bpy.ops.render.render(write_still=True, scene=scene.name)


def _show_world(scene: bpy.types.Scene, camera: bpy.types.Object, source: bpy.types.Scene) -> None:
    """Show a World through its camera."""
    scene.camera = camera
    scene.world = source.world
    # the panorama is a finished picture, which needs no tone mapping
    scene.view_settings.view_transform = "Standard"
    if scene.world is None:
        # without a panorama there is no light, and the collider may have a roof
        scene.world = _backdrop(scene)
        _headlamp(scene, camera, source.unit_settings.scale_length)
        scene.view_settings.view_transform = "AgX"
    else:
        if hasattr(scene, "cycles"):
            scene.cycles.max_bounces = 1  # all materials are emissive


def _show_hidden(scene: bpy.types.Scene, objects: Iterable[bpy.types.Object]) -> None:
    """Render a copy of a physics collider if nothing else is visible."""
    solid = [obj for obj in objects if obj.type in {"MESH", "POINTCLOUD"}]
    if all(obj.hide_render for obj in solid):
        for obj in solid:
            copy = obj.copy()
            copy.hide_render = False
            scene.collection.objects.link(copy)


def _use_cycles(scene: bpy.types.Scene, samples: int) -> None:
    if not hasattr(scene, "cycles"):
        addon_utils.enable("cycles")
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = True
    scene.cycles.adaptive_threshold = 0.03
    scene.cycles.max_bounces = 4
    scene.cycles.seed = 1
    try:
        scene.cycles.denoiser = "OPENIMAGEDENOISE"
        scene.cycles.use_denoising = True
        scene.cycles.denoising_quality = "BALANCED"  # as good as HIGH at this size, in less time
    except TypeError:  # this build has no denoiser: more samples instead
        scene.cycles.use_denoising = False
        scene.cycles.samples = samples * 4


def _use_eevee(scene: bpy.types.Scene, samples: int) -> None:
    try:
        scene.render.engine = "BLENDER_EEVEE_NEXT"  # its name in Blender 4
    except TypeError:
        scene.render.engine = "BLENDER_EEVEE"
    scene.eevee.taa_render_samples = samples
    scene.eevee.use_shadows = True


def _all_points(objects: Iterable[bpy.types.Object]) -> list[Vector]:
    """Return the eight corners of the bounding box of all meshes, or of a unit box."""
    objects = list(objects)
    with evaluated_depsgraph(objects) as depsgraph:
        bounds = bounds_as_shown(objects, depsgraph)
    (left, front, bottom), (right, back, top) = bounds or ((-0.5, -0.5, 0.0), (0.5, 0.5, 1.0))
    return [Vector((x, y, z)) for x in (left, right) for y in (front, back) for z in (bottom, top)]


def _light_model(scene: bpy.types.Scene, corners: list[Vector], aspect: float) -> None:
    low = corners[0]
    high = corners[-1]
    center = (low + high) / 2
    size = max((high - low).length, 1e-6)
    scene.camera = _camera(scene, corners, size, aspect)
    _light(
        scene, "key", center + size * Vector((-1.3, -1.1, 1.9)), center, size * 0.8, 58 * size**2
    )
    _light(scene, "rim", center + size * Vector((1.3, 1.2, 1.3)), center, size * 1.0, 34 * size**2)
    scene.world = _backdrop(scene)
    _floor(scene, Vector((center.x, center.y, low.z)), size)
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


def _camera(
    scene: bpy.types.Scene, corners: list[Vector], size: float, aspect: float
) -> bpy.types.Object:
    """Return a camera as near as all corners fit into its view."""
    center = (corners[0] + corners[-1]) / 2
    data = bpy.data.cameras.new("Mint still")
    data.sensor_fit = "HORIZONTAL"
    data.angle = FIELD_OF_VIEW
    turn = (-FRONT_VIEW).to_track_quat("-Z", "Y")
    across = turn @ Vector((1, 0, 0))
    up = turn @ Vector((0, 1, 0))
    half = math.tan(FIELD_OF_VIEW / 2)
    distance = 0.0
    for corner in corners:
        offset = corner - center
        reach = max(abs(offset.dot(across)), abs(offset.dot(up)) * aspect) / half
        distance = max(distance, offset.dot(FRONT_VIEW) + MARGIN * reach)
    camera = bpy.data.objects.new("Mint still", data)
    camera.location = center + FRONT_VIEW * distance
    camera.rotation_euler = turn.to_euler()
    data.clip_start = distance / 100
    data.clip_end = distance * 100 + size
    scene.collection.objects.link(camera)
    return camera


def _light(
    scene: bpy.types.Scene, name: str, at: Vector, target: Vector, size: float, watts: float
) -> None:
    data = bpy.data.lights.new(name, "AREA")
    data.size = size
    data.energy = watts
    data.use_shadow_jitter = True  # soft shadows in EEVEE, too
    light = bpy.data.objects.new(name, data)
    light.location = at
    light.rotation_euler = (target - at).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(light)


def _headlamp(scene: bpy.types.Scene, camera: bpy.types.Object, meters_per_unit: float) -> None:
    """Add a lamp next to the camera, bright enough for a room."""
    scene.view_layers[0].update()
    data = bpy.data.lights.new("Mint still", "POINT")
    data.energy = 200 / meters_per_unit**2
    data.shadow_soft_size = 0.5 / meters_per_unit
    lamp = bpy.data.objects.new("Mint still", data)
    lamp.location = camera.matrix_world.translation + Vector((0.6, 0, 0.8)) / meters_per_unit
    scene.collection.objects.link(lamp)


def _backdrop(scene: bpy.types.Scene) -> bpy.types.World:
    world = bpy.data.worlds.new("Mint still")
    background = next(node for node in tree_of(world).nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.86, 0.9, 0.95, 1)
    background.inputs["Strength"].default_value = 0.42
    return world


def _floor(scene: bpy.types.Scene, at: Vector, size: float) -> None:
    half = size * 60
    mesh = bpy.data.meshes.new("Mint still floor")
    mesh.from_pydata(
        [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)]
    )
    material = bpy.data.materials.new("Mint still floor")
    shader = next(node for node in tree_of(material).nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Base Color"].default_value = (0.72, 0.74, 0.76, 1)
    shader.inputs["Roughness"].default_value = 0.9
    mesh.materials.append(material)
    floor = bpy.data.objects.new("Mint still floor", mesh)
    floor.location = at - Vector((0, 0, size * 1e-4))
    scene.collection.objects.link(floor)
