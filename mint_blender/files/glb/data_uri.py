# SPDX-License-Identifier: GPL-3.0-or-later
"""Buffers and pictures that a glTF holds as text (`data:` addresses), and everything that only
looks like one.

Blender's importer takes whatever does not read `data:…;base64,…` for the name of a file beside the
GLB and opens it; so nothing else passes.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .. import pictures
from ..errors import InvalidPicture
from .json_values import GltfError

HEAD = re.compile(r"data:([a-z0-9.+-]+/[a-z0-9.+-]+);base64,")
BUFFER_TYPES = frozenset({"application/octet-stream", "application/gltf-buffer"})


def check_buffer(uri: Any, length: int) -> None:
    """The text must unpack to `length` bytes (up to three more for alignment)."""
    kind, content = _unpack(uri)
    if kind not in BUFFER_TYPES:
        raise GltfError(f"a buffer in it is marked as {kind}")
    if not length <= len(content) <= length + 3:
        raise GltfError(f"a buffer in it claims {length:,} bytes, but has {len(content):,}")


def check_image(uri: Any, media_type: Any) -> None:
    """The text must unpack to a picture of the kind that it, and the image's `mimeType`, say."""
    kind, content = _unpack(uri)
    try:
        found = pictures.inspect(content).media_type
    except InvalidPicture:
        raise GltfError(f"a picture in it, marked as {kind}, is none") from None
    if found != kind or (media_type is not None and media_type != kind):
        raise GltfError(f"a picture in it is marked as {kind}, but is {found}")


def content(uri: str) -> bytes:
    """The bytes of a `data:` address that `check_buffer` has let pass."""
    return _unpack(uri)[1]


def _unpack(uri: Any) -> tuple[str, bytes]:
    if not isinstance(uri, str) or not uri.startswith("data:"):
        raise GltfError("it points to something outside the file")
    head = HEAD.match(uri)
    if not head:
        raise GltfError("it holds data in a form that cannot be read")
    try:
        return head[1], base64.b64decode(uri[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise GltfError("it holds data in a form that cannot be read") from None
