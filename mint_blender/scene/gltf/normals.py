# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the normals of imported meshes, which takes Blender's glTF importer most of its time.

The importer hands them over as an array of NumPy, which Blender reads number by number; a list is
read several times as fast, with the same result. Where Blender computes the normals of the file by
itself there is nothing to set: then they also follow what is done to the mesh later.
"""

from __future__ import annotations

import gc
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...files.glb.vertices import MeshVertices, stem
from .. import mesh_arrays

FLAT = 0.9999999
"""The importer shades a face flat where the normals of all corners are that close to its own."""
SAME = np.cos(np.radians(0.5))
UNIT = 0.02
"""How far a length may be from 1, as in small integers; Blender distorts longer normals."""


class UnknownMeshError(Exception):
    """A mesh is not what the file holds under its name."""


def set_normals(
    meshes: Iterable[bpy.types.Mesh], sources: Mapping[str, MeshVertices], unit: float
) -> None:
    """Give meshes, imported as smooth ones, the normals of their file.

    Args:
        meshes: All that the file has brought.
        sources: What the file holds, by the names of the meshes.
        unit: Scene units for each meter.

    Raises:
        UnknownMeshError: It is not certain which of them one of the meshes is.
    """
    for mesh in meshes:
        source = sources.get(stem(mesh.name))
        if (
            source is None
            or "sharp_face" not in mesh.attributes
            or not _has_positions(mesh, source.positions, unit)
        ):
            raise UnknownMeshError
        if source.normals is not None:
            _set(mesh, _turned(source.normals))


def _has_positions(mesh: bpy.types.Mesh, points: NDArray[np.float32], unit: float) -> bool:
    expected = _turned(points)
    if unit != 1:
        expected *= unit
    return np.array_equal(mesh_arrays.positions(mesh), expected.reshape(-1))


def _turned(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return glTF's (x, y, z) as Blender's (x, -z, y)."""
    return np.stack((rows[:, 0], -rows[:, 2], rows[:, 1]), axis=1)


def _set(mesh: bpy.types.Mesh, normals: NDArray[np.float32]) -> None:
    corners = mesh_arrays.corner_vertices(mesh).reshape(-1, 3)
    faces = mesh_arrays.read(mesh.polygon_normals, "vector", 3 * len(corners)).reshape(-1, 3)
    sharp: Any = mesh.attributes["sharp_face"]
    is_flat = mesh_arrays.read(sharp.data, "value", len(corners), bool)  # in parts without normals
    near = [_dot(normals.take(vertices, axis=0), faces) > FLAT for vertices in corners.T]
    sharp.data.foreach_set("value", is_flat | np.logical_and.reduce(near))
    mesh.update()
    if _are_computed(mesh, normals, corners, faces):
        return
    is_collecting = gc.isenabled()
    gc.disable()  # it would look through millions of numbers, again and again
    try:
        # tuples are freed in less time than lists
        rows: Any = list(struct.iter_unpack("=3f", normals.data))
        mesh.normals_split_custom_set_from_vertices(rows)
        del rows
    finally:
        if is_collecting:
            gc.enable()


def _are_computed(
    mesh: bpy.types.Mesh,
    normals: NDArray[np.float32],
    corners: NDArray[np.int32],
    faces: NDArray[np.float32],
) -> bool:
    """Return whether Blender computes these normals by itself, and all have a length of 1."""
    lengths = np.sqrt(_dot(normals, normals))
    if not np.all(np.abs(lengths - 1) < UNIT):
        return False
    least = SAME * lengths
    if mesh.normals_domain == "POINT":
        own = mesh_arrays.read(mesh.vertex_normals, "vector", normals.size).reshape(-1, 3)
        return bool(np.all(_dot(normals, own) >= least))
    own = faces[:, None].repeat(3, axis=1)
    if mesh.normals_domain == "CORNER":
        own = mesh_arrays.read(mesh.corner_normals, "vector", own.size).reshape(own.shape)
    return all(
        np.all(_dot(normals.take(vertices, axis=0), own[:, k]) >= least.take(vertices))
        for k, vertices in enumerate(corners.T)
    )


def _dot(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the dot products of rows as the importer adds them up, in a fifth of the time."""
    products = left * right
    sums: NDArray[np.float32] = products[:, 0] + products[:, 1]
    sums += products[:, 2]
    return sums
