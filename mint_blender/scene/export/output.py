# SPDX-License-Identifier: GPL-3.0-or-later
"""Files out of Blender, without a window: an empty file to begin with, a .blend, a GLB, a picture."""  # noqa: E501

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import bpy

from ..importer_output import muted_importer
from ..place import PlacedResult
from ..staging import staging_scene
from .output_path import OutputError, output_error, ready
from .render import render_image

__all__ = ["OutputError", "export_glb", "render_image", "save_blend", "start_empty"]


def start_empty() -> None:
    """An empty scene with Blender's factory settings.

    Add-ons that are registered stay registered.
    """
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


def save_blend(path: Path) -> Path:
    """Save the open file to `path`, with every picture inside, so that it can be handed on alone.

    Returns the absolute path.
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
    """Write what was placed, and nothing else, to a GLB. Returns the absolute path."""
    path = ready(path)
    try:
        with (
            staging_scene(placed.objects) as scene,
            _node_properties_unchanged(),
            muted_importer(),
            bpy.context.temp_override(
                scene=scene, view_layer=scene.view_layers[0], collection=scene.collection
            ),
        ):
            bpy.ops.export_scene.gltf(
                filepath=str(path), export_format="GLB", use_active_scene=True, export_extras=True
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
