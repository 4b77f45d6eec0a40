# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images that Mint does not accept as they are: converted, scaled down or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mint_blender.files import pictures as files_pictures
from mint_blender.mint.limits import MAX_IMAGE_BYTES

from .reference_pictures import colorful, corner, linear_light, listed

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]


@pytest.mark.covers("C13-consent")
@pytest.mark.parametrize(
    ("file_format", "ending", "color"),
    [
        ("TIFF", ".tif", (0.5, 0.2, 0.0)),
        ("BMP", ".bmp", (0.5, 0.2, 0.0)),
        (None, ".exr", (0.735, 0.485, 0.0)),  # 0.5 and 0.2 of linear light, as a screen shows them
        (None, ".hdr", (0.735, 0.485, 0.0)),
    ],
)
def test_a_format_that_mint_does_not_accept_is_converted_by_a_click(
    tmp_path: Path, file_format: str | None, ending: str, color: tuple[float, ...]
) -> None:
    """Until then Generate is disabled; the conversion keeps the colors and is noted."""
    path = tmp_path / f"odd{ending}"
    source = colorful(path, file_format) if file_format else linear_light(path)
    images = set(bpy.data.images)
    bpy.ops.mint.add_references(filepath=str(source))
    assert "Mint accepts PNG, JPEG and WebP" in listed()[0].problem
    assert not bpy.ops.mint.generate_from_form.poll()
    assert bpy.ops.mint.fit_reference(index=0) == {"FINISHED"}
    assert listed()[0].problem == ""
    assert listed()[0].note.startswith("Converted to WebP")
    assert files_pictures.inspect(Path(listed()[0].source)).format == "webp"
    assert corner(listed()[0].source)[:3] == pytest.approx(color, abs=0.03)
    assert bpy.ops.mint.generate_from_form.poll()
    assert set(bpy.data.images) == images, "an image of ours stays in the user's file"


def test_the_first_frame_of_a_gif_is_converted(tmp_path: Path) -> None:
    """A GIF is converted where this Blender opens it."""
    gif = "47494638396101000100800000ff000000000021f90400000000002c00000000010001000002024401003b"
    (tmp_path / "red.gif").write_bytes(bytes.fromhex(gif))
    bpy.ops.mint.add_references(filepath=str(tmp_path / "red.gif"), fit=True)
    assert listed()[0].note.startswith("Converted to WebP")
    assert corner(listed()[0].source) == pytest.approx([1, 0, 0, 1], abs=0.05)


@pytest.mark.covers("C13-consent")
def test_a_large_picture_is_scaled_down_by_a_click(tmp_path: Path) -> None:
    """Above 5 MB it waits; then it fits with its proportions, and the note has both sizes.

    The original is not changed.
    """
    source = colorful(tmp_path / "large.png", "PNG", 4200, noisy=True)
    before = source.read_bytes()
    assert len(before) > MAX_IMAGE_BYTES
    bpy.ops.mint.add_references(filepath=str(source))
    assert "Mint accepts at most 5 MB" in listed()[0].problem
    assert Path(listed()[0].source).read_bytes() == before
    bpy.ops.mint.fit_reference(index=0)
    found = files_pictures.inspect(Path(listed()[0].source))
    assert Path(listed()[0].source).stat().st_size <= MAX_IMAGE_BYTES
    assert found.width and found.height
    assert found.width / found.height == pytest.approx(2, rel=0.01)
    assert listed()[0].note.startswith(
        f"Scaled down from 4200 × 2100 to {found.width} × {found.height} pixels"
    )
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("logo.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "Export it as PNG from the program"),
        ("page.png", b"<!doctype html><html></html>", "is a web page or a message instead of a picture"),
        ("poem.jpg", b"once upon a time", "is not a picture that Blender can open"),
        ("empty.webp", b"", "is empty"),
        ("half.png", None, "is cut off: its end is missing"),
        ("half.jpg", None, "is cut off: its end is missing"),
    ],
)  # fmt: skip
def test_an_invalid_picture_is_refused(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    """Each kind of invalid file has its own sentence, and nothing is listed."""
    path = tmp_path / name
    if content is None:
        colorful(path, "PNG" if name.endswith("png") else "JPEG", 64, noisy=True)
        content = path.read_bytes()[:-100]
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.mint.add_references(filepath=str(path))
    assert len(listed()) == 0


def test_a_broken_picture_cannot_be_converted(tmp_path: Path) -> None:
    """The reason is given; it stays on the list, and Generate stays disabled."""
    (tmp_path / "broken.bmp").write_bytes(b"BM" + bytes(range(200)))
    bpy.ops.mint.add_references(filepath=str(tmp_path / "broken.bmp"))
    with pytest.raises(RuntimeError, match="This Blender cannot open it"):
        bpy.ops.mint.fit_reference(index=0)
    assert "Mint accepts PNG, JPEG and WebP" in listed()[0].problem
    assert not bpy.ops.mint.generate_from_form.poll()


@pytest.mark.parametrize("kind", ["packed", "generated", "from a file", "float", "exr", "hdr"])
def test_every_kind_of_blender_image(tmp_path: Path, kind: str) -> None:
    """Packed, generated, loaded or in 32 bits, it is sent as it looks in Blender."""
    if kind in {"packed", "from a file"}:
        image = bpy.data.images.load(str(colorful(tmp_path / "picture.png", "PNG")))
        if kind == "packed":
            image.pack()
            (tmp_path / "picture.png").unlink()
    elif kind in {"exr", "hdr"}:
        image = bpy.data.images.load(str(linear_light(tmp_path / f"light.{kind}")))
    else:
        image = bpy.data.images.new("picture.png", 16, 8, float_buffer=kind == "float")
        image.generated_color = (0.5, 0.2, 0.0, 1.0)
    bpy.ops.mint.add_reference_image(image=image.name)
    # as in test_a_format_that_mint_does_not_accept_is_converted_by_a_click
    expected = (0.735, 0.485, 0.0) if kind in {"exr", "hdr"} else (0.5, 0.2, 0.0)
    assert corner(listed()[0].source)[:3] == pytest.approx(expected, abs=0.03)


def test_an_image_without_pixels_is_refused(tmp_path: Path) -> None:
    """The error says that its file is missing, and nothing is added."""
    image = bpy.data.images.load(str(colorful(tmp_path / "gone.png", "PNG")))
    (tmp_path / "gone.png").unlink()
    image.reload()
    with pytest.raises(RuntimeError, match="has no pixels"):
        bpy.ops.mint.add_reference_image(image=image.name)
    assert len(listed()) == 0


def test_transparency_is_kept(tmp_path: Path) -> None:
    """The alpha of the converted picture is that of the original."""
    bpy.ops.mint.add_references(
        filepath=str(colorful(tmp_path / "cut.tif", "TIFF", alpha=0.5)), fit=True
    )
    assert corner(listed()[0].source)[3] == pytest.approx(0.5, abs=0.02)


def test_an_unsaved_image_is_sent_as_it_is() -> None:
    """Pixels that were painted and not saved are sent."""
    image = bpy.data.images.new("paint", 8, 8)
    image.pixels.foreach_set(np.tile(np.array([0.2, 0.6, 0.4, 1], np.float32), 64))
    bpy.ops.mint.add_reference_image(image="paint")
    assert listed()[0].name == "paint"
    assert corner(listed()[0].source) == pytest.approx([0.2, 0.6, 0.4, 1], abs=0.01)
    assert [each.name for each in bpy.data.images] == ["paint"]
    with pytest.raises(RuntimeError, match="There is no image nowhere in this file"):
        bpy.ops.mint.add_reference_image(image="nowhere")
