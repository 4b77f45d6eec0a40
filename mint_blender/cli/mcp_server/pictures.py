# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for an agent: small enough to look at, in a format that all models read."""

from __future__ import annotations

import base64
import io
from functools import partial
from pathlib import Path

import anyio.to_thread
from mcp_types import ImageContent
from PIL import Image

from ...files import pictures
from ...files.errors import InvalidPicture

LONGEST_SIDE = 768
"""Pixels: enough to judge a Preview, and about 800 tokens of a model's context."""
MAX_BYTES = 300_000
"""A picture within both limits is sent as it is."""
MAX_PIXELS = 2**26
"""Larger pictures are not decoded: 8192 × 8192."""
READABLE = frozenset({"png", "jpeg", "webp"})


async def picture_content(path: str | Path) -> ImageContent | None:
    """Return a picture for an agent; None if it cannot be shown."""
    return await anyio.to_thread.run_sync(partial(_read, Path(path)))


def _read(path: Path) -> ImageContent | None:
    try:
        found = pictures.inspect_sized(path)
        if found.format not in READABLE or _pixels(found) > MAX_PIXELS:
            return None
        if _is_small(found) and path.stat().st_size <= MAX_BYTES:
            pictures.check_complete(path, found)
            return _content(path.read_bytes(), found.media_type)
        return _content(_scaled(path), "image/jpeg")
    except (InvalidPicture, OSError, ValueError, Image.DecompressionBombError):
        return None


def _pixels(found: pictures.Picture) -> int:
    return (found.width or 0) * (found.height or 0)


def _is_small(found: pictures.Picture) -> bool:
    return max(found.width or 0, found.height or 0) <= LONGEST_SIDE


def _scaled(path: Path) -> bytes:
    """Return a JPEG of at most `LONGEST_SIDE` pixels; what is transparent becomes gray."""
    with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as source:
        source.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        picture = source.convert("RGBA")
    flat = Image.new("RGBA", picture.size, (128, 128, 128, 255))
    flat.alpha_composite(picture)
    buffer = io.BytesIO()
    flat.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _content(data: bytes, media_type: str) -> ImageContent:
    return ImageContent(type="image", data=base64.b64encode(data).decode(), mime_type=media_type)
