# SPDX-License-Identifier: GPL-3.0-or-later
"""Decompress the meshes of a Draco-compressed GLB, for a Blender without a Draco decoder.

Needs the optional package DracoPy. Does not use Blender.

Source: KHR_draco_mesh_compression. Unique ids name the attributes, and the accessors describe the
decoded numbers.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...message import Message
from .. import disk
from ..errors import InvalidGlb

EXTENSION = "KHR_draco_mesh_compression"
DTYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
TRIANGLES, ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, FLOAT, UINT16, UINT32 = (
    4,
    34962,
    34963,
    5126,
    5123,
    5125,
)
MAX_FACES = 50_000_000
"""Most triangles of a mesh, more than Blender could show; checked before memory is allocated."""

JSON_CHUNK, BIN_CHUNK = 0x4E4F534A, 0x004E4942


def check_face_counts(path: Path) -> None:
    """Raise InvalidGlb if a compressed mesh claims too many faces.

    Native decoders allocate the memory first.
    """
    document, binary = _chunks(path.read_bytes())
    views = _BinaryChunk(document, binary)
    for primitive in _compressed(document):
        _check_face_count(views.view(primitive["extensions"][EXTENSION]["bufferView"]))


@contextlib.contextmanager
def decompressed_copy(path: Path) -> Iterator[Path]:
    """Yield the path of a copy without Draco, removed afterwards, or the file if it has none.

    `header.inspect` must have accepted the file.

    Raises:
        InvalidGlb: If the compressed data is damaged.
    """
    document, binary = _chunks(path.read_bytes())
    if not any(True for _ in _compressed(document)):
        yield path
        return
    handle, name = tempfile.mkstemp(
        prefix=f"{path.stem[:40]}.", suffix=".plain.glb", dir=path.parent
    )
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(decompress(document, binary, path.name))
        yield Path(name)
    finally:
        disk.try_to_remove(Path(name))


def decompress(document: dict[str, Any], binary: bytes, name: str) -> bytes:
    """Return the bytes of a GLB with the same content and no Draco; `document` is modified."""
    chunk = _BinaryChunk(document, binary)
    for primitive in list(_compressed(document)):
        extension = primitive["extensions"].pop(EXTENSION)
        if not primitive["extensions"]:
            del primitive["extensions"]
        if not _has_plain_fallback(document, primitive):
            try:
                _unpack(document, primitive, extension, chunk)
            except InvalidGlb:
                raise
            # the decoder is native code with exceptions of its own, and the numbers may be anything
            except Exception as error:
                raise InvalidGlb(
                    Message(
                        "“{name}” is damaged: a Draco-compressed part cannot be decoded."
                        " Download the model again.",
                        name=name,
                    )
                ) from error
    for key in ("extensionsUsed", "extensionsRequired"):
        left = [each for each in document.get(key, []) if each != EXTENSION]
        document.pop(key, None)
        if left:
            document[key] = left
    return chunk.glb()


def _unpack(
    document: dict[str, Any],
    primitive: dict[str, Any],
    extension: dict[str, Any],
    chunk: _BinaryChunk,
) -> None:
    """Decode one primitive and point its accessors at the decoded numbers."""
    mesh = _decode(chunk.view(extension["bufferView"]))
    faces = np.asarray(mesh.faces, dtype=np.uint32).reshape(-1)
    attributes = {
        key: mesh.get_attribute_by_unique_id(uid)["data"]
        for key, uid in extension["attributes"].items()
    }
    accessors = document["accessors"]
    if "indices" not in primitive:
        accessors.append({"type": "SCALAR", "componentType": UINT32, "count": 0})
        primitive["indices"] = len(accessors) - 1
    indices = accessors[primitive["indices"]]
    indices["componentType"] = UINT32 if len(faces) and int(faces.max()) >= 65535 else UINT16
    primitive["mode"] = TRIANGLES  # a strip comes out of the decoder as triangles too
    chunk.fill(indices, faces.reshape(-1, 1), ELEMENT_ARRAY_BUFFER)
    for key, values in attributes.items():
        accessor = accessors[primitive["attributes"][key]]
        values = np.asarray(values)
        values = values.reshape(len(values), -1)
        if values.shape[1] != WIDTHS[accessor["type"]]:
            raise ValueError(
                Message(
                    "{key} has {found} numbers a vertex, not {expected} as it says",
                    key=key,
                    found=values.shape[1],
                    expected=WIDTHS[accessor["type"]],
                )
            )
        chunk.fill(accessor, values, ARRAY_BUFFER)


def _decode(data: bytes) -> Any:
    import DracoPy

    _check_face_count(data)
    return DracoPy.decode(data)


def _check_face_count(data: bytes) -> None:
    if (faces := _claimed_faces(data)) > MAX_FACES:
        raise InvalidGlb(
            Message(
                "A Draco-compressed part claims {count:,} triangles; the limit is {most:,}.",
                count=faces,
                most=MAX_FACES,
            )
        )


def _claimed_faces(data: bytes) -> int:
    """Return the number of triangles that Draco data claims (bitstream 2.2); 0 if unknown."""
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


def _compressed(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for mesh in document.get("meshes", []):
        for primitive in mesh.get("primitives", []):
            if EXTENSION in primitive.get("extensions", {}):
                yield primitive


def _has_plain_fallback(document: dict[str, Any], primitive: dict[str, Any]) -> bool:
    """Return whether the primitive has uncompressed data too, for readers without Draco."""
    if EXTENSION in document.get("extensionsRequired", []):
        return False
    used = [
        *primitive["attributes"].values(),
        *([primitive["indices"]] if "indices" in primitive else []),
    ]
    return all("bufferView" in document["accessors"][each] for each in used)


class _BinaryChunk:
    """The binary chunk of a GLB, to which buffer views are appended."""

    def __init__(self, document: dict[str, Any], binary: bytes) -> None:
        self._document = document
        self._binary = bytearray(binary)

    def view(self, index: int) -> bytes:
        """Return the bytes of one buffer view."""
        view = self._document["bufferViews"][index]
        start = view.get("byteOffset", 0)
        return bytes(self._binary[start : start + view["byteLength"]])

    def fill(self, accessor: dict[str, Any], values: np.ndarray, target: int) -> None:
        """Store numbers of shape (count, width) as the accessor's component type."""
        dtype = np.dtype(DTYPES[accessor["componentType"]])
        rows = np.ascontiguousarray(values.astype(dtype))
        stride = rows.shape[1] * dtype.itemsize
        view: dict[str, Any] = {"buffer": 0, "target": target}
        # glTF wants each vertex to begin at a multiple of four
        if target == ARRAY_BUFFER and stride % 4:
            padded = np.zeros((len(rows), stride + 4 - stride % 4), dtype=np.uint8)
            padded[:, :stride] = rows.view(np.uint8).reshape(len(rows), stride)
            rows, view["byteStride"] = padded, padded.shape[1]
        self._binary += bytes(-len(self._binary) % 4)
        view |= {"byteOffset": len(self._binary), "byteLength": rows.nbytes}
        self._binary += rows.tobytes()
        self._document["bufferViews"].append(view)
        accessor.pop("byteOffset", None)
        accessor.pop("sparse", None)
        accessor |= {"bufferView": len(self._document["bufferViews"]) - 1, "count": len(rows)}

    def glb(self) -> bytes:
        """Return the bytes of the whole file."""
        self._binary += bytes(-len(self._binary) % 4)
        self._document["buffers"][0] = {"byteLength": len(self._binary)}
        text = json.dumps(self._document, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + len(self._binary)
        head = struct.pack("<4sII", b"glTF", 2, total) + struct.pack("<II", len(text), JSON_CHUNK)
        return head + text + struct.pack("<II", len(self._binary), BIN_CHUNK) + bytes(self._binary)


def _chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the JSON document and the binary chunk (empty if absent) of a checked GLB."""
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    at = 20 + length
    if len(data) < at + 8:
        return document, b""
    return document, data[at + 8 : at + 8 + struct.unpack_from("<I", data, at)[0]]
