# SPDX-License-Identifier: GPL-3.0-or-later
"""Read positions and normals of the meshes of a GLB, in the order in which Blender imports them.

Only of a file whose data can be read plainly: without skins, compression and sparse normals. For
any other there is nothing, and Blender's importer has to read the normals itself.

Source: glTF 2.0 specification, sections 3.6 (binary data) and 3.7 (geometry);
KHR_mesh_quantization.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC3": 3}
LARGEST = {"<i1": 127.0, "<u1": 255.0, "<i2": 32767.0, "<u2": 65535.0}
"""The integer that stands for 1 in normalized data."""
MOST_VERTICES = 4_000_000
"""Of one mesh. As Python numbers, the normals of each take up to 170 bytes."""
LONGEST_NAME = 59
"""Bytes of the name of a data-block, without a number at its end."""


@dataclass(frozen=True)
class MeshVertices:
    """The vertices of one mesh of a GLB that its triangles use, primitive after primitive."""

    positions: NDArray[np.float32]
    """Shape (n, 3), in the axes of glTF."""
    normals: NDArray[np.float32] | None
    """Likewise; zeros for primitives without normals, and None if no primitive has any."""


def read_meshes(path: Path) -> dict[str, MeshVertices]:
    """Return the meshes by the names that Blender gives them, as `stem` returns them.

    Empty if one of them cannot be read plainly, or if two have the same name.
    """
    try:
        with path.open("rb") as stream:
            size = struct.unpack("<12xI4x", stream.read(20))[0]
            document = json.loads(stream.read(size))
            if document.get("skins"):  # the importer turns the normals into the bind pose
                return {}
            return _read_all(_Accessors(stream, 20 + size + 8, document), document["meshes"])
    except Exception:  # noqa: BLE001 - whatever else is unusual, Blender's importer copes or refuses
        return {}


def stem(name: str) -> str:
    """Return the name of a data-block without the number that tells it from its namesakes."""
    return re.sub(r"\.\d+$", "", name)


class _UnusualError(Exception):
    """The data are not stored plainly."""


class _Accessors:
    """Reads accessors from the file."""

    def __init__(self, stream: BinaryIO, start: int, document: dict[str, Any]) -> None:
        self._stream = stream
        self._start = start
        self._document = document

    def rows(self, number: int) -> NDArray[Any]:
        """Return the values of an accessor, shape (n, width), as they are stored.

        Normalized integers are returned as 32-bit floats.

        Raises:
            _UnusualError: They are not in the BIN chunk, or compressed, or sparse.
        """
        accessor = self._document["accessors"][number]
        view = self._document["bufferViews"][accessor["bufferView"]]
        is_inside = view["buffer"] == 0 and "uri" not in self._document["buffers"][0]
        if "sparse" in accessor or view.get("extensions") or not is_inside:
            raise _UnusualError
        kind = np.dtype(TYPES[accessor["componentType"]])
        width = WIDTHS[accessor["type"]]
        count = accessor["count"]
        stride = view.get("byteStride") or kind.itemsize * width
        offset = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        self._stream.seek(self._start + offset)
        data = self._stream.read((count - 1) * stride + kind.itemsize * width)
        rows: NDArray[Any] = np.ndarray((count, width), kind, data, 0, (stride, kind.itemsize))
        if accessor.get("normalized"):
            rows = np.maximum(-1.0, rows / LARGEST[kind.str.replace("|", "<")])
            return rows.astype(np.float32)
        return rows


def _read_all(accessors: _Accessors, meshes: list[dict[str, Any]]) -> dict[str, MeshVertices]:
    names = [mesh.get("name") or f"Mesh_{number}" for number, mesh in enumerate(meshes)]
    stems = [stem(name) for name in names]
    if len(set(stems)) < len(stems) or any(len(name.encode()) > LONGEST_NAME for name in names):
        return {}
    primitives = [mesh["primitives"] for mesh in meshes]
    if not all(map(_is_plain, chain.from_iterable(primitives))):
        return {}
    vertices = [_read(accessors, parts) for parts in primitives]
    if any(len(mesh.positions) > MOST_VERTICES for mesh in vertices):
        return {}
    return dict(zip(stems, vertices, strict=True))


def _is_plain(primitive: dict[str, Any]) -> bool:
    """Return whether these are triangles with indices that are not compressed with Draco."""
    return (
        primitive.get("mode", 4) == 4
        and "indices" in primitive
        and "POSITION" in primitive["attributes"]
        and "KHR_draco_mesh_compression" not in primitive.get("extensions", {})
    )


def _read(accessors: _Accessors, primitives: list[dict[str, Any]]) -> MeshVertices:
    positions = []
    normals = []
    for primitive in primitives:
        attributes = primitive["attributes"]
        points = accessors.rows(attributes["POSITION"])
        used = np.zeros(len(points), bool)
        used[accessors.rows(primitive["indices"])] = True
        positions.append(points.compress(used, axis=0).astype(np.float32))
        if "NORMAL" in attributes:
            rows = accessors.rows(attributes["NORMAL"])
            normals.append(rows.compress(used, axis=0).astype(np.float32))
        else:
            normals.append(np.zeros_like(positions[-1]))
    has_normals = any("NORMAL" in primitive["attributes"] for primitive in primitives)
    return MeshVertices(np.concatenate(positions), np.concatenate(normals) if has_normals else None)
