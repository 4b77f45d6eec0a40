# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference pictures in Blender: how they get on the list, what is done with those that do not fit,
and what is sent.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mint_blender.files import pictures as files_pictures
from mint_blender.mint.generation_request import MAX_IMAGE_BYTES, default_prompt
from mint_blender.mint.schema import Kind

from ..mint_service import pictures
from ..mint_service.runner import ThreadService, running_service

pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

RED, BLUE = (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)


@pytest.fixture(scope="module")
def service() -> Iterator[ThreadService]:
    """A stand-in Mint in a hurry."""
    with running_service(
        speed=2000, switches=("poll-hint",), retry_after=0.05, credits=1e9
    ) as running:
        yield running


def listed() -> Any:
    """The list beside the form."""
    import bpy

    return bpy.context.window_manager.mint_references


def linear_light(path: Path, width: int = 16, height: int = 8) -> Path:
    """An .exr or .hdr whose pixels are 0.5, 0.2 and 0 of linear light, written by hand: what
    Blender writes is no proof of what it reads.
    """
    if path.suffix == ".hdr":
        head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode()
        path.write_bytes(head + bytes((128, 51, 0, 128)) * (width * height))
        return path

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    channels = (
        b"".join(name + b"\0" + struct.pack("<iB3xii", 2, 0, 1, 1) for name in (b"B", b"G", b"R"))
        + b"\0"
    )
    head = (
        b"\x76\x2f\x31\x01\x02\0\0\0"
        + attribute("channels", "chlist", channels)
        + attribute("compression", "compression", b"\0")
    )
    head += (
        attribute("dataWindow", "box2i", window)
        + attribute("displayWindow", "box2i", window)
        + attribute("lineOrder", "lineOrder", b"\0")
    )
    head += attribute("pixelAspectRatio", "float", struct.pack("<f", 1)) + attribute(
        "screenWindowCenter", "v2f", struct.pack("<2f", 0, 0)
    )
    head += attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    row = b"".join(struct.pack("<f", value) * width for value in (0.0, 0.2, 0.5))
    rows = [struct.pack("<ii", y, len(row)) + row for y in range(height)]
    first = len(head) + 8 * height
    path.write_bytes(
        head
        + b"".join(struct.pack("<Q", first + y * len(rows[0])) for y in range(height))
        + b"".join(rows)
    )
    return path


def colorful(
    path: Path, file_format: str, side: int = 16, *, noisy: bool = False, alpha: float = 1.0
) -> Path:
    """A picture in a format that Blender writes: of one color, or so noisy that it hardly
    compresses.
    """
    import bpy

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
    """The first pixel of a picture, as Blender reads it."""
    import bpy

    image = bpy.data.images.load(path)
    found = [float(value) for value in image.pixels[:4]]
    bpy.data.images.remove(image)
    return found


def red(folder: Path, name: str = "red.webp", color: tuple[float, float, float] = RED) -> Path:
    """A small picture that Mint takes."""
    path = folder / name
    path.write_bytes(pictures.webp(color))
    return path


def test_files_are_copied_and_outlive_their_originals(home: Path, tmp_path: Path) -> None:
    """Several files at once, in order; what is sent later is our copy, whatever becomes of the
    original.
    """
    import bpy

    files = [red(tmp_path), red(tmp_path, "blue.webp", BLUE)]
    names = [{"name": each.name} for each in files]
    assert bpy.ops.mint.add_references(directory=str(tmp_path), files=names) == {"FINISHED"}
    for each in files:
        each.unlink()
    assert [entry.name for entry in listed()] == ["red.webp", "blue.webp"]
    assert all(Path(entry.source).parent == home / "references" for entry in listed())
    assert Path(listed()[1].source).read_bytes() == pictures.webp(BLUE)
    assert not any(entry.problem for entry in listed())


