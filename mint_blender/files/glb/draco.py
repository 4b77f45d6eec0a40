# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the Draco-compressed meshes of a GLB before Blender decodes them.

Source: KHR_draco_mesh_compression, and Draco's bitstream 2.2.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InvalidGlb

EXTENSION = "KHR_draco_mesh_compression"
MAX_FACES = 50_000_000
"""Most triangles of a mesh, more than Blender could show."""


def check_face_counts(path: Path) -> None:
    """Raise InvalidGlb if a compressed mesh claims too many faces.

    Decoders allocate the memory first. `header.inspect` must have accepted the file.
    """
    data = path.read_bytes()
    end = 20 + struct.unpack_from("<I", data, 12)[0]
    document, binary = json.loads(data[20:end]), data[end + 8 :]
    for primitive in compressed_primitives(document):
        view = document["bufferViews"][int(primitive["extensions"][EXTENSION]["bufferView"])]
        start = int(view.get("byteOffset", 0))
        faces = _claimed_faces(binary[start : start + int(view["byteLength"])])
        if faces > MAX_FACES:
            raise InvalidGlb(
                "A Draco-compressed part claims {count:,} triangles; the limit is {most:,}.",
                count=faces,
                most=MAX_FACES,
            )


def compressed_primitives(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the primitives of a checked document that have compressed data."""
    for mesh in document.get("meshes", []):
        for primitive in mesh.get("primitives", []):
            if primitive.get("extensions", {}).get(EXTENSION):
                yield primitive


def _claimed_faces(data: bytes) -> int:
    """Return the number of triangles that Draco data claims; 0 if unknown."""
    if len(data) < 12 or data[:5] != b"DRACO" or (data[5], data[6]) != (2, 2) or data[7] != 1:
        return 0
    flags = struct.unpack_from("<H", data, 9)[0]
    if flags & 0x8000:  # metadata of any length comes first
        return 0
    if data[8] == 0:  # sequential: faces, points
        return _varint(data, 11)[0]
    _, at = _varint(data, 12)  # edgebreaker: kind of traversal, vertices, faces
    return _varint(data, at)[0]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            break
    return value, at
