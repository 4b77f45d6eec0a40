# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images: the list beside the form, what is converted, and what is sent to Mint."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mint_blender.files import pictures as files_pictures
from mint_blender.message import UserError
from mint_blender.mint.generation_request import default_prompt
from mint_blender.mint.limits import MAX_IMAGE_BYTES
from mint_blender.mint.schema import Kind

from ..mint_service import pictures
from ..mint_service.runner import ThreadService
from .drawings import drawn_by, sidebar

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.ui import session
from mint_blender.ui.references import operators as references_panel

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)


def listed() -> Any:
    """Return the list beside the form."""
    return bpy.context.window_manager.mint_references


def linear_light(path: Path) -> Path:
    """Write an .hdr whose pixels are 0.5, 0.2 and 0 of linear light.

    It is written by hand: what Blender writes does not prove what Blender reads.
    """
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 16\n"
    path.write_bytes(head + bytes((128, 51, 0, 128)) * (8 * 16))
    return path


def colorful(
    path: Path, file_format: str, side: int = 16, *, noisy: bool = False, alpha: float = 1.0
) -> Path:
    """Write a picture with Blender: of one color, or so noisy that it hardly compresses."""
    image = bpy.data.images.new("made for a test", side, side // 2, alpha=True)
    pixels = np.tile(np.array([0.5, 0.2, 0.0, alpha], np.float32), (side * side // 2, 1))
    if noisy:
        pixels[:, :3] = np.random.default_rng(1).random((len(pixels), 3), np.float32)
    image.pixels.foreach_set(pixels.ravel())
    image.file_format = file_format
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    return path


def corner(path: str) -> list[float]:
    """Return the first pixel of a picture, as Blender reads it."""
    image = bpy.data.images.load(path)
    pixel = [float(value) for value in image.pixels[:4]]
    bpy.data.images.remove(image)
    return pixel


def red(folder: Path, name: str = "red.webp", color: tuple[float, float, float] = RED) -> Path:
    """Write a small picture that Mint accepts."""
    path = folder / name
    path.write_bytes(pictures.webp(color))
    return path


def test_files_are_copied(home: Path, tmp_path: Path) -> None:
    """Several files are added in order; our copies are sent, whatever happens to the files."""
    files = [red(tmp_path), red(tmp_path, "blue.webp", BLUE)]
    names = [{"name": each.name} for each in files]
    assert bpy.ops.mint.add_references(directory=str(tmp_path), files=names) == {"FINISHED"}
    for each in files:
        each.unlink()
    assert [entry.name for entry in listed()] == ["red.webp", "blue.webp"]
    assert all(Path(entry.source).parent == home / "references" for entry in listed())
    assert Path(listed()[1].source).read_bytes() == pictures.webp(BLUE)
    assert not any(entry.problem for entry in listed())


def test_pictures_are_removed_and_never_added_twice(tmp_path: Path) -> None:
    """The same bytes are refused a second time, under any name."""
    for each in (red(tmp_path), red(tmp_path, "blue.webp", BLUE)):
        bpy.ops.mint.add_references(filepath=str(each))
    with pytest.raises(RuntimeError, match=r"again\.webp is already on the list\."):
        bpy.ops.mint.add_references(filepath=str(red(tmp_path, "again.webp")))
    assert [entry.name for entry in listed()] == ["red.webp", "blue.webp"]
    bpy.ops.mint.remove_reference(index=0)
    assert [entry.name for entry in listed()] == ["blue.webp"]
    assert bpy.ops.mint.remove_reference(index=7) == {"CANCELLED"}


def test_at_most_eight_pictures_are_accepted(tmp_path: Path) -> None:
    """A ninth picture is refused in words; the eight stay. Invalid files do not count."""
    assert drawn_by(references_panel.draw, sidebar())["menu"] == 1
    (tmp_path / "poem.png").write_text("once upon a time")
    files = [red(tmp_path, f"{number}.webp", (number / 9, 0.2, 0.2)) for number in range(9)]
    names = [{"name": name} for name in ("poem.png", "gone.png", *(each.name for each in files))]
    assert bpy.ops.mint.add_references(directory=str(tmp_path), files=names) == {"FINISHED"}
    assert [entry.name for entry in listed()] == [each.name for each in files[:8]]
    drawn = drawn_by(references_panel.draw, sidebar())
    assert (drawn["mint.remove_reference"], drawn["menu"]) == (8, 0)
    with pytest.raises(UserError, match="Mint accepts at most 8 images"):
        references_panel.add_url("https://example.org/a.png")


@pytest.mark.covers("C13-upload")
def test_an_address_has_to_be_https() -> None:
    """Mint downloads only public https addresses."""
    with pytest.raises(UserError, match="must start with https://"):
        references_panel.add_url("http://example.org/a.png")
    references_panel.add_url(" https://example.org/pictures/lamp.png?size=2 ")
    assert listed()[0].name == "lamp.png"
    assert listed()[0].source == "https://example.org/pictures/lamp.png?size=2"


def test_a_world_from_one_picture_has_a_default_prompt(
    tmp_path: Path, service: ThreadService
) -> None:
    """A single picture is sent as `imageUrl`."""
    form = bpy.context.window_manager.mint
    form.kind, form.review, form.preset = "WORLD", False, "FAST"
    bpy.ops.mint.add_references(filepath=str(red(tmp_path)))
    assert bpy.ops.mint.generate_from_form() == {"FINISHED"}
    start = service.requests("POST", "/v1/worlds:generate")[-1]
    assert start.body["imageUrl"].startswith("http")
    assert "sourceImages" not in start.body
    assert start.body["prompt"] == default_prompt(Kind.WORLD) != default_prompt(Kind.MODEL)


def test_a_view_needs_a_window() -> None:
    """Without one the operator is disabled and does not crash."""
    assert not bpy.ops.mint.add_reference_view.poll()


@pytest.mark.feature("pictures dropped on Blender")
def test_dropped_files_are_added(tmp_path: Path) -> None:
    """Blender calls the operator of the handler, for the endings that it names."""
    handler = bpy.types.MINT_FH_references
    assert handler.bl_import_operator == "mint.add_references"
    assert {".png", ".webp", ".exr"} <= set(handler.bl_file_extensions.split(";"))
    drop = {"directory": f"{tmp_path}{os.sep}", "filepath": str(red(tmp_path))}
    drop["files"] = [{"name": "red.webp"}]
    assert bpy.ops.mint.add_references("INVOKE_DEFAULT", **drop) == {"FINISHED"}
    assert [entry.name for entry in listed()] == ["red.webp"]


def test_generate_with_pictures_only(tmp_path: Path, service: ThreadService) -> None:
    """Without a prompt they are sent in order, uploaded once, and removed from the form."""
    form = bpy.context.window_manager.mint
    form.review, form.preset = False, "FAST"
    before = len(service.requests("POST", "/v1/reference-images"))
    for _ in range(2):
        bpy.ops.mint.add_references(filepath=str(red(tmp_path)))
        bpy.ops.mint.add_references(filepath=str(red(tmp_path, "blue.webp", BLUE)))
        assert bpy.ops.mint.generate_from_form() == {"FINISHED"}
        assert len(listed()) == 0
    assert len(service.requests("POST", "/v1/reference-images")) == before + 2
    start = service.requests("POST", "/v1/models:generate")[-1]
    assert start.body["prompt"] == default_prompt(Kind.MODEL)
    assert len(start.body["sourceImages"]) == 2


def test_a_bad_picture_is_refused_before_there_is_a_job(
    tmp_path: Path, service: ThreadService
) -> None:
    """`bpy.ops.mint.generate(images=…)` says why, and nothing is started."""
    starts = len(service.requests("POST"))
    with pytest.raises(RuntimeError, match=r"gone\.png cannot be read"):
        bpy.ops.mint.generate(prompt="a lamp", images=f"{red(tmp_path)};{tmp_path / 'gone.png'}")
    assert session.service().jobs() == []
    assert len(service.requests("POST")) == starts


@pytest.mark.covers("C13-consent")
@pytest.mark.parametrize(
    ("file_format", "ending", "color"),
    [
        ("TIFF", ".tif", (0.5, 0.2, 0.0)),
        ("BMP", ".bmp", (0.5, 0.2, 0.0)),
        ("HDR", ".hdr", (0.735, 0.485, 0.0)),  # linear light, as a screen shows it
    ],
)
def test_a_format_that_mint_does_not_accept_is_converted_by_a_click(
    tmp_path: Path, file_format: str, ending: str, color: tuple[float, ...]
) -> None:
    """Until then Generate is disabled; the conversion keeps the colors and is noted."""
    path = tmp_path / f"odd{ending}"
    source = linear_light(path) if file_format == "HDR" else colorful(path, file_format)
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


@pytest.mark.covers("C13-consent")
def test_a_large_picture_is_scaled_down_by_a_click(tmp_path: Path) -> None:
    """Above 5 MB it waits; then it fits with its proportions, and the note has both sizes."""
    source = colorful(tmp_path / "large.png", "PNG", 3800, noisy=True)
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
        f"Scaled down from 3800 × 1900 to {found.width} × {found.height} pixels"
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


def test_transparency_is_kept(tmp_path: Path) -> None:
    """The alpha of the converted picture is that of the original."""
    cut = colorful(tmp_path / "cut.tif", "TIFF", alpha=0.5)
    bpy.ops.mint.add_references(filepath=str(cut))
    bpy.ops.mint.fit_reference(index=0)
    assert corner(listed()[0].source)[3] == pytest.approx(0.5, abs=0.02)