def test_moved_removed_and_never_twice(home: Path, tmp_path: Path) -> None:
    """The order can be changed; the same bytes are refused a second time, in words, under whatever
    name.
    """
    import bpy

    for each in (red(tmp_path), red(tmp_path, "blue.webp", BLUE)):
        bpy.ops.mint.add_references(filepath=str(each))
    with pytest.raises(RuntimeError, match=r"again\.webp is already on the list\."):
        bpy.ops.mint.add_references(filepath=str(red(tmp_path, "again.webp")))
    bpy.ops.mint.move_reference(index=1, by=-1)
    assert [entry.name for entry in listed()] == ["blue.webp", "red.webp"]
    bpy.ops.mint.move_reference(index=0, by=-1)
    assert [entry.name for entry in listed()] == ["blue.webp", "red.webp"]
    bpy.ops.mint.remove_reference(index=0)
    assert [entry.name for entry in listed()] == ["red.webp"]
    assert bpy.ops.mint.remove_reference(index=7) == {"CANCELLED"}


def test_eight_and_no_more(home: Path, tmp_path: Path) -> None:
    """A ninth picture is refused in words; the eight stay."""
    import bpy

    files = [red(tmp_path, f"{number}.webp", (number / 9, 0.2, 0.2)) for number in range(9)]
    bpy.ops.mint.add_references(
        directory=str(tmp_path), files=[{"name": each.name} for each in files]
    )
    assert len(listed()) == 8
    with pytest.raises(RuntimeError, match="Mint accepts at most 8 pictures"):
        bpy.ops.mint.add_reference_url(url="https://example.org/a.png")


def test_what_is_no_picture_does_not_keep_others_out(home: Path, tmp_path: Path) -> None:
    """Of several files the good ones are taken."""
    import bpy

    (tmp_path / "poem.png").write_text("once upon a time")
    names = [{"name": "poem.png"}, {"name": red(tmp_path).name}, {"name": "gone.png"}]
    assert bpy.ops.mint.add_references(directory=str(tmp_path), files=names) == {"FINISHED"}
    assert [entry.name for entry in listed()] == ["red.webp"]


def test_an_address_has_to_be_https(home: Path) -> None:
    """Mint fetches public https addresses only."""
    import bpy

    with pytest.raises(RuntimeError, match="must start with https://"):
        bpy.ops.mint.add_reference_url(url="http://example.org/a.png")
    bpy.ops.mint.add_reference_url(url=" https://example.org/pictures/lamp.png?size=2 ")
    assert (listed()[0].name, listed()[0].source) == (
        "lamp.png",
        "https://example.org/pictures/lamp.png?size=2",
    )


@pytest.mark.parametrize(
    ("file_format", "ending", "color"),
    [
        ("TIFF", ".tif", (0.5, 0.2, 0.0)),
        ("BMP", ".bmp", (0.5, 0.2, 0.0)),
        (None, ".exr", (0.735, 0.485, 0.0)),  # 0.5 and 0.2 of linear light, as a screen shows them
        (None, ".hdr", (0.735, 0.485, 0.0)),
    ],
)
def test_an_odd_format_waits_to_be_converted(
    home: Path, tmp_path: Path, file_format: str | None, ending: str, color: tuple[float, ...]
) -> None:
    """It is on the list with its problem, and Generate stays off; Convert keeps what one sees, and
    says what was done.
    """
    import bpy

    path = tmp_path / f"odd{ending}"
    source = colorful(path, file_format) if file_format else linear_light(path)
    images = set(bpy.data.images)
    bpy.ops.mint.add_references(filepath=str(source))
    assert "Mint takes PNG, JPEG and WebP" in listed()[0].problem
    assert not bpy.ops.mint.generate_from_form.poll()
    assert bpy.ops.mint.fit_reference(index=0) == {"FINISHED"}
    assert listed()[0].problem == ""
    assert listed()[0].note.startswith("Converted to WebP")
    assert files_pictures.inspect(Path(listed()[0].source)).format == "webp"
    assert corner(listed()[0].source)[:3] == pytest.approx(color, abs=0.03)
    assert bpy.ops.mint.generate_from_form.poll()
    assert set(bpy.data.images) == images, "an image of ours stays in the user's file"


def test_the_first_picture_of_a_gif(home: Path, tmp_path: Path) -> None:
    """A GIF is converted where this Blender opens it."""
    import bpy

    gif = "47494638396101000100800000ff000000000021f90400000000002c00000000010001000002024401003b"
    (tmp_path / "red.gif").write_bytes(bytes.fromhex(gif))
    bpy.ops.mint.add_references(filepath=str(tmp_path / "red.gif"), fit=True)
    assert listed()[0].note.startswith("Converted to WebP")
    assert corner(listed()[0].source) == pytest.approx([1, 0, 0, 1], abs=0.05)


