# SPDX-License-Identifier: GPL-3.0-or-later
"""Build small GLBs and picture headers for tests; a box is enough for most."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

Vector = tuple[float, float, float]
Document = dict[str, Any]
ORANGE: Document = {
    "pbrMetallicRoughness": {"baseColorFactor": [0.8, 0.4, 0.1, 1.0], "metallicFactor": 0.0}
}
FACES = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]


def pack(
    document: Document | bytes,
    binary: bytes | None = b"",
    *,
    version: int = 2,
    length: int | None = None,
) -> bytes:
    """Return the bytes of a GLB: header, JSON chunk and, unless None, a binary chunk.

    `length` replaces the true length in the header.
    """
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    chunks = chunk(b"JSON", text, b" ") + (
        b"" if binary is None else chunk(b"BIN\0", binary, b"\0")
    )
    return (
        struct.pack("<4sII", b"glTF", version, 12 + len(chunks) if length is None else length)
        + chunks
    )


def chunk(kind: bytes, content: bytes, padding: bytes = b"\0") -> bytes:
    """Return one chunk, padded to a multiple of four bytes."""
    content += padding * (-len(content) % 4)
    return struct.pack("<I4s", len(content), kind) + content


def mesh_parts(
    points: np.ndarray,
    triangles: np.ndarray,
    *,
    name: str = "Box",
    material: Document | None = ORANGE,
) -> tuple[Document, bytes]:
    """Return JSON and binary of one mesh under one node, in glTF axes (Y up).

    `points` and `triangles` are arrays of shape (n, 3); without a material the mesh has none.
    """
    corners, places = triangles.astype("<u4").tobytes(), points.astype("<f4")
    primitive: Document = {"attributes": {"POSITION": 1}, "indices": 0}
    document: Document = {
        "asset": {"version": "2.0", "generator": "tests"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": name}],
        "meshes": [{"name": name, "primitives": [primitive]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5125, "count": triangles.size, "type": "SCALAR"},
            {"bufferView": 1, "componentType": 5126, "count": len(points), "type": "VEC3"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(corners)},
            {"buffer": 0, "byteOffset": len(corners), "byteLength": places.nbytes},
        ],
        "buffers": [{"byteLength": len(corners) + places.nbytes}],
    }
    document["accessors"][1] |= {"min": places.min(0).tolist(), "max": places.max(0).tolist()}
    if material is not None:
        primitive["material"] = 0
        document["materials"] = [{"name": name, **material}]
    return document, corners + places.tobytes()


def box_parts(
    low: Vector = (-1.0, 0.0, -0.5), high: Vector = (1.0, 3.0, 0.5), *, name: str = "Box"
) -> tuple[Document, bytes]:
    """Return JSON and binary of a box between two corners in glTF axes (Y up)."""
    points = [
        tuple((high if corner >> axis & 1 else low)[axis] for axis in range(3))
        for corner in range(8)
    ]
    return mesh_parts(np.array(points), triangles_of(FACES), name=name)


def triangles_of(faces: Sequence[tuple[int, int, int, int]]) -> np.ndarray:
    """Return two triangles for each face with four corners."""
    return np.array([triangle for a, b, c, d in faces for triangle in ((a, b, c), (a, c, d))])


def box(
    low: Vector = (-1.0, 0.0, -0.5),
    high: Vector = (1.0, 3.0, 0.5),
    *,
    name: str = "Box",
    requires: Sequence[str] = (),
) -> bytes:
    """Return a whole GLB of a box; `requires` lists the extensions that it claims to need."""
    document, binary = box_parts(low, high, name=name)
    if requires:
        document["extensionsUsed"] = document["extensionsRequired"] = list(requires)
    return pack(document, binary)


def png(width: int = 4, height: int = 2) -> bytes:
    """Return a complete gray PNG."""
    return png_of(np.full((height, width, 3), 128, np.uint8))


def png_of(pixels: np.ndarray) -> bytes:
    """Return a PNG of these pixels, in bytes: height × width × 3."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return _png(width, height, 8, rows)


def png_that_claims(width: int, height: int, bits: int = 8) -> bytes:
    """Return a small PNG with a large size in its header."""
    return _png(width, height, bits, np.random.default_rng(1).bytes(6000))


def _png(width: int, height: int, bits: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


def webp_header(width: int, height: int, kind: bytes = b"VP8 ") -> bytes:
    """Return the beginning of a WebP of this kind, enough for code that reads headers only."""
    bodies = {
        b"VP8 ": b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height),
        b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
        b"VP8X": bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"),
    }
    body = b"WEBP" + kind + struct.pack("<I", len(bodies[kind])) + bodies[kind]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def jpeg_header(width: int, height: int, *, marker: int = 0xC0, before: bytes = b"") -> bytes:
    """Return the beginning of a JPEG up to its frame header; `before` goes between the two."""
    return (
        b"\xff\xd8"
        + before
        + b"\xff"
        + bytes([marker])
        + struct.pack(">HBHHB", 17, 8, height, width, 3)
        + bytes(9)
    )
