# SPDX-License-Identifier: GPL-3.0-or-later
"""What tools return: values as JSON, and pictures that are small enough to look at."""

from __future__ import annotations

import base64
import io
import json
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent
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


def answer(
    values: dict[str, Any], *content: ContentBlock, is_error: bool = False, text: str = ""
) -> CallToolResult:
    """Return JSON values as the result of a tool, with more content after them.

    A model reads the text, by default the values without what is null; programs read the values.
    """
    text = text or json.dumps(_known(values), ensure_ascii=False)
    return CallToolResult(
        content=[TextContent(type="text", text=text), *content],
        structured_content=values,
        is_error=is_error,
    )


def _known(value: Any) -> Any:
    """Return JSON values without members that are null."""
    if isinstance(value, dict):
        return {name: _known(each) for name, each in value.items() if each is not None}
    return [_known(each) for each in value] if isinstance(value, list | tuple) else value


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
