# SPDX-License-Identifier: GPL-3.0-or-later
"""Detect whether the user has edited a mesh that came from Mint.

A short hash of vertices, faces, UV maps, shape keys and colors is stored on the mesh as the custom
property `mint_seen`.

It is computed while a large model is replaced, when Blender stands still. So the numbers are not
hashed one by one, which takes ten times as long as reading them. They are added up along the rows
and the columns of a table, and only the sums are hashed. A changed number changes its row and its
column; numbers that are exchanged change at least one of the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

from .. import mesh_arrays, tags

FINGERPRINT = tags.PREFIX + "seen"
_COLUMNS = 2048


def store(blocks: Iterable[bpy.types.ID]) -> None:
    """Store the fingerprints of meshes; other data-blocks have none."""
    for each in blocks:
        if isinstance(each, bpy.types.Mesh):
            each[FINGERPRINT] = _of(each)


def forget(mesh: Any) -> None:
    """Remove a fingerprint, since this add-on is about to change the mesh."""
    mesh.pop(FINGERPRINT, None)


def is_stored(mesh: bpy.types.ID) -> bool:
    """Return whether a mesh has a fingerprint."""
    return FINGERPRINT in mesh.keys()


def is_modified(mesh: bpy.types.ID) -> bool:
    """Return whether a mesh has changed since the import; False without a fingerprint."""
    return is_stored(mesh) and mesh[FINGERPRINT] != _of(mesh)


def _of(mesh: Any) -> str:
    keys = mesh.shape_keys.key_blocks if mesh.shape_keys else ()
    vertices = mesh_arrays.positions(mesh)
    content: list[Any] = [
        _sums(vertices),
        _sums(mesh_arrays.corner_vertices(mesh)),
        len(mesh.polygons),
        [(each.name, _sums(mesh_arrays.coordinates(each))) for each in mesh.uv_layers],
        [(each.name, _sums(mesh_arrays.read(each.data, "co", vertices.size))) for each in keys],
    ]
    if colors := mesh.color_attributes:
        content.append(
            [
                (each.name, _sums(mesh_arrays.read(each.data, "color", 4 * len(each.data))))
                for each in colors
            ]
        )
    return "sums:" + _hash(repr(content).encode("utf-8", "surrogatepass"))


def _sums(values: np.ndarray) -> str:
    """Return a hash of the sums of all rows and columns of these 32-bit numbers."""
    end = values.size // _COLUMNS * _COLUMNS
    table = values[:end].reshape(-1, _COLUMNS).view(np.uint64)  # sums may overflow
    return _hash(table.sum(axis=1).tobytes() + table.sum(axis=0).tobytes() + values[end:].tobytes())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