def test_a_large_picture_is_scaled_down_only_when_asked(home: Path, tmp_path: Path) -> None:
    """Over 5 MB it waits; after the click it fits, its shape is kept, and the sentence names both
    sizes. The original is untouched.
    """
    import bpy

    source = colorful(tmp_path / "large.png", "PNG", 5000, noisy=True)
    before = source.read_bytes()
    assert len(before) > MAX_IMAGE_BYTES
    bpy.ops.mint.add_references(filepath=str(source))
    assert "Mint takes at most 5 MB" in listed()[0].problem
    assert Path(listed()[0].source).read_bytes() == before
    bpy.ops.mint.fit_reference(index=0)
    found = files_pictures.inspect(Path(listed()[0].source))
    assert Path(listed()[0].source).stat().st_size <= MAX_IMAGE_BYTES
    assert found.width and found.height
    assert found.width / found.height == pytest.approx(2, rel=0.01)
    assert listed()[0].note.startswith(
        f"Scaled down from 5000 × 2500 to {found.width} × {found.height} pixels"
    )
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "logo.svg",
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
            "Export it as PNG from the program",
        ),
        (
            "page.png",
            b"<!doctype html><html></html>",
            "is a web page or a message instead of a picture",
        ),
        ("poem.jpg", b"once upon a time", "is not a picture that Blender can open"),
        ("empty.webp", b"", "is empty"),
        ("half.png", None, "is cut off: its end is missing"),
        ("half.jpg", None, "is cut off: its end is missing"),
    ],
)
def test_what_is_no_whole_picture_is_refused(
    home: Path, tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    """A drawing, a page, a text, nothing at all, half a picture: each is refused in a sentence of
    its own, and nothing is on the list.
    """
    import bpy

    path = tmp_path / name
    if content is None:
        colorful(path, "PNG" if name.endswith("png") else "JPEG", 64, noisy=True)
        content = path.read_bytes()[:-100]
    path.write_bytes(content)
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.mint.add_references(filepath=str(path))
    assert len(listed()) == 0


def test_an_odd_one_that_is_broken_says_so(home: Path, tmp_path: Path) -> None:
    """What calls itself BMP and is none cannot be converted: the reason is said, it stays on the
    list as it is, and Generate stays off.
    """
    import bpy

    (tmp_path / "broken.bmp").write_bytes(b"BM" + bytes(range(200)))
    bpy.ops.mint.add_references(filepath=str(tmp_path / "broken.bmp"))
    with pytest.raises(RuntimeError, match="This Blender cannot open it"):
        bpy.ops.mint.fit_reference(index=0)
    assert "Mint takes PNG, JPEG and WebP" in listed()[0].problem
    assert not bpy.ops.mint.generate_from_form.poll()


@pytest.mark.parametrize("kind", ["packed", "generated", "from a file", "float", "exr", "hdr"])
def test_every_kind_of_blender_image(home: Path, tmp_path: Path, kind: str) -> None:
    """Packed into a .blend, generated, loaded from a file, in 32 bits: what is sent looks as it
    does in Blender.
    """
    import bpy

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
    # as in test_an_odd_format_waits_to_be_converted
    expected = (0.735, 0.485, 0.0) if kind in {"exr", "hdr"} else (0.5, 0.2, 0.0)
    assert corner(listed()[0].source)[:3] == pytest.approx(expected, abs=0.03)


def test_an_image_without_pixels_is_refused(home: Path, tmp_path: Path) -> None:
    """Its file is missing: that is said, and nothing is added."""
    import bpy

    image = bpy.data.images.load(str(colorful(tmp_path / "gone.png", "PNG")))
    (tmp_path / "gone.png").unlink()
    image.reload()
    with pytest.raises(RuntimeError, match="has no pixels"):
        bpy.ops.mint.add_reference_image(image=image.name)
    assert len(listed()) == 0


def test_one_picture_goes_out_as_one_and_a_world_has_its_own_prompt(
    home: Path, tmp_path: Path, service: ThreadService
) -> None:
    """A single picture is `imageUrl`; without a prompt a World is told to look like it."""
    import bpy

    form = bpy.context.window_manager.mint
    form.kind, form.review, form.preset = "WORLD", False, "FAST"
    bpy.ops.mint.add_references(filepath=str(red(tmp_path)))
    assert bpy.ops.mint.generate_from_form() == {"FINISHED"}
    start = service.requests("POST", "/v1/worlds:generate")[-1]
    assert start.body["imageUrl"].startswith("http")
    assert "sourceImages" not in start.body
    assert start.body["prompt"] == default_prompt(Kind.WORLD) != default_prompt(Kind.MODEL)


def test_transparency_is_kept(home: Path, tmp_path: Path) -> None:
    """A cut-out stays one."""
    import bpy

    bpy.ops.mint.add_references(
        filepath=str(colorful(tmp_path / "cut.tif", "TIFF", alpha=0.5)), fit=True
    )
    assert corner(listed()[0].source)[3] == pytest.approx(0.5, abs=0.02)


def test_an_image_of_the_file_as_it_is_now(home: Path) -> None:
    """Painted and never saved: what one sees in Blender is what is sent."""
    import bpy

    image = bpy.data.images.new("paint", 8, 8)
    image.pixels.foreach_set(np.tile(np.array([0.2, 0.6, 0.4, 1], np.float32), 64))
    bpy.ops.mint.add_reference_image(image="paint")
    assert listed()[0].name == "paint"
    assert corner(listed()[0].source) == pytest.approx([0.2, 0.6, 0.4, 1], abs=0.01)
    assert [each.name for each in bpy.data.images] == ["paint"]
    with pytest.raises(RuntimeError, match="There is no image nowhere in this file"):
        bpy.ops.mint.add_reference_image(image="nowhere")


def test_the_last_render(home: Path) -> None:
    """Refused in words before there is one; then it is taken, and the output settings stay what
    they were.
    """
    import bpy

    with pytest.raises(RuntimeError, match="Nothing has been rendered yet"):
        bpy.ops.mint.add_reference_render()
    scene = bpy.context.scene
    scene.camera = bpy.data.objects.new("eye", bpy.data.cameras.new("eye"))
    scene.collection.objects.link(scene.camera)
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 48, 32
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = (
        "OPEN_EXR",
        "32",
    )
    bpy.ops.render.render()
    bpy.ops.mint.add_reference_render()
    found = files_pictures.inspect(Path(listed()[0].source))
    assert (found.format, found.width, found.height) == ("png", 48, 32)
    settings = scene.render.image_settings
    assert (settings.file_format, settings.color_depth) == ("OPEN_EXR", "32")


def test_a_view_needs_a_window(home: Path) -> None:
    """Without one the operator is off, and does not crash."""
    import bpy

    assert not bpy.ops.mint.add_reference_view.poll()


def test_a_drop_brings_the_files(home: Path, tmp_path: Path) -> None:
    """Blender hands a drop to the operator that the handler names, for the endings that it names."""
    import bpy

    handler = bpy.types.MINT_FH_references
    assert handler.bl_import_operator == "mint.add_references"
    assert {".png", ".webp", ".exr"} <= set(handler.bl_file_extensions.split(";"))
    drop = {
        "directory": str(tmp_path) + os.sep,
        "files": [{"name": red(tmp_path).name}],
        "filepath": str(tmp_path / "red.webp"),
    }
    assert bpy.ops.mint.add_references("INVOKE_DEFAULT", **drop) == {"FINISHED"}
    assert [entry.name for entry in listed()] == ["red.webp"]


def test_generate_with_pictures_only(home: Path, tmp_path: Path, service: ThreadService) -> None:
    """Pictures need no prompt; they are sent in their order, each once for all jobs, and are gone
    from the form afterwards.
    """
    import bpy

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
    home: Path, tmp_path: Path, service: ThreadService
) -> None:
    """`bpy.ops.mint.generate(images=…)` says why, and nothing is started."""
    import bpy

    from mint_blender.ui import session

    starts = len(service.requests("POST"))
    with pytest.raises(RuntimeError, match=r"gone\.png cannot be read"):
        bpy.ops.mint.generate(prompt="a lamp", images=f"{red(tmp_path)};{tmp_path / 'gone.png'}")
    assert session.service().jobs() == []
    assert len(service.requests("POST")) == starts
