# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of meshes: their vertices, faces, UV maps and shape keys.

They are computed while a large model is replaced, when Blender stands still. So the numbers are not
hashed one by one, which takes ten times as long as reading them. They are added up along the rows
and the columns of a table, and only the sums are hashed. A changed number changes its row and its
column; numbers that are exchanged change at least one of the two.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from .. import mesh_arrays

SUMS = "sums:"
"""Prefix of a fingerprint of sums; earlier versions of this add-on hashed all numbers."""
_COLUMNS = 2048


def of(mesh: Any) -> str:
    """Return the fingerprint of a mesh."""
    keys = mesh.shape_keys.key_blocks if mesh.shape_keys else ()
    vertices = mesh_arrays.positions(mesh)
    content = [
        _sums(vertices),
        _sums(mesh_arrays.corner_vertices(mesh)),
        len(mesh.polygons),
        [(each.name, _sums(mesh_arrays.coordinates(each))) for each in mesh.uv_layers],
        [(each.name, _sums(mesh_arrays.read(each.data, "co", vertices.size))) for each in keys],
    ]
    return SUMS + _hash(repr(content).encode("utf-8", "surrogatepass"))


def is_of(stored: str, mesh: Any) -> bool:
    """Return whether a stored fingerprint, also of an earlier version, is that of this mesh."""
    return stored == (of(mesh) if stored.startswith(SUMS) else _of_all_numbers(mesh))


def _sums(values: np.ndarray) -> str:
    """Return a hash of the sums of all rows and columns of these 32-bit numbers."""
    end = values.size // _COLUMNS * _COLUMNS
    table = values[:end].reshape(-1, _COLUMNS).view(np.uint64)  # sums may overflow
    return _hash(table.sum(axis=1).tobytes() + table.sum(axis=0).tobytes() + values[end:].tobytes())


def _of_all_numbers(mesh: Any) -> str:
    keys = mesh.shape_keys.key_blocks if mesh.shape_keys else ()
    vertices = mesh_arrays.positions(mesh)
    content = [
        _hash(vertices.data),
        _hash(mesh_arrays.corner_vertices(mesh).data),
        _hash(mesh_arrays.face_sizes(mesh).data),
        [(each.name, _hash(mesh_arrays.coordinates(each).data)) for each in mesh.uv_layers],
        [
            (each.name, _hash(mesh_arrays.read(each.data, "co", vertices.size).data))
            for each in keys
        ],
    ]
    return _hash(repr(content).encode("utf-8", "surrogatepass"))


def _hash(content: Any) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
