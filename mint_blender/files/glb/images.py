# SPDX-License-Identifier: GPL-3.0-or-later
"""Check the headers of images inside a GLB: type and size.

A few kilobytes of PNG can decompress to gigabytes, and Blender decompresses whatever it is given.
Formats that Blender opens but glTF does not know are refused: a truncated EXR crashes Blender 5.0.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from ...message import Message
from .. import pictures
from ..errors import InvalidPicture
from . import data_uri
from .checks import GlbLimits
from .json_values import GltfError

MEDIA_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
HEAD = 64
JPEG_HEAD = 2**20
"""Bytes read of a JPEG: its size comes after its color profile and camera data."""
KTX = (b"\xabKTX 11\xbb", b"\xabKTX 20\xbb")


def check(stream: BinaryIO, start: int, document: dict[str, Any], limits: GlbLimits) -> None:
    """Check all images of a document that `checks` has accepted.

    Args:
        stream: The GLB file.
        start: Offset of the binary chunk's content in the file.
        document: The parsed JSON.
        limits: The largest number of pixels of all images.

    Raises:
        GltfError: For an image of another type, or too many pixels.
    """
    pixels = 0
    for image in document.get("images", []):
        pixels += _pixels(image, stream, start, document)
        if pixels > limits.pixels:
            raise GltfError(
                Message(
                    "its pictures have more than {pixels:,} pixels in total, which is the limit",
                    pixels=limits.pixels,
                )
            )


def _pixels(image: dict[str, Any], stream: BinaryIO, start: int, document: dict[str, Any]) -> int:
    if "uri" in image:
        content = data_uri.decode(image["uri"])
        head, length = content, len(content)
    else:
        view = document["bufferViews"][image["bufferView"]]
        head, length = _head(view, stream, start, document), view["byteLength"]
    if head.startswith(KTX) and image.get("mimeType") not in MEDIA_TYPES:
        return 0  # no Blender opens KTX; an extension may offer it beside another format
    if not head.startswith(MAGIC):
        raise GltfError(Message("a picture in it is neither PNG nor JPEG nor WebP"))
    try:
        picture = pictures.inspect_prefix(head, length, Message("a picture in it"))
    except InvalidPicture as bad:
        raise GltfError(str(bad).removesuffix(".")) from None
    return (picture.width or 0) * (picture.height or 0)


def _head(view: dict[str, Any], stream: BinaryIO, start: int, document: dict[str, Any]) -> bytes:
    """Return the first bytes of a view, enough to find the size of a picture."""
    offset, length = view.get("byteOffset", 0), view["byteLength"]
    uri = document["buffers"][view["buffer"]].get("uri")
    if uri is not None:
        return data_uri.decode(uri)[offset : offset + min(length, JPEG_HEAD)]
    stream.seek(start + offset)
    head = stream.read(min(length, HEAD))
    return (
        head + stream.read(min(length, JPEG_HEAD) - len(head))
        if head.startswith(b"\xff\xd8\xff")
        else head
    )
