# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode and check `data:` URIs of buffers and images in a glTF.

Blender's importer takes anything but `data:…;base64,…` for the name of a file beside the GLB and
opens it, so nothing else is accepted.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from ...message import Message
from .. import pictures
from ..errors import InvalidPicture
from .checks import GltfError

HEAD = re.compile(r"data:([a-z0-9.+-]+/[a-z0-9.+-]+);base64,")
BUFFER_TYPES = frozenset({"application/octet-stream", "application/gltf-buffer"})


def check_buffer(uri: Any, length: int) -> None:
    """Raise GltfError unless the URI holds `length` bytes (up to three more for alignment)."""
    kind, content = _decode(uri)
    if kind not in BUFFER_TYPES:
        raise GltfError(Message("a buffer in it is marked as {kind}", kind=kind))
    if not length <= len(content) <= length + 3:
        raise GltfError(
            Message(
                "a buffer in it claims {claimed:,} bytes, but has {length:,}",
                claimed=length,
                length=len(content),
            )
        )


def check_image(uri: Any, media_type: Any) -> None:
    """Raise GltfError unless the URI holds a picture of its own type and the image's `mimeType`."""
    kind, content = _decode(uri)
    try:
        found = pictures.inspect(content).media_type
    except InvalidPicture:
        raise GltfError(
            Message("a picture in it, marked as {kind}, is not a picture", kind=kind)
        ) from None
    if found != kind or (media_type is not None and media_type != kind):
        raise GltfError(
            Message("a picture in it is marked as {kind}, but is {found}", kind=kind, found=found)
        )


def decode(uri: str) -> bytes:
    """Return the bytes of a URI that `check_buffer` has accepted."""
    return _decode(uri)[1]


def _decode(uri: Any) -> tuple[str, bytes]:
    if not isinstance(uri, str) or not uri.startswith("data:"):
        raise GltfError(Message("it points to something outside the file"))
    head = HEAD.match(uri)
    if not head:
        raise GltfError(Message("it contains data in an unsupported encoding"))
    try:
        return head[1], base64.b64decode(uri[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise GltfError(Message("it contains data in an unsupported encoding")) from None
