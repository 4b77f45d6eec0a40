# SPDX-License-Identifier: GPL-3.0-or-later
"""Give materials a viewport color, so that models are not gray in Solid shading."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

_SMALL = 32
"""Width and height that a texture is scaled to before its mean is computed."""


def set_from_textures(materials: Iterable[bpy.types.Material]) -> None:
    """Set the viewport color of materials to the mean of their base color texture, linear.

    Untextured materials keep the base color factor, which the importer has set.
    """
    means: dict[bpy.types.Image, np.ndarray | None] = {}
    for each in materials:
        texture = _base_color_texture(each)
        if texture is None:
            continue
        image, factor = texture
        if image not in means:
            means[image] = mean_color(image)
        mean = means[image]
        if mean is not None:
            red, green, blue = (float(value) for value in mean * factor)
            each.diffuse_color = (red, green, blue, 1.0)


def mean_color(image: bpy.types.Image) -> np.ndarray | None:
    """Return the mean color of a picture, linear, shape (3,); None if it cannot be read.

    What is transparent does not count.
    """
    small = image.copy()  # without its pixels, which are read from the packed file
    try:
        small.scale(_SMALL, _SMALL)
        pixels = np.empty(_SMALL * _SMALL * 4, dtype=np.float32)
        small.pixels.foreach_get(pixels)
    except (RuntimeError, TypeError):
        return None  # the file is damaged, or has another number of channels
    finally:
        bpy.data.images.remove(small)
    rgba = pixels.reshape(-1, 4).astype(np.float64)
    weights = rgba[:, 3] if rgba[:, 3].sum() > 0.0 else np.ones(len(rgba))
    colors = rgba[:, :3] if image.is_float else _linear(rgba[:, :3])
    return np.asarray(np.average(colors, axis=0, weights=weights))


def _linear(srgb: np.ndarray) -> np.ndarray:
    """Convert sRGB values, from 0 to 1, to linear ones."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _base_color_texture(
    material: bpy.types.Material,
) -> tuple[bpy.types.Image, np.ndarray] | None:
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
        for each in node.inputs:
            found = _texture_behind(each, seen)
            if found is not None:
                image, factor = found
                return image, factor * _own_factor(node)
    return None


def _own_factor(node: Any) -> np.ndarray:
    """Return the constant color that a node multiplies its other input with."""
    factor = np.ones(3)
    if getattr(node, "blend_type", "") == "MULTIPLY":
        for each in node.inputs:
            if each.type == "RGBA" and each.enabled and not each.is_linked:
                factor = factor * np.array(each.default_value)[:3]
    return factor
