# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures inside a GLB: are they pictures, and how large do they claim to be?

A few kilobytes of PNG can unpack to gigabytes, and Blender unpacks what it is given; so their
headers are read first, from the file, a little of each. What Blender would open, but glTF does not
know (a cut-off EXR takes Blender 5.0 down), is refused, whatever it is called.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from .. import pictures
from ..errors import InvalidPicture
from . import data_uri
from .checks import GlbLimits
from .json_values import GltfError

KNOWN = frozenset({"image/png", "image/jpeg", "image/webp"})
MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")
HEAD = 64
JPEG_HEAD = 2**20
"""A JPEG tells its size behind its color profile and whatever a camera wrote."""
KTX = (b"\xabKTX 11\xbb", b"\xabKTX 20\xbb")


def check(stream: BinaryIO, start: int, document: dict[str, Any], limits: GlbLimits) -> None:
    """Raise `Flaw` for a picture that is none or claims too much.

    `start`: where the binary chunk begins in the file; the rest of the document has been checked
    already.
    """
    pixels = 0
    for image in document.get("images", []):
        pixels += _pixels(image, stream, start, document)
        if pixels > limits.pixels:
            raise GltfError(
                f"its pictures have more than {limits.pixels:,} pixels in all; that is more than is"
                " accepted"
            )


def _pixels(image: dict[str, Any], stream: BinaryIO, start: int, document: dict[str, Any]) -> int:
    if "uri" in image:
        content = data_uri.content(image["uri"])
        head, length = content, len(content)
    else:
        view = document["bufferViews"][image["bufferView"]]
        head, length = _head(view, stream, start, document), view["byteLength"]
    if head.startswith(KTX) and image.get("mimeType") not in KNOWN:
        return 0  # no Blender opens it; an extension of glTF may offer it beside one that is opened
    if not head.startswith(MAGIC):
        raise GltfError("a picture in it is neither PNG nor JPEG nor WebP")
    try:
        seen = pictures.inspect_prefix(head, length, "a picture in it")
    except InvalidPicture as bad:
        raise GltfError(str(bad).removesuffix(".")) from None
    return (seen.width or 0) * (seen.height or 0)


def _head(view: dict[str, Any], stream: BinaryIO, start: int, document: dict[str, Any]) -> bytes:
    """The first bytes of a view, as many as tell a picture's size."""
    offset, length = view.get("byteOffset", 0), view["byteLength"]
    uri = document["buffers"][view["buffer"]].get("uri")
    if uri is not None:
        return data_uri.content(uri)[offset : offset + min(length, JPEG_HEAD)]
    stream.seek(start + offset)
    head = stream.read(min(length, HEAD))
    return (
        head + stream.read(min(length, JPEG_HEAD) - len(head))
        if head.startswith(b"\xff\xd8\xff")
        else head
    )
