# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures inside a GLB: are they pictures, and how large do they claim to be?

A few kilobytes of PNG can unpack to gigabytes, and Blender unpacks what it is given; so their headers are read first, from the file, a
little of each. Pictures that are a `data:` address of their own are checked in `data_uri`.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from . import data_uri, picture
from .errors import BadPicture
from .gltf_checks import Limits
from .gltf_reading import Flaw

HEAD = 64
JPEG_HEAD = 2**20
"""A JPEG tells its size behind its colour profile and whatever a camera wrote."""
EXPECTED = frozenset({"image/png", "image/jpeg", "image/webp"})


def check(stream: BinaryIO, start: int, document: dict[str, Any], limits: Limits) -> None:
    """Raise `Flaw` for a picture that is none or claims too much. `start`: where the binary chunk begins in the file; the rest of the
    document has been checked already. Formats that are measured nowhere (KTX2, AVIF) are left to what reads extensions."""
    pixels = 0
    for image in document.get("images", []):
        if "bufferView" in image and "uri" not in image:
            pixels += _pixels(image, stream, start, document)
        if pixels > limits.pixels:
            raise Flaw(f"its pictures have more than {limits.pixels:,} pixels in all; that is more than is accepted")


def _pixels(image: dict[str, Any], stream: BinaryIO, start: int, document: dict[str, Any]) -> int:
    view = document["bufferViews"][image["bufferView"]]
    head = _head(view, stream, start, document)
    if not picture.is_measured(head):
        if image.get("mimeType") in EXPECTED:
            raise Flaw(f"a picture in it, marked as {image['mimeType']}, is none")
        return 0
    try:
        seen = picture.inspect_beginning(head, view["byteLength"], "a picture in it")
    except BadPicture as bad:
        raise Flaw(str(bad).removesuffix(".")) from None
    return (seen.width or 0) * (seen.height or 0)


def _head(view: dict[str, Any], stream: BinaryIO, start: int, document: dict[str, Any]) -> bytes:
    """The first bytes of a view, as many as tell a picture's size."""
    offset, length = view.get("byteOffset", 0), view["byteLength"]
    uri = document["buffers"][view["buffer"]].get("uri")
    if uri is not None:
        return data_uri.content(uri)[offset : offset + min(length, JPEG_HEAD)]
    stream.seek(start + offset)
    head = stream.read(min(length, HEAD))
    return head + stream.read(min(length, JPEG_HEAD) - len(head)) if head.startswith(b"\xff\xd8\xff") else head
