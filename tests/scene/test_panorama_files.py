# SPDX-License-Identifier: GPL-3.0-or-later
"""Panorama files: the size is read before Blender opens them, in every format."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")

import numpy as np  # noqa: E402

from mint_blender.files import pictures  # noqa: E402
from mint_blender.files.errors import InvalidPicture  # noqa: E402
from mint_blender.scene.world import panorama  # noqa: E402

from ..files.build_glb import png_that_claims  # noqa: E402
from .window_script import said  # noqa: E402

MEGABYTE = 1 << 20
WRITTEN = {
    "8.png": ("PNG", "8", False),
    "16.png": ("PNG", "16", True),
    "8.jpg": ("JPEG", "8", False),
    "8.webp": ("WEBP", "8", False),
    "32.hdr": ("HDR", "32", True),
    "8.tif": ("TIFF", "8", None),
    "16.tif": ("TIFF", "16", None),
    "32.exr": ("OPEN_EXR", "32", None),
    "8.bmp": ("BMP", "8", None),
}
"""What Blender writes: format, bits a channel, and whether it is deep; None for what is not
measured.
"""


def write(path: Path, width: int = 128, height: int = 64) -> Path:
    """Write a noisy picture with this Blender."""
    image = bpy.data.images.new("made for a test", width, height, float_buffer=True)
    image.pixels.foreach_set(np.random.default_rng(1).random(width * height * 4, np.float32))
    settings = bpy.context.scene.render.image_settings
    settings.file_format, depth, _ = WRITTEN[path.name]
    with contextlib.suppress(TypeError):  # a format that knows one depth only
        settings.color_depth = depth
    image.save_render(str(path), scene=bpy.context.scene)
    bpy.data.images.remove(image)
    return path


def cut(path: Path, part: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    return path


@pytest.mark.parametrize("name", [name for name, (*_, deep) in WRITTEN.items() if deep is not None])
def test_the_header_agrees_with_blender(tmp_path: Path, name: str) -> None:
    """Size and bit depth, read without Blender, are those of Blender's image."""
    seen = pictures.inspect_sized(write(tmp_path / name))
    image = panorama.load(tmp_path / name, "Place")
    assert (seen.width, seen.height) == tuple(image.size) == (128, 64)
    assert seen.is_deep is image.is_float is WRITTEN[name][2]
    assert image.packed_file
    assert image.colorspace_settings.name == ("Linear Rec.709" if name == "32.hdr" else "sRGB")


@pytest.mark.parametrize("name", [name for name, (*_, deep) in WRITTEN.items() if deep is None])
def test_a_format_without_a_readable_size_is_not_opened(tmp_path: Path, name: str) -> None:
    """The user gets a sentence, and Blender does not open the file."""
    path = write(tmp_path / name)
    before = set(bpy.data.images)
    with pytest.raises(
        InvalidPicture, match=f"^{name} is in the format .*Only PNG, JPEG, WebP and HDR"
    ):
        panorama.load(path, "Place")
    assert set(bpy.data.images) == before


@pytest.mark.parametrize("name", [name for name, (*_, deep) in WRITTEN.items() if deep is not None])
@pytest.mark.parametrize("part", [0.9, 0.5, 0.02])
def test_a_cut_off_picture_is_refused(tmp_path: Path, name: str, part: float) -> None:
    """Blender would show half of it, with the rest in gray."""
    before = set(bpy.data.images)
    with pytest.raises(InvalidPicture):
        panorama.load(cut(write(tmp_path / name), part), "Place")
    assert set(bpy.data.images) == before


def hdr(width: int, height: int) -> bytes:
    return f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode() + bytes(1000)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What became of files that claim much, are cut off or changed, in a Blender of their own."""
    folder, made = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("made")
    sizes = [(100_000, 50_000), (30_000, 15_000), (16_384, 8_192), (64, 60_000)]
    for number, (width, height) in enumerate([*sizes, (999_999_999, 500_000_000)]):
        (folder / f"claims-{number}.hdr").write_bytes(hdr(width, height))
        (folder / f"claims-{number}.png").write_bytes(png_that_claims(width, height, 16))
    for name in WRITTEN:
        content = write(made / name).read_bytes()
        for part in (0.9, 0.5):
            (folder / f"cut-{part}-{name}").write_bytes(content[: int(len(content) * part)])
    content, chance = write(made / "32.hdr").read_bytes(), random.Random(1)
    for number in range(200):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 4, 40))):
            place = chance.randrange(10, chance.choice((60, len(changed))))
            changed[place] = chance.choice((0, 1, 2, 10, 45, 57, 127, 128, 255))
        end = chance.choice((len(changed), chance.randrange(len(changed))))
        (folder / f"fuzz-{number:03}.hdr").write_bytes(changed[:end])
    command = [sys.executable, str(Path(__file__).with_name("load_panoramas.py")), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    answers = said(done)
    assert len(answers) == len(list(folder.iterdir())), f"it ended after {answers[-1:]}: {done}"
    return answers


@pytest.mark.covers("S-splats")
def test_hostile_pictures_are_refused_or_loaded(results: list[dict[str, Any]]) -> None:
    """Large claims and cut files are refused; changed ones are refused or keep their size."""
    for answer in results:
        assert answer["said"].endswith(".") or answer["said"].startswith("128 × 64"), answer
    refused = [answer for answer in results if not answer["name"].startswith("fuzz")]
    assert len(refused) == 2 * 5 + 2 * len(WRITTEN)
    assert all(answer["said"].endswith(".") for answer in refused)


@pytest.mark.covers("S-splats")
def test_hostile_pictures_take_little_memory(results: list[dict[str, Any]]) -> None:
    """Memory stays small however large they claim to be."""
    assert max(answer["grown"] for answer in results) < 100 * MEGABYTE
