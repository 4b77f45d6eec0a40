# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from the header of a GLB."""

from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path

import pytest

from mint_blender.files.errors import InvalidGlb
from mint_blender.files.glb import header

from . import build_glb
from .build_glb import box, box_parts, chunk, pack, png
from .glb_files import changed, data_uri, inspect


def test_the_header_describes_a_box(tmp_path: Path) -> None:
    """Counts and extensions are read from the header."""
    found = inspect(box(), tmp_path)
    assert (found.vertices, found.triangles) == (8, 12)
    assert found.extensions_used == found.extensions_required == frozenset()


@pytest.mark.covers("C2-header")
def test_required_extensions_are_read_from_the_header(tmp_path: Path) -> None:
    """What the file needs is known before the import."""
    assert inspect(box(requires=["EXT_texture_webp"]), tmp_path).extensions_required == {
        "EXT_texture_webp"
    }


def test_a_buffer_inside_the_json_is_accepted(tmp_path: Path) -> None:
    """A data URI with the right length and kind is part of the file."""
    document, binary = box_parts()
    document["buffers"][0]["uri"] = data_uri(binary)
    document["images"] = [{"uri": data_uri(png(), "image/png"), "mimeType": "image/png"}]
    assert inspect(pack(document, None), tmp_path).triangles == 12


def test_extras_may_hold_anything(tmp_path: Path) -> None:
    """No importer follows what a generator writes into extras, addresses included."""
    found = inspect(
        changed(
            lambda document: document["nodes"][0].update(
                extras={"uri": "https://mint.example/model/1"}
            )
        ),
        tmp_path,
    )
    assert found.triangles == 12


def test_meshopt_files_are_understood(tmp_path: Path) -> None:
    """A fallback buffer has no bytes in the file; its views are covered by compressed ones."""
    document, binary = box_parts()
    packed = {
        "buffer": 0,
        "byteOffset": 0,
        "byteLength": 100,
        "byteStride": 12,
        "count": 8,
        "mode": "ATTRIBUTES",
    }
    document["buffers"].append(
        {"byteLength": 96, "extensions": {"EXT_meshopt_compression": {"fallback": True}}}
    )
    document["bufferViews"][1] = {
        "buffer": 1,
        "byteLength": 96,
        "byteStride": 12,
        "extensions": {"EXT_meshopt_compression": packed},
    }
    assert inspect(pack(document, binary), tmp_path).triangles == 12
    packed["count"] = 9
    with pytest.raises(InvalidGlb, match="larger than its space"):
        inspect(pack(document, binary), tmp_path)


def test_a_huge_file_costs_little_memory(tmp_path: Path) -> None:
    """A sparse file of 900 MB is inspected in less than 4 MB of memory."""
    document, _ = box_parts()
    size = 900_000_000
    text = chunk(b"JSON", json.dumps(document).encode(), b" ")
    path = tmp_path / "huge.glb"
    with path.open("wb") as stream:
        stream.write(
            struct.pack("<4sII", b"glTF", 2, 12 + len(text) + 8 + size)
            + text
            + struct.pack("<I4s", size, b"BIN\0")
        )
        stream.truncate(12 + len(text) + 8 + size)
    tracemalloc.start()
    try:
        assert header.inspect(path).triangles == 12
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


def test_the_builder_makes_a_correct_box() -> None:
    """The box has outward faces and the requested bounds."""
    _, binary = build_glb.box_parts((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    corners = struct.unpack("<36I", binary[:144])
    points = [struct.unpack_from("<3f", binary, 144 + 12 * number) for number in range(8)]
    volume = 0.0
    for first in range(0, 36, 3):
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (
            points[corner] for corner in corners[first : first + 3]
        )
        volume += (
            ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
        ) / 6
    assert volume == pytest.approx(1.0)
