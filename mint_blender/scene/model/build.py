# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a model in the scene below one root object, standing on the floor."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .. import mesh_arrays, tags
from ..animation import tracks
from ..animation.repair import repair
from ..bounds import Bounds, bounds
from ..gltf.gltf_import import SceneImportError, import_glb
from ..prepared import PreparedResult, append
from ..transaction import DataSnapshot
from . import cleanup

RENAMED_TYPES = (
    bpy.types.Mesh,
    bpy.types.Material,
    bpy.types.Image,
    bpy.types.Armature,
    bpy.types.Action,
)

NODE = tags.PREFIX + "node"
"""The custom property with the name of a part in its file, since objects are renamed later."""
REST = tags.PREFIX + "rest"
"""The custom property with the transform of a part in its file: 16 numbers, by rows."""


@dataclass(frozen=True)
class BuiltModel:
    """A model as it was built; its objects are valid until the next undo."""

    root: bpy.types.Object
    objects: tuple[bpy.types.Object, ...]
    """The root and its parts."""
    extent: Bounds
    """The bounding box in world space where the file has it."""


def build_model(
    source: Path | PreparedResult,
    *,
    name: str,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
    at: tuple[float, float, float],
    height: float | None = None,
    checked: bool = True,
) -> BuiltModel:
    """Bring a model into `collection` with its bottom center at `at`, facing -Y.

    Args:
        source: A GLB, or a model that a background Blender has imported already.
        name: The name of the root; its parts and data-blocks are named after it.
        collection: Where its objects are linked.
        scene: Lengths follow its unit scale, animations its frame rate.
        at: A point on the floor in world space, in scene units.
        height: In scene units; None keeps the delivered size.
        checked: As in `import_glb`.

    Raises:
        SceneImportError: The import failed; the caller removes what was begun.
    """
    if isinstance(source, PreparedResult):
        assert source.extent is not None  # a model's file has one
        appended = append(source.path, collection)
        objects = (appended.root, *appended.parts)
        model = BuiltModel(appended.root, objects, source.extent)
    else:
        model = import_model(source, name=name, collection=collection, scene=scene, checked=checked)
    root = model.root
    (_, _, bottom), (_, _, top) = model.extent
    scale = 1.0 if height is None or top <= bottom else height / (top - bottom)
    if not (scale > 0.0 and all(map(math.isfinite, (scale, *at)))):
        raise SceneImportError(
            "Cannot place the model: place and height must be finite numbers, and the height"
            " above zero. Nothing was imported."
        )
    root.location = at
    root.scale = [value * scale for value in root.scale]
    if height is not None:
        root[tags.PREFIX + "height"] = height
    return model


def import_model(
    path: Path,
    *,
    name: str,
    collection: bpy.types.Collection,
    scene: bpy.types.Scene,
    checked: bool = True,
) -> BuiltModel:
    """Import a GLB as one root with its parts, named and marked; nothing is moved.

    A model of one plain mesh is its own root; any other gets an empty as root. Either way the
    origin of the root is at the bottom center.

    Raises:
        SceneImportError: The import failed; the caller removes what was begun.
    """
    before = DataSnapshot()
    objects = cleanup.collapse_empties(import_glb(path, collection, scene=scene, checked=checked))
    repair(objects)
    extent = bounds(objects)
    if extent is None:
        raise SceneImportError(
            "Cannot import “{name}”: it contains no mesh vertices. The file is "
            "kept; nothing was imported.",
            name=path.name,
        )
    (left, front, bottom), (right, back, _) = extent
    root = _root(objects, collection, foot=((left + right) / 2, (front + back) / 2, bottom))
    parts = [obj for obj in objects if obj != root]
    renamed = [block for block in before.new() if isinstance(block, RENAMED_TYPES)]
    set_from_textures(block for block in renamed if isinstance(block, bpy.types.Material))
    for part in parts:
        # the name in the file identifies the part in a later version
        part[NODE] = part.name
        store_rest(part)
    # a clip has the name of its motion
    named = [block for block in renamed if not tracks.is_clip(block)]
    cleanup.rename_after(name, root, parts, named)
    tags.mark([root, *parts, *renamed])
    return BuiltModel(root, (root, *parts), extent)


