# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the header of a GLB and check whether it may be imported.

Reads the header, the JSON chunk (bounded) and the headers of images, so that false claims cost no
memory. `checks` checks the JSON. An importer opens no other file, fetches
nothing, and meets no count above the limits in an accepted file.

Source: glTF 2.0 specification, section 4 (GLB file format).
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from ...message import Message
from .. import pictures
from ..errors import InvalidGlb, InvalidPicture
from . import checks
from .checks import Glb, GlbLimits, GltfError, check

__all__ = ["GlbLimits", "InvalidGlb", "inspect"]

DEFAULTS = GlbLimits()
MAX_CHUNKS = 64
CHUNK_HEADER = 8
JSON_OFFSET = 12 + CHUNK_HEADER


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
            glb = check(document, binary, limits)
            check_images(stream, JSON_OFFSET + len(text) + CHUNK_HEADER, document, limits)
            return glb
    except GltfError as problem:
        raise InvalidGlb(
            "Cannot import {name}: {reason}.", name=path.name, reason=problem
        ) from None
    except OSError as error:
        raise InvalidGlb.unreadable(path, error) from error


def has_mesh(path: Path) -> bool:
    """Return whether a file shows anything: a clip may come alone. A damaged one shows nothing."""
    try:
        return inspect(path).vertices > 0
    except InvalidGlb:
        return False


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
            "{name} is not complete: {reason}.", name=path.name, reason=problem
        ) from None
    except OSError as error:
        raise InvalidGlb.unreadable(path, error) from error


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
                raise GltfError("its first chunk is not JSON")
            if size > limits.json_bytes:
                raise GltfError(
                    "its JSON has {length:,} bytes; the limit is {most:,}",
                    length=size,
                    most=limits.json_bytes,
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
    """Yield type and length of each chunk, with the stream at its content."""
    offset = 12
    for _ in range(MAX_CHUNKS):
        if offset == length:
            return
        if offset + 8 > length:
            raise GltfError("it ends in the middle of a chunk header")
        stream.seek(offset)
        size, kind = struct.unpack("<I4s", stream.read(8))
        offset += 8 + size
        if offset > length:
            raise GltfError(
                "a chunk claims {size:,} bytes and reaches beyond the end of the file", size=size
            )
        if size % 4:
            raise GltfError("the length of a chunk is not a multiple of four")
        yield kind, size
    raise GltfError("it has too many chunks")


def _check_header(head: bytes, length: int, limits: GlbLimits | None) -> int:
    """Return the bytes that the header claims, which a file of `length` bytes must contain."""
    if not length:
        raise GltfError("the file is empty")
    if not head.startswith(b"glTF"):
        first = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if first == b"<":
            raise GltfError("it is a web page instead of a GLB; the link may have expired")
        if first == b"{":
            raise GltfError("it is JSON text instead of a GLB")
        raise GltfError(
            Message("it is not a GLB")
            if len(head) >= 4 or not b"glTF".startswith(head)
            else Message("it is cut off in its header")
        )
    if len(head) < 12:
        raise GltfError("it is cut off in its header")
    version, claimed = struct.unpack("<II", head[4:])
    if version != 2:
        raise GltfError(
            "it is GLB version {version}, and only version 2 can be read", version=version
        )
    if claimed > length:
        raise GltfError(
            "it is cut off: {length:,} of {claimed:,} bytes are there",
            length=length,
            claimed=claimed,
        )
    if limits is not None and length > limits.file_bytes:
        raise GltfError(
            "it has {length:,} bytes; the limit is {most:,}", length=length, most=limits.file_bytes
        )
    return int(claimed)


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise GltfError("its JSON is nested too deeply") from None
    except ValueError:
        raise GltfError("its JSON is invalid") from None
    if not isinstance(document, dict):
        raise GltfError("its JSON is not an object")
    # half a surrogate pair: such a text cannot be encoded for Blender
    if b"\\ud" in text.lower():
        try:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
        except ValueError:
            raise GltfError("a text in its JSON is not valid Unicode") from None
    return document


def _no_constant(_text: str) -> None:
    raise ValueError(Message("NaN and Infinity are not JSON"))


MEDIA_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
JPEG = b"\xff\xd8\xff"
MAGIC = (b"\x89PNG\r\n\x1a\n", JPEG, b"RIFF")
HEAD = 64
JPEG_HEAD = 2**20
"""Bytes read of a JPEG: its size comes after its color profile and camera data."""
KTX = (b"\xabKTX 11\xbb", b"\xabKTX 20\xbb")


def check_images(stream: BinaryIO, start: int, document: dict[str, Any], limits: GlbLimits) -> None:
    """Check all images of a document that `checks` has accepted.

    Args:
        stream: The GLB file.
        start: Offset of the binary chunk's content in the file.
        document: The parsed JSON.
        limits: The largest number of pixels of all images.

    Raises:
        GltfError: For an image of another type, or too many pixels.
    """
    views = document.get("bufferViews", [])
    buffers = document.get("buffers", [])
    decoded = cache(lambda number: checks.decode_uri(buffers[number]["uri"])[1])

    @cache  # many images may name the same buffer view
    def head_of(number: int) -> bytes:
        """Return the first bytes of a view, which tell the size of a picture."""
        view = views[number]
        offset = view.get("byteOffset", 0)
        length = view["byteLength"]
        if "uri" in buffers[view["buffer"]]:
            content = decoded(view["buffer"])[offset : offset + min(length, JPEG_HEAD)]
            return content if content.startswith(JPEG) else content[:HEAD]
        stream.seek(start + offset)
        head = stream.read(min(length, HEAD))
        if head.startswith(JPEG):
            head += stream.read(min(length, JPEG_HEAD) - len(head))
        return head

    pixels = 0
    for image in document.get("images", []):
        if "uri" in image:
            head = checks.decode_uri(image["uri"])[1]
            length = len(head)
        else:
            head = head_of(image["bufferView"])
            length = views[image["bufferView"]]["byteLength"]
        if head.startswith(KTX) and image.get("mimeType") not in MEDIA_TYPES:
            continue  # no Blender opens KTX; an extension may offer it beside another format
        if not head.startswith(MAGIC):
            raise GltfError("a picture in it is neither PNG nor JPEG nor WebP")
        try:
            picture = pictures.inspect_stream(io.BytesIO(head), length, Message("a picture in it"))
        except InvalidPicture as bad:
            raise GltfError(str(bad).removesuffix(".")) from None
        pixels += (picture.width or 0) * (picture.height or 0)
        if pixels > limits.pixels:
            raise GltfError(
                "its pictures have more than {pixels:,} pixels in total, which is the limit",
                pixels=limits.pixels,
            )
