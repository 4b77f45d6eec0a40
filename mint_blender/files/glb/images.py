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
JPEG = b"\xff\xd8\xff"
MAGIC = (b"\x89PNG\r\n\x1a\n", JPEG, b"RIFF")
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
    pixels, heads = 0, _Heads(stream, start, document)
    for image in document.get("images", []):
        pixels += _pixels(image, heads)
        if pixels > limits.pixels:
            raise GltfError(
                Message(
                    "its pictures have more than {pixels:,} pixels in total, which is the limit",
                    pixels=limits.pixels,
                )
            )


class _Heads:
    """The first bytes of images. Each is read once: many images may name the same buffer view."""

    def __init__(self, stream: BinaryIO, start: int, document: dict[str, Any]) -> None:
        self._stream = stream
        self._start = start
        self._views, self._buffers = document.get("bufferViews", []), document.get("buffers", [])
        self._heads: dict[int, bytes] = {}
        self._decoded: dict[int, bytes] = {}

    def of_view(self, number: int) -> tuple[bytes, int]:
        """Return the first bytes of a view, which tell the size of a picture, and its length."""
        view = self._views[number]
        if number not in self._heads:
            self._heads[number] = self._head(view)
        return self._heads[number], view["byteLength"]

    def _head(self, view: dict[str, Any]) -> bytes:
        offset, length = view.get("byteOffset", 0), view["byteLength"]
        uri = self._buffers[view["buffer"]].get("uri")
        if uri is not None:
            if view["buffer"] not in self._decoded:
                self._decoded[view["buffer"]] = data_uri.decode(uri)
            content = self._decoded[view["buffer"]][offset : offset + min(length, JPEG_HEAD)]
            return content if content.startswith(JPEG) else content[:HEAD]
        self._stream.seek(self._start + offset)
        head = self._stream.read(min(length, HEAD))
        if head.startswith(JPEG):
            head += self._stream.read(min(length, JPEG_HEAD) - len(head))
        return head


def _pixels(image: dict[str, Any], heads: _Heads) -> int:
    if "uri" in image:
        head = data_uri.decode(image["uri"])
        length = len(head)
    else:
        head, length = heads.of_view(image["bufferView"])
    if head.startswith(KTX) and image.get("mimeType") not in MEDIA_TYPES:
        return 0  # no Blender opens KTX; an extension may offer it beside another format
    if not head.startswith(MAGIC):
        raise GltfError(Message("a picture in it is neither PNG nor JPEG nor WebP"))
    try:
        picture = pictures.inspect_prefix(head, length, Message("a picture in it"))
    except InvalidPicture as bad:
        raise GltfError(str(bad).removesuffix(".")) from None
    return (picture.width or 0) * (picture.height or 0)