def store_rest(part: bpy.types.Object) -> None:
    """Store where a part is, to know later whether the user has moved it."""
    part[REST] = [value for row in part.matrix_basis for value in row]


def is_moved(part: bpy.types.Object) -> bool:
    """Return whether a part is elsewhere than it was; False if that is not known."""
    now = [value for row in part.matrix_basis for value in row]
    return REST in part.keys() and not np.allclose(part[REST], now, atol=cleanup.CLOSE)


def _root(
    objects: list[bpy.types.Object],
    collection: bpy.types.Collection,
    foot: tuple[float, float, float],
) -> bpy.types.Object:
    """Return the root of a model, with its origin at `foot`; the meshes stay where they are."""
    only = cleanup.only_plain_mesh(objects)
    if only is not None and cleanup.apply_transform(only, Vector(foot)):
        return only
    root = bpy.data.objects.new("Mint", None)
    root.empty_display_size = 0.25
    collection.objects.link(root)
    root.location = foot
    for obj in objects:
        if obj.parent is None:
            obj.parent = root
            obj.matrix_parent_inverse = Matrix.Identity(4)
            cleanup.transform_in_parent(obj, Matrix.Translation([-value for value in foot]))
    return root


_SMALL = 32
"""Width and height that a texture is scaled to before its mean is computed."""


def set_from_textures(materials: Iterable[bpy.types.Material]) -> None:
    """Set the viewport color of materials to the mean of their base color texture, linear.

    Untextured materials keep the base color factor, which the importer has set.
    """
    means: dict[bpy.types.Image, np.ndarray | None] = {}
    for material in materials:
        texture = _base_color_texture(material)
        if texture is None:
            continue
        image, factor = texture
        if image not in means:
            means[image] = mean_color(image)
        mean = means[image]
        if mean is not None:
            red, green, blue = (float(value) for value in mean * factor)
            material.diffuse_color = (red, green, blue, 1.0)


def mean_color(image: bpy.types.Image) -> np.ndarray | None:
    """Return the mean color of a picture, linear, shape (3,); None if it cannot be read.

    What is transparent does not count.
    """
    try:
        pixels, is_float = mesh_arrays.scaled_pixels(image, _SMALL, _SMALL)
    except (RuntimeError, TypeError):
        return None  # the file is damaged, or has another number of channels
    rgba = pixels.reshape(-1, 4).astype(np.float64)
    weights = rgba[:, 3] if rgba[:, 3].sum() > 0.0 else np.ones(len(rgba))
    colors = rgba[:, :3]
    if not is_float:  # sRGB
        colors = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.average(colors, axis=0, weights=weights))


def _base_color_texture(material: bpy.types.Material) -> tuple[bpy.types.Image, np.ndarray] | None:
    """Return the picture that a base color comes from, and the color it is multiplied with."""
    tree: Any = material.node_tree
    for node in tree.nodes if tree is not None else ():
        socket = node.inputs.get("Base Color")
        if socket is not None:
            return _texture_behind(socket, set())
    return None


def _texture_behind(socket: Any, seen: set[str]) -> tuple[bpy.types.Image, np.ndarray] | None:
    """Return the first picture on the way to a socket, and the colors that multiply it."""
    for link in socket.links:
        node = link.from_node
        if node.name in seen:
            continue
        seen.add(node.name)
        if node.type == "TEX_IMAGE":
            return (node.image, np.ones(3)) if node.image is not None else None
        for node_input in node.inputs:
            texture = _texture_behind(node_input, seen)
            if texture is not None:
                image, factor = texture
                return image, factor * _own_factor(node)
    return None


def _own_factor(node: Any) -> np.ndarray:
    """Return the constant color that a node multiplies its other input with."""
    factor = np.ones(3)
    if getattr(node, "blend_type", "") == "MULTIPLY":
        for socket in node.inputs:
            if socket.type == "RGBA" and socket.enabled and not socket.is_linked:
                factor = factor * np.array(socket.default_value)[:3]
    return factor
