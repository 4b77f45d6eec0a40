# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the header of a GLB and check whether it may be imported.

Reads the header, the JSON chunk (bounded) and the headers of images, so that false claims cost no
memory. `checks` checks the JSON, `images` the images; `bounds` measures the scene. An importer
opens no other file, fetches nothing, and meets no count above the limits in an accepted file.

Source: glTF 2.0 specification, section 4 (GLB file format).
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

from ...message import Message
from ..errors import InvalidGlb
from . import images as glb_images
from .bounds import scene_bounds
from .checks import GlbLimits, Summary, check
from .json_values import GltfError

__all__ = ["Glb", "GlbLimits", "InvalidGlb", "inspect", "inspect_prefix"]

Vector = tuple[float, float, float]
DEFAULTS = GlbLimits()
MAX_CHUNKS = 64
CHUNK_HEADER = 8
JSON_OFFSET = 12 + CHUNK_HEADER


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
    """Triangles of the meshes that nodes use, each mesh counted once; `vertices` likewise."""
    materials: int
    images: int
    mesh_names: tuple[str, ...]
    bounds: tuple[Vector, Vector] | None
    """Lowest and highest corner in glTF axes (Y up) and units; None if unknown."""
    generator: str
    extras: Mapping[str, Any]
    """`asset.extras` of the JSON."""


def inspect(path: Path, *, limits: GlbLimits = DEFAULTS) -> Glb:
    """Check a GLB file and return what it holds.

    Raises:
        InvalidGlb: If it cannot be imported; the message is a sentence for the user.
    """
    try:
        with path.open("rb") as stream:
            length = os.fstat(stream.fileno()).st_size
            text, binary = _chunks(stream, length, limits)
            document = _document(text)
            summary = check(document, binary, limits)
            glb_images.check(stream, JSON_OFFSET + len(text) + CHUNK_HEADER, document, limits)
    except GltfError as problem:
        raise InvalidGlb(
            Message("Cannot import {name}: {reason}.", name=path.name, reason=problem)
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from error
    return _glb(document, summary, length)


def check_container(path: Path) -> None:
    """Check that a file is a complete GLB, without checking its content.

    Raises:
        InvalidGlb: If it is not.
    """
    try:
        with path.open("rb") as stream:
            _check_header(stream.read(12), os.fstat(stream.fileno()).st_size, None)
    except GltfError as problem:
        raise InvalidGlb(
            Message("{name} is not complete: {reason}.", name=path.name, reason=problem)
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from error


def inspect_prefix(
    beginning: bytes, length: int, name: str, *, limits: GlbLimits = DEFAULTS
) -> Glb:
    """Return what `inspect` does, from the beginning of a file.

    Args:
        beginning: The file up to 8 bytes after its JSON.
        length: Bytes of the whole file.
        name: Names the file in error messages.
        limits: The largest counts that are accepted.

    Raises:
        InvalidGlb: If the file cannot be imported.
    """
    try:
        text, binary = _chunks(io.BytesIO(beginning), length, limits)
        document = _document(text)
        return _glb(document, check(document, binary, limits), length)
    except (GltfError, struct.error) as error:
        reason = (
            str(error)
            if isinstance(error, GltfError)
            else Message("it has more chunks than expected")
        )
        raise InvalidGlb(
            Message("Cannot import {name}: {reason}.", name=name, reason=reason)
        ) from None


def _unreadable(path: Path, error: OSError) -> InvalidGlb:
    return InvalidGlb(
        Message(
            "{name} could not be read: {reason}.",
            name=path.name,
            reason=error.strerror or type(error).__name__,
        )
    )


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
        bounds=scene_bounds(document),
        generator=generator if isinstance(generator, str) else "",
        extras=extras if isinstance(extras, dict) else {},
    )


def _chunks(stream: BinaryIO, length: int, limits: GlbLimits) -> tuple[bytes, int | None]:
    """Return the JSON chunk and the length of the binary chunk (None without one).

    All chunks must fill exactly what the header claims; bytes after that are ignored, as other
    readers do.
    """
    claimed = _check_header(stream.read(12), length, limits)
    text, binary = b"", None
    for number, (kind, size) in enumerate(_chunk_headers(stream, claimed)):
        if number == 0:
            if kind != b"JSON":
                raise GltfError(Message("its first chunk is not JSON"))
            if size > limits.json_bytes:
                raise GltfError(
                    Message(
                        "its JSON has {length:,} bytes; the limit is {most:,}",
                        length=size,
                        most=limits.json_bytes,
                    )
                )
            text = stream.read(size)
        elif kind == b"JSON" or (kind == b"BIN\0" and number != 1):
            raise GltfError(Message("its chunks are in the wrong order"))
        elif kind == b"BIN\0":
            binary = size
    if not text:
        raise GltfError(Message("it has no JSON"))
    return text, binary


def _chunk_headers(stream: BinaryIO, length: int) -> Iterator[tuple[bytes, int]]:
    """Yield type and length of each chunk, with the stream at its content."""
    offset = 12
    for _ in range(MAX_CHUNKS):
        if offset == length:
            return
        if offset + 8 > length:
            raise GltfError(Message("it ends in the middle of a chunk header"))
        stream.seek(offset)
        size, kind = struct.unpack("<I4s", stream.read(8))
        offset += 8 + size
        if offset > length:
            raise GltfError(
                Message(
                    "a chunk claims {size:,} bytes and reaches beyond the end of the file",
                    size=size,
                )
            )
        if size % 4:
            raise GltfError(Message("the length of a chunk is not a multiple of four"))
        yield kind, size
    raise GltfError(Message("it has too many chunks"))


def _check_header(head: bytes, length: int, limits: GlbLimits | None) -> int:
    """Return the bytes that the header claims, which a file of `length` bytes must contain."""
    if not length:
        raise GltfError(Message("the file is empty"))
    if not head.startswith(b"glTF"):
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            raise GltfError(Message("it is a web page instead of a GLB; the link may have expired"))
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            raise GltfError(Message("it is JSON text instead of a GLB"))
        raise GltfError(
            Message("it is not a GLB")
            if len(head) >= 4 or not b"glTF".startswith(head)
            else Message("it is cut off in its header")
        )
    if len(head) < 12:
        raise GltfError(Message("it is cut off in its header"))
    version, claimed = struct.unpack("<II", head[4:])
    if version != 2:
        raise GltfError(
            Message("it is GLB version {version}, and only version 2 can be read", version=version)
        )
    if claimed > length:
        raise GltfError(
            Message(
                "it is cut off: {length:,} of {claimed:,} bytes are there",
                length=length,
                claimed=claimed,
            )
        )
    if limits is not None and length > limits.file_bytes:
        raise GltfError(
            Message(
                "it has {length:,} bytes; the limit is {most:,}",
                length=length,
                most=limits.file_bytes,
            )
        )
    return int(claimed)


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise GltfError(Message("its JSON is nested too deeply")) from None
    except ValueError:
        raise GltfError(Message("its JSON is invalid")) from None
    if not isinstance(document, dict):
        raise GltfError(Message("its JSON is not an object"))
    # half a surrogate pair: such a text cannot be encoded for Blender
    if b"\\ud" in text.lower():
        try:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
        except ValueError:
            raise GltfError(Message("a text in its JSON is not valid Unicode")) from None
    return document


def _no_constant(_text: str) -> None:
    raise ValueError(Message("NaN and Infinity are not JSON"))
