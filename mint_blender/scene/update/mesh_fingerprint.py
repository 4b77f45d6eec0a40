# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of meshes: their vertices, faces, UV maps and shape keys.

They are computed while a large model is replaced, when Blender stands still. So the numbers are not
hashed one by one, which takes ten times as long as reading them. They are added up along the rows
and the columns of a table, and only the sums are hashed. A changed number changes its row and its
column; numbers that are exchanged change at least one of the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import mesh_arrays

SUMS = "sums:"
"""Prefix of a fingerprint of sums; earlier versions of this add-on hashed all numbers."""
_COLUMNS = 2048


def of(mesh: Any) -> str:
    """Return the fingerprint of a mesh."""
    return SUMS + _combine(mesh, len(mesh.polygons), _sums)


def is_of(stored: str, mesh: Any) -> bool:
    """Return whether a stored fingerprint, also of an earlier version, is that of this mesh."""
    return stored == (of(mesh) if stored.startswith(SUMS) else _of_all_numbers(mesh))


def _sums(values: np.ndarray) -> str:
    """Return a hash of the sums of all rows and columns of these 32-bit numbers."""
    end = values.size // _COLUMNS * _COLUMNS
    table = values[:end].reshape(-1, _COLUMNS).view(np.uint64)  # sums may overflow
    return _hash(table.sum(axis=1).tobytes() + table.sum(axis=0).tobytes() + values[end:].tobytes())


def _of_all_numbers(mesh: Any) -> str:
    def digest(values: np.ndarray) -> str:
        return _hash(values.data)

    return _combine(mesh, digest(mesh_arrays.face_sizes(mesh)), digest)


def _combine(mesh: Any, faces: int | str, digest: Callable[[np.ndarray], str]) -> str:
    """Return a hash of what is said of the faces and of the digests of all other arrays."""
    keys = mesh.shape_keys.key_blocks if mesh.shape_keys else ()
    vertices = mesh_arrays.positions(mesh)
    content = [
        digest(vertices),
        digest(mesh_arrays.corner_vertices(mesh)),
        faces,
        [(each.name, digest(mesh_arrays.coordinates(each))) for each in mesh.uv_layers],
        [(each.name, digest(mesh_arrays.read(each.data, "co", vertices.size))) for each in keys],
    ]
    return _hash(repr(content).encode("utf-8", "surrogatepass"))


def _hash(content: Any) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
