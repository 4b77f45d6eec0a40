# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files: an empty scene to begin with, then a .blend, a GLB or a picture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import bpy
from mathutils import Vector

from ...files import pictures
from .. import cycles, picture
from ..after import writers
from ..animation.clips import clips_of
from ..data_blocks import current_scene
from ..place import PlacedResult
from ..staging_scene import renew_window_owner, staging_scene
from ..transaction import temporary_data
from .output_path import OutputError, output_error, ready

__all__ = ["OutputError", "export_glb", "render_image", "save_blend", "start_empty"]


def start_empty() -> None:
    """Load an empty scene with factory settings; registered add-ons stay registered."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    renew_window_owner()


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
        picture.stage(scene, scene.collection, placed.objects, aspect)


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
        scene.world = picture.backdrop()
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
    can_denoise = cycles.choose(scene)
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = True
    scene.cycles.adaptive_threshold = 0.03
    scene.cycles.max_bounces = 4
    scene.cycles.seed = 1
    scene.cycles.use_denoising = can_denoise
    if can_denoise:
        scene.cycles.denoising_quality = "BALANCED"  # as good as HIGH at this size, in less time
    else:
        scene.cycles.samples = samples * 4


def _use_eevee(scene: bpy.types.Scene, samples: int) -> None:
    try:
        scene.render.engine = "BLENDER_EEVEE_NEXT"  # its name in Blender 4
    except TypeError:
        scene.render.engine = "BLENDER_EEVEE"
    scene.eevee.taa_render_samples = samples
    scene.eevee.use_shadows = True


def _headlamp(scene: bpy.types.Scene, camera: bpy.types.Object, meters_per_unit: float) -> None:
    """Add a lamp next to the camera, bright enough for a room."""
    scene.view_layers[0].update()
    data = bpy.data.lights.new("Mint still", "POINT")
    data.energy = 200 / meters_per_unit**2
    data.shadow_soft_size = 0.5 / meters_per_unit
    lamp = bpy.data.objects.new("Mint still", data)
    lamp.location = camera.matrix_world.translation + Vector((0.6, 0, 0.8)) / meters_per_unit
    scene.collection.objects.link(lamp)
