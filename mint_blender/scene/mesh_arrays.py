# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the arrays of a mesh, and the pixels of a picture, quickly as NumPy arrays.

Blender copies an attribute as a whole, which takes a millisecond for a million values. The older
properties of vertices, corners and faces are read one by one and take up to a hundred times as
long.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np


def positions(mesh: Any) -> np.ndarray:
    """Return the coordinates of all vertices, flat, as 32-bit floats."""
    count = 3 * len(mesh.vertices)
    data = _attribute(mesh, "position")
    return read(mesh.vertices, "co", count) if data is None else read(data, "vector", count)


def transformed(points: np.ndarray, matrix: Any) -> np.ndarray:
    """Return points, shape (n, 3), after a 4 × 4 matrix, as 64-bit floats."""
    rows = np.array(matrix)
    return np.asarray(points @ rows[:3, :3].T + rows[:3, 3])


def corner_vertices(mesh: Any) -> np.ndarray:
    """Return the vertex index of each face corner, as 32-bit integers."""
    count = len(mesh.loops)
    data = _attribute(mesh, ".corner_vert")
    if data is None:
        return read(mesh.loops, "vertex_index", count, np.int32)
    return read(data, "value", count, np.int32)


def read(values: Any, name: str, count: int, kind: Any = np.float32) -> np.ndarray:
    """Return one property of a collection, flat; `count` is the number of numbers."""
    flat = np.empty(count, dtype=kind)
    values.foreach_get(name, flat)
    return flat


def scaled_pixels(image: Any, width: int, height: int) -> tuple[np.ndarray, bool]:
    """Return the pixels of a picture at another size, shape (height, width, 4), and `is_float`.

    Raises:
        RuntimeError: The file of the picture cannot be read.
        TypeError: It has another number of channels.
    """
    copy = image.copy()  # without its pixels, which are read from the packed file
    try:
        copy.scale(width, height)
        pixels = np.empty(width * height * 4, np.float32)
        copy.pixels.foreach_get(pixels)
        # the picture itself would have to be decoded for its `is_float`
        return pixels.reshape(height, width, 4), copy.is_float
    finally:
        bpy.data.images.remove(copy)


def _attribute(mesh: Any, name: str) -> Any:
    """Return the data of an attribute; None where there is none, as for a mesh without faces.

    In Edit Mode attributes are empty, while the older properties show the mesh before the edit.
    """
    attribute = None if mesh.is_editmode else mesh.attributes.get(name)
    return None if attribute is None else attribute.data
