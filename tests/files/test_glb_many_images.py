# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with thousands of images: the work to check them is bounded."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from mint_blender.files import pictures
from mint_blender.files.errors import InvalidGlb, InvalidPicture
from mint_blender.files.glb import checks as code
from mint_blender.files.glb import header
from mint_blender.files.glb.checks import GlbLimits

from .build_glb import Document, box_parts, pack, png
from .glb_files import data_uri, inspect

MANY = 2000


def with_images(document: Document, view: int) -> None:
    """Add many images that name the same buffer view."""
    document["images"] = [{"bufferView": view, "mimeType": "image/png"}] * MANY


def test_a_buffer_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The base64 text of a buffer is not decoded again for each image in it."""
    document, binary = box_parts()
    content = png() + bytes(-len(png()) % 4)
    document["buffers"].append({"byteLength": len(content), "uri": data_uri(content)})
    document["bufferViews"].append({"buffer": 1, "byteLength": len(content)})
    with_images(document, 2)
    decoded: list[str] = []
    decode = code.decode_uri
    monkeypatch.setattr(code, "decode_uri", lambda uri: decoded.append(uri) or decode(uri))
    assert inspect(pack(document, binary), tmp_path).triangles == 12
    assert len(decoded) == 2, "once to check it, once for both images"


class CountingStream(io.BytesIO):
    """A file that counts its reads."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


def test_an_image_is_read_once() -> None:
    """The bytes of a view are read from the file once, however many images name it."""
    document: Document = {"buffers": [{}], "bufferViews": [{"buffer": 0, "byteLength": len(png())}]}
    with_images(document, 0)
    stream = CountingStream(png())
    header.check_images(stream, 0, document, GlbLimits())
    assert stream.reads == 1


def test_the_number_of_images_is_limited(tmp_path: Path) -> None:
    """Each may have a header of a megabyte."""
    document, binary = box_parts()
    uri = data_uri(png(), "image/png")
    document["images"] = [{"uri": uri}] * 5
    content = pack(document, binary)
    assert inspect(content, tmp_path, limits=GlbLimits(images=5)).triangles == 12
    with pytest.raises(InvalidGlb, match="more than the limit"):
        inspect(content, tmp_path, limits=GlbLimits(images=4))


def test_bytes_that_fill_a_jpeg_are_counted() -> None:
    """A megabyte of them before a marker is refused after a thousand."""
    with pytest.raises(InvalidPicture, match="frame header is missing"):
        pictures.inspect(b"\xff\xd8" + b"\xff" * 2**20)
    few = b"\xff\xd8" + b"\xff" * 500 + b"\xc0\x00\x11\x08\x00\x02\x00\x04\x03" + bytes(9)
    assert pictures.inspect(few).width == 4
