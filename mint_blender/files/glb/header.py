# SPDX-License-Identifier: GPL-3.0-or-later
"""What a GLB says about itself, and whether it may be given to an importer.

Reads the header and the JSON chunk (bounded) and, of the binary chunk, only the headers of
pictures: a claim of gigabytes costs no memory. What the JSON holds is checked in `gltf_checks`,
pictures in `gltf_pictures`, the size of the scene is worked out in `gltf_bounds`. An importer that
meets a file that passed here opens no other file, fetches nothing, and is told no counts beyond the
limits.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import InvalidGlb
from . import bounds as glb_bounds
from . import images as glb_images
from .checks import GlbLimits, GltfError, Summary, check

__all__ = ["Glb", "GlbLimits", "InvalidGlb", "inspect", "inspect_prefix"]

Vector = tuple[float, float, float]
DEFAULTS = GlbLimits()
MOST_CHUNKS = 64
CHUNK_HEADER = 8
BEFORE_JSON = 12 + CHUNK_HEADER


@dataclass(frozen=True)
class Glb:
    """A checked GLB."""

    version: int
    length: int
    """Bytes of the file."""
    extensions_used: frozenset[str]
    extensions_required: frozenset[str]
    vertices: int
    triangles: int
    """Vertices and triangles of the meshes that nodes show, each mesh counted once."""
    materials: int
    images: int
    mesh_names: tuple[str, ...]
    bounds: tuple[Vector, Vector] | None
    """Lowest and highest corner of the scene in glTF axes (Y up) and units; None where the header
    does not tell.
    """
    generator: str
    extras: Mapping[str, Any]
    """`asset.extras`, as it is."""


def inspect(path: Path, *, limits: GlbLimits = DEFAULTS) -> Glb:
    """Check the file and tell what is in it; raises `InvalidGlb` with a sentence for a person."""
    try:
        with path.open("rb") as stream:
            length = os.fstat(stream.fileno()).st_size
            text, binary = _chunks(stream, length, limits)
            document = _document(text)
            summary = check(document, binary, limits)
            glb_images.check(stream, BEFORE_JSON + len(text) + CHUNK_HEADER, document, limits)
    except GltfError as flaw:
        raise InvalidGlb(f"{path.name} cannot be imported: {flaw}.") from None
    except OSError as error:
        raise InvalidGlb(
            f"{path.name} could not be read: {error.strerror or type(error).__name__}."
        ) from error
    return _glb(document, summary, length)


def check_container(path: Path) -> None:
    """Is it a GLB, and all of it here?

    For a file that is handed on as it came. Raises `InvalidGlb` with a sentence for a person.
    """
    try:
        with path.open("rb") as stream:
            _check_header(stream.read(12), os.fstat(stream.fileno()).st_size, None)
    except GltfError as flaw:
        raise InvalidGlb(f"{path.name} is not complete: {flaw}.") from None
    except OSError as error:
        raise InvalidGlb(
            f"{path.name} could not be read: {error.strerror or type(error).__name__}."
        ) from error


def inspect_prefix(
    beginning: bytes, length: int, name: str, *, limits: GlbLimits = DEFAULTS
) -> Glb:
    """As `inspect`, from the first bytes of a file of `length` bytes: its JSON and the 8 bytes
    after it. `name` is for the sentence.
    """
    try:
        text, binary = _chunks(io.BytesIO(beginning), length, limits)
        document = _document(text)
        return _glb(document, check(document, binary, limits), length)
    except (GltfError, struct.error) as flaw:
        reason = (
            str(flaw) if isinstance(flaw, GltfError) else "more chunks follow than were looked at"
        )
        raise InvalidGlb(f"{name} cannot be imported: {reason}.") from None


def _glb(document: dict[str, Any], summary: Summary, length: int) -> Glb:
    generator, extras = document["asset"].get("generator"), document["asset"].get("extras")
    return Glb(
        version=2,
        length=length,
        extensions_used=summary.extensions_used,
        extensions_required=summary.extensions_required,
        vertices=summary.vertices,
        triangles=summary.triangles,
        materials=len(document.get("materials", [])),
        images=len(document.get("images", [])),
        mesh_names=summary.mesh_names,
        bounds=glb_bounds.scene_bounds(document),
        generator=generator if isinstance(generator, str) else "",
        extras=extras if isinstance(extras, dict) else {},
    )


def _chunks(stream: BinaryIO, length: int, limits: GlbLimits) -> tuple[bytes, int | None]:
    """The JSON chunk, and the length of the binary chunk (None without one), after checking that
    all chunks fill exactly what the header claims. Bytes behind that belong to nothing: other
    readers skip them, and so do we.
    """
    claimed = _check_header(stream.read(12), length, limits)
    text, binary = b"", None
    for number, (kind, size) in enumerate(_chunk_headers(stream, claimed)):
        if number == 0:
            if kind != b"JSON":
                raise GltfError("its first chunk is not JSON")
            if size > limits.json_bytes:
                raise GltfError(
                    f"its JSON has {size:,} bytes, more than the {limits.json_bytes:,} that are"
                    " read"
                )
            text = stream.read(size)
        elif kind == b"JSON" or (kind == b"BIN\0" and number != 1):
            raise GltfError("its chunks are in the wrong order")
        elif kind == b"BIN\0":
            binary = size
    if not text:
        raise GltfError("it has no JSON")
    return text, binary


def _chunk_headers(stream: BinaryIO, length: int) -> Iterator[tuple[bytes, int]]:
    """Kind and length of each chunk, with the stream standing at its content."""
    offset = 12
    for _ in range(MOST_CHUNKS):
        if offset == length:
            return
        if offset + 8 > length:
            raise GltfError("it ends in the middle of a chunk header")
        stream.seek(offset)
        size, kind = struct.unpack("<I4s", stream.read(8))
        offset += 8 + size
        if offset > length:
            raise GltfError(f"a chunk claims {size:,} bytes and reaches beyond the end of the file")
        if size % 4:
            raise GltfError("the length of a chunk is not a multiple of four")
        yield kind, size
    raise GltfError("it has too many chunks")


def _check_header(head: bytes, length: int, limits: GlbLimits | None) -> int:
    """The bytes that the header claims, of which all are in a file of `length` bytes."""
    if not length:
        raise GltfError("the file is empty")
    if not head.startswith(b"glTF"):
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            raise GltfError("it is a web page instead of a GLB; the link may have expired")
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            raise GltfError("it is a text (JSON) instead of a GLB")
        raise GltfError(
            "it is not a GLB"
            if len(head) >= 4 or not b"glTF".startswith(head)
            else "it is cut off in its header"
        )
    if len(head) < 12:
        raise GltfError("it is cut off in its header")
    version, claimed = struct.unpack("<II", head[4:])
    if version != 2:
        raise GltfError(f"it is GLB version {version}, and only version 2 can be read")
    if claimed > length:
        raise GltfError(f"it is cut off: {length:,} of {claimed:,} bytes are there")
    if limits is not None and length > limits.file_bytes:
        raise GltfError(
            f"it has {length:,} bytes, more than the {limits.file_bytes:,} that are accepted"
        )
    return int(claimed)


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise GltfError("its JSON is nested too deeply") from None
    except ValueError:
        raise GltfError("its JSON is broken") from None
    if not isinstance(document, dict):
        raise GltfError("its JSON is not an object")
    # half a character: nothing that is given to Blender can be written with it
    if b"\\ud" in text.lower():
        try:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
        except ValueError:
            raise GltfError("a text in its JSON is broken") from None
    return document


def _no_constant(_text: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")
