# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pictures: a WebP of one color, and a panorama."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from .prompt_words import Color


def webp(color: Color, width: int = 64, height: int = 64) -> bytes:
    made = Image.new("RGB", (width, height), _bytes(color))
    return saved(made, "WEBP", lossless=True, method=0)


def tiny_panorama(color: Color, width: int = 64) -> bytes:
    """Return a 2:1 PNG for a panorama."""
    made = Image.new("RGB", (width, width // 2), (150, 190, 230))
    made.paste(_bytes(color), (0, width // 4, width, width // 2))
    made.paste((255, 255, 255), (width // 2, width // 4 - 1, width // 2 + 1, width // 4 + 2))
    return saved(made, "PNG")


def _bytes(color: Color) -> tuple[int, int, int]:
    red, green, blue = (round(part * 255) for part in color)
    return red, green, blue


def saved(made: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    made.save(stream, format, **options)
    return stream.getvalue()
