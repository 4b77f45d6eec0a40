# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that the tiny assets are valid files."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.mint_service import convert, glb, pictures, prompt_words, spz
from tests.mint_service.asset_generator import AssetRequest
from tests.mint_service.asset_generator.tiny_assets import (
    TinyAssetGenerator,
    box,
    draco_box,
    tiny_room,
)

DracoPy = pytest.importorskip("DracoPy")


def cloud(count: int) -> spz.Splats:
    random = np.random.default_rng(5)
    turns = random.normal(size=(count, 4))
    return spz.Splats(
        positions=random.normal(size=(count, 3)),
        alphas=random.uniform(size=count),
        colors=random.uniform(size=(count, 3)),
        scales=np.exp(random.uniform(-9, 1, (count, 3))),
        rotations=turns / np.linalg.norm(turns, axis=1)[:, None],
    )


@pytest.mark.parametrize("version", [2, 3, 4])
def test_splats_are_unchanged_after_encoding_and_decoding(version: int) -> None:
    """Each value is within half a quantization step."""
    before = cloud(500)
    decoded_version, after = spz.decode(spz.encode(before, version))
    assert decoded_version == version
    assert np.abs(before.positions - after.positions).max() <= 0.5 / 4096 + 1e-9
    assert np.abs(before.alphas - after.alphas).max() <= 0.5 / 255 + 1e-9
    assert np.abs(before.colors - after.colors).max() <= 0.5 / 255 / 0.15 * 0.2820948 + 1e-9
    assert np.abs(np.log(before.scales / after.scales)).max() <= 0.5 / 16 + 1e-9
    same = np.abs((before.rotations * after.rotations).sum(1))
    assert same.min() > (0.995 if version == 2 else 0.99999)


def test_the_header_of_an_spz_file() -> None:
    """Version 4 starts uncompressed, the others are gzip; all have the magic NGSP and the count."""
    plain = spz.encode(cloud(7), 4)
    assert plain[:4] == b"NGSP" and int.from_bytes(plain[8:12], "little") == 7
    assert spz.encode(cloud(7), 3)[:2] == b"\x1f\x8b"


def test_a_glb_can_be_marked() -> None:
    """A mark changes only the JSON and can be read back."""
    before = box((0.2, 0.4, 0.6))
    after = glb.mark(before, prompt="a “mug”\nand a lamp", operation="op", name="a mug")
    assert glb.extras(after) == {"prompt": "a “mug”\nand a lamp", "operation": "op"}
    assert glb.unpack(after)[1] == glb.unpack(before)[1]
    assert glb.unpack(after)[0]["nodes"][0]["name"] == "a mug"
    assert len(after) % 4 == 0 and int.from_bytes(after[8:12], "little") == len(after)


def test_the_tiny_optimized_model_uses_draco_and_webp() -> None:
    """Both extensions are required, and both files can be decoded."""
    document, binary = glb.unpack(draco_box(prompt_words.COLORS["red"]))
    assert document["extensionsRequired"] == ["KHR_draco_mesh_compression", "EXT_texture_webp"]
    parts = [
        binary[v["byteOffset"] : v["byteOffset"] + v["byteLength"]] for v in document["bufferViews"]
    ]
    mesh = DracoPy.decode(parts[0])
    assert (len(mesh.points), len(mesh.faces)) == (8, 12)
    with Image.open(io.BytesIO(parts[1])) as picture:
        assert (picture.format, picture.convert("RGB").getpixel((0, 0))) == ("WEBP", (204, 31, 26))


def test_tiny_pictures_are_valid() -> None:
    """A WebP has one color and any size; a panorama is 2:1 and lighter above."""
    with Image.open(io.BytesIO(pictures.webp((1, 0.5, 0), 300, 7))) as picture:
        assert picture.size == (300, 7) and picture.convert("RGB").getcolors() == [
            (2100, (255, 128, 0))
        ]
    with Image.open(io.BytesIO(pictures.tiny_panorama((0.1, 0.1, 0.1)))) as picture:
        assert picture.size[0] == 2 * picture.size[1]
        assert picture.getpixel((3, 1)) > picture.getpixel((3, 30))


def test_the_tiny_room_has_y_down() -> None:
    """The floor is at positive Y, without material and texture coordinates."""
    document, _ = glb.unpack(tiny_room())
    points, triangles = convert.geometry(tiny_room())
    corners = points[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    level = np.abs(normals[:, 1]) > 0.9 * np.linalg.norm(normals, axis=1)
    assert (corners[level][:, :, 1] > 0).all() and level.sum() == 2
    assert "materials" not in document and set(
        document["meshes"][0]["primitives"][0]["attributes"]
    ) == {"POSITION"}


def test_conversions_have_the_same_triangles() -> None:
    """OBJ, STL and USDZ contain the triangles of the box."""
    made = {
        one.role: one.read()
        for one in convert.all_of(box((1, 0, 0)), ["obj", "stl", "usdz", "fbx"])
    }
    assert made["obj"].count(b"\nf ") == 12
    assert len(made["stl"]) == 84 + 12 * 50
    with zipfile.ZipFile(io.BytesIO(made["usdz"])) as archive:
        (entry,) = archive.infolist()
        assert entry.compress_type == zipfile.ZIP_STORED
        assert (entry.header_offset + 30 + len(entry.filename) + len(entry.extra)) % 64 == 0


def test_color_and_shape_follow_the_prompt() -> None:
    """The last color is used, so that a revision is visible; the same words give the same asset."""
    assert prompt_words.color_word("a red lamp\nmake it blue") == "blue"
    assert prompt_words.shape("a cup of tea") == "mug"
    assert prompt_words.shape("something else") == prompt_words.shape(
        "Something, else!\nmake it blue"
    )
    assert prompt_words.color_word("a lamp [fails]") == prompt_words.color_word("a lamp")
    generator = TinyAssetGenerator()
    descriptions = ("a lamp, red", "a lamp, blue")
    pictures_of = [
        generator.make(AssetRequest("model", "preview", description))[0].read()
        for description in descriptions
    ]
    assert pictures_of[0] != pictures_of[1]
