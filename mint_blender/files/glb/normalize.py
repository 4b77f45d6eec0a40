# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a valid GLB one that Blender's importer can be given: rewritten, and with sane Draco data.

Blender's importer refuses trailing bytes, every version but "2.0", and a required extension that is
not listed as used. Without a Draco decoder it also refuses compressed data that are optional. The
file itself is not changed; `header.inspect` must have accepted it.

Source: KHR_draco_mesh_compression, and Draco's bitstream 2.2.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import disk
from ..errors import InvalidGlb

HEADER = 12
CHUNK_HEADER = 8
DRACO = "KHR_draco_mesh_compression"
MAX_FACES = 50_000_000
"""Most triangles of a Draco-compressed mesh, more than Blender could show."""


@contextlib.contextmanager
def normalized_copy(path: Path) -> Iterator[Path]:
    """Yield the path of a normalized copy, removed afterwards; the file if it needs none."""
    with path.open("rb") as source:
        claimed, size = struct.unpack("<II", source.read(HEADER + 4)[8:])
        source.seek(HEADER + CHUNK_HEADER)
        text = source.read(size)
        document = json.loads(text)
        is_changed = _normalize(document)
        if not is_changed and claimed == os.fstat(source.fileno()).st_size:
            yield path
            return
        handle, name = tempfile.mkstemp(
            prefix=f"{path.stem[:40]}.", suffix=".plain.glb", dir=path.parent
        )
        try:
            with os.fdopen(handle, "wb") as copy:
                if is_changed:
                    text = json.dumps(document).encode()
                    text += b" " * (-len(text) % 4)
                rest = claimed - HEADER - CHUNK_HEADER - size
                copy.write(
                    struct.pack("<4sII", b"glTF", 2, HEADER + CHUNK_HEADER + len(text) + rest)
                )
                copy.write(struct.pack("<I4s", len(text), b"JSON") + text)
                shutil.copyfileobj(source, copy)
                copy.truncate(HEADER + CHUNK_HEADER + len(text) + rest)
            yield Path(name)
        finally:
            disk.try_to_remove(Path(name))


def _normalize(document: dict[str, Any]) -> bool:
    """Change what a strict importer would refuse; return whether anything was changed."""
    asset = document["asset"]
    used = document.get("extensionsUsed", [])
    required = document.get("extensionsRequired", [])
    missing = [name for name in required if name not in used]
    is_plain = DRACO not in required and _use_plain_data(document)
    if asset["version"] == "2.0" and not missing and not is_plain:
        return False
    asset["version"] = "2.0"
    asset.pop("minVersion", None)
    if missing:
        document["extensionsUsed"] = [*used, *dict.fromkeys(missing)]
    return True


def _use_plain_data(document: dict[str, Any]) -> bool:
    """Drop compressed data where there is uncompressed data, too; return whether there was any."""
    is_changed = False
    for primitive in list(_compressed_primitives(document)):
        used = [*primitive.get("attributes", {}).values()]
        used += [primitive["indices"]] if "indices" in primitive else []
        if used and all("bufferView" in document["accessors"][int(index)] for index in used):
            del primitive["extensions"][DRACO]
            is_changed = True
    return is_changed


def check_face_counts(path: Path) -> None:
    """Raise InvalidGlb if a compressed mesh claims too many faces.

    Decoders allocate the memory first. `header.inspect` must have accepted the file.
    """
    data = path.read_bytes()
    end = 20 + struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20:end])
    binary = data[end + 8 :]
    for primitive in _compressed_primitives(document):
        view = document["bufferViews"][int(primitive["extensions"][DRACO]["bufferView"])]
        start = int(view.get("byteOffset", 0))
        faces = _claimed_faces(binary[start : start + int(view["byteLength"])])
        if faces > MAX_FACES:
            raise InvalidGlb(
                "A Draco-compressed part claims {count:,} triangles; the limit is {most:,}.",
                count=faces,
                most=MAX_FACES,
            )


def _compressed_primitives(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the primitives of a checked document that have compressed data."""
    for mesh in document.get("meshes", []):
        for primitive in mesh.get("primitives", []):
            if primitive.get("extensions", {}).get(DRACO):
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
        shift = shift + 7
        at = at + 1
        if not data[at - 1] & 0x80:
            break
    return value, at
