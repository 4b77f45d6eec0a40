# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images: the list beside the form, and what is sent to Mint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mint_blender.files import pictures as files_pictures
from mint_blender.mint.generation_request import default_prompt
from mint_blender.mint.schema import Kind

from ..mint_service import pictures
from ..mint_service.runner import ThreadService
from .drawings import drawn_by
from .reference_pictures import BLUE, listed, red

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.ui.references import operators as references_panel  # noqa: E402


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


def test_pictures_are_moved_and_removed_and_never_added_twice(tmp_path: Path) -> None:
    """The same bytes are refused a second time, under any name."""
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


def test_at_most_eight_pictures_are_accepted(tmp_path: Path) -> None:
    """A ninth picture is refused in words; the eight stay."""
    files = [red(tmp_path, f"{number}.webp", (number / 9, 0.2, 0.2)) for number in range(9)]
    names = [{"name": each.name} for each in files]
    bpy.ops.mint.add_references(directory=str(tmp_path), files=names)
    assert len(listed()) == 8
    drawn = drawn_by(references_panel.draw, bpy.context)
    assert (drawn["mint.remove_reference"], drawn["menu"]) == (8, 0)
    with pytest.raises(RuntimeError, match="Mint accepts at most 8 images"):
        bpy.ops.mint.add_reference_url(url="https://example.org/a.png")


def test_invalid_files_do_not_prevent_the_others(tmp_path: Path) -> None:
    """Of several files the valid ones are added."""
    (tmp_path / "poem.png").write_text("once upon a time")
    names = [{"name": "poem.png"}, {"name": red(tmp_path).name}, {"name": "gone.png"}]
    assert bpy.ops.mint.add_references(directory=str(tmp_path), files=names) == {"FINISHED"}
    assert [entry.name for entry in listed()] == ["red.webp"]


@pytest.mark.covers("C13-upload")
def test_an_address_has_to_be_https() -> None:
    """Mint downloads only public https addresses."""
    with pytest.raises(RuntimeError, match="must start with https://"):
        bpy.ops.mint.add_reference_url(url="http://example.org/a.png")
    bpy.ops.mint.add_reference_url(url=" https://example.org/pictures/lamp.png?size=2 ")
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


def test_the_last_render_is_added() -> None:
    """Without a render there is an error; the output settings are not changed.

    Blender writes the path of the .blend and the name of the scene into a picture; not here.
    """
    with pytest.raises(RuntimeError, match="Nothing has been rendered yet"):
        bpy.ops.mint.add_reference_render()
    scene = bpy.context.scene
    scene.name = "Secret Project"
    scene.camera = bpy.data.objects.new("eye", bpy.data.cameras.new("eye"))
    scene.collection.objects.link(scene.camera)
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 48, 32
    settings = scene.render.image_settings
    settings.file_format = "OPEN_EXR"
    settings.color_depth = "32"
    bpy.ops.render.render()
    bpy.ops.mint.add_reference_render()
    kept = Path(listed()[0].source)
    found = files_pictures.inspect(kept)
    assert (found.format, found.width, found.height) == ("png", 48, 32)
    assert (settings.file_format, settings.color_depth) == ("OPEN_EXR", "32")
    assert b"Secret Project" not in kept.read_bytes()
    assert len(bpy.data.images.load(str(kept)).pixels) == 48 * 32 * 4, "Blender still reads it"


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
    from mint_blender.ui import session

    starts = len(service.requests("POST"))
    with pytest.raises(RuntimeError, match=r"gone\.png cannot be read"):
        bpy.ops.mint.generate(prompt="a lamp", images=f"{red(tmp_path)};{tmp_path / 'gone.png'}")
    assert session.service().jobs() == []
    assert len(service.requests("POST")) == starts
