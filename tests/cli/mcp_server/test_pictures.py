# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the pictures for agents."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import anyio
import pytest
from mcp_types import ImageContent
from PIL import Image

from mint_blender.cli.mcp_server.answers import LONGEST_SIDE, picture_content

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def content(path: Path) -> ImageContent | None:
    """Return the picture that an agent gets."""
    return anyio.run(picture_content, path)


def decoded(picture: ImageContent) -> Image.Image:
    """Return the pixels of a picture."""
    return Image.open(io.BytesIO(base64.b64decode(picture.data)))


@pytest.mark.parametrize("format", FORMATS)
def test_a_small_picture_is_sent_as_it_is(tmp_path: Path, format: str) -> None:
    """Mint's own names have several endings, so the content decides about the type."""
    path = tmp_path / "preview.bin"
    Image.new("RGB", (512, 300), (200, 100, 0)).save(path, format)
    picture = content(path)
    assert picture.mime_type == FORMATS[format]
    assert base64.b64decode(picture.data) == path.read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_a_large_picture_is_scaled(tmp_path: Path, format: str) -> None:
    """Its shape and color stay."""
    path = tmp_path / "preview"
    Image.new("RGB", (3000, 1500), (200, 100, 0)).save(path, format)
    picture = content(path)
    assert picture.mime_type == "image/jpeg"
    seen = decoded(picture)
    assert seen.size == (LONGEST_SIDE, LONGEST_SIDE // 2)
    red, green, blue = seen.getpixel((100, 100))
    assert abs(red - 200) + abs(green - 100) + blue < 12


def test_a_heavy_picture_is_compressed(tmp_path: Path) -> None:
    """Noise of the right size is still too many bytes."""
    path = tmp_path / "noise.png"
    Image.effect_noise((768, 768), 100).save(path)
    assert path.stat().st_size > 300_000
    assert len(base64.b64decode(content(path).data)) < path.stat().st_size


def test_what_is_transparent_becomes_gray(tmp_path: Path) -> None:
    """JPEG has no transparency, and black would hide a dark model."""
    path = tmp_path / "clear.png"
    Image.new("RGBA", (2000, 2000), (0, 0, 0, 0)).save(path)
    assert all(abs(each - 128) < 3 for each in decoded(content(path)).getpixel((5, 5)))


@pytest.mark.parametrize("data", [b"", b"<html>", b"RIFF\x10\0\0\0WEBPVP8X", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_not_sent(tmp_path: Path, data: bytes) -> None:
    """The agent still gets the path."""
    path = tmp_path / "preview.webp"
    path.write_bytes(data)
    assert content(path) is None
    assert content(tmp_path / "missing.webp") is None


@pytest.mark.parametrize("size", [200, 2000])
@pytest.mark.parametrize("format", FORMATS)
def test_a_cut_off_picture_is_not_sent(tmp_path: Path, size: int, format: str) -> None:
    """Neither one that would be sent as it is, nor one that has to be decoded."""
    path = tmp_path / "preview"
    Image.effect_noise((size, size), 100).convert("RGB").save(path, format)
    path.write_bytes(path.read_bytes()[:10_000])
    assert content(path) is None
