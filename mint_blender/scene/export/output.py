# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files: an empty scene to begin with, then a .blend, a GLB or a picture."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..animation.clips import clips_of
from ..data_blocks import current_scene
from ..gltf.importer_output import muted_importer
from ..place import PlacedResult
from ..staging_scene import staging_scene
from .output_path import OutputError, output_error, ready
from .render import render_image

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
    has_clips = any(each.type == "ARMATURE" and clips_of(each) for each in placed.objects)
    operator: Any = bpy.ops.export_scene.gltf
    ways = {"export_animation_mode": "NLA_TRACKS", "export_anim_slide_to_zero": True}
    try:
        with (
            # seconds follow from frames by its frame rate
            staging_scene(placed.objects, units_of=current_scene()) as scene,
            _node_properties_unchanged(),
            muted_importer(),
            bpy.context.temp_override(
                scene=scene, view_layer=scene.view_layers[0], collection=scene.collection
            ),
        ):
            operator(
                filepath=str(path),
                export_format="GLB",
                use_active_scene=True,
                export_extras=True,
                **(ways if has_clips else {}),
            )
    except RuntimeError as error:
        raise output_error(path, error) from error
    return path


@contextlib.contextmanager
def _node_properties_unchanged() -> Iterator[None]:
    """Remove the property `used` that the exporter of Blender 4.2 and 4.5 leaves on nodes."""
    before = {node.as_pointer() for node in _shader_nodes() if node.get("used")}
    try:
        yield
    finally:
        for node in _shader_nodes():
            if node.get("used") and node.as_pointer() not in before:
                del node["used"]


def _shader_nodes() -> Iterator[bpy.types.Node]:
    trees = [
        *(each.node_tree for each in bpy.data.materials if each.node_tree),
        *bpy.data.node_groups,
    ]
    return (node for tree in trees for node in tree.nodes)


def _is_there(image: bpy.types.Image) -> bool:
    return bool(image.filepath) and Path(bpy.path.abspath(image.filepath)).is_file()
