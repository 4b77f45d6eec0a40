# SPDX-License-Identifier: GPL-3.0-or-later
"""The panorama as background and on the collider, and files that are refused."""

from __future__ import annotations

import contextlib
import random
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytestmark = pytest.mark.blender
bpy = pytest.importorskip("bpy")


import numpy as np

from mint_blender.files import pictures
from mint_blender.files.errors import InvalidPicture
from mint_blender.scene.transaction import DataSnapshot
from mint_blender.scene.world import panorama

from ..files.build_glb import png_that_claims
from ..harness.processes import captured
from . import synthetic_world
from .window_script import said
from .world_helpers import build, part


@pytest.fixture
def room(files):
    """Place the room without splats, and return its root."""
    return build(replace(files, splats=None)).root


def agreement(root, folder: Path) -> float:
    """Return the share of a render with the room's camera that is as it has to be."""
    bpy.context.view_layer.update()
    camera, upright = part(root, "camera"), part(root, "capture_point").matrix_world
    seen = synthetic_world.render(bpy.context.scene, camera, folder / "seen.png")
    return synthetic_world.agreement(seen, synthetic_world.seen_from(camera, upright))


def shown_as(root, name: str) -> bpy.types.World:
    """Return another background with the panorama of the room."""
    picture, point = root["mint_panorama_image"], part(root, "capture_point")
    return panorama.background(picture, point, name)


@pytest.mark.parametrize("is_moved", [False, True])
@pytest.mark.feature("panorama on the collider")
def test_background_and_projection_line_up_with_the_world(room, tmp_path, is_moved):
    """From the capture point, the background shows what the room would show, and the collider, too."""
    scene, shape, camera = bpy.context.scene, part(room, "collider"), part(room, "camera")
    if is_moved:
        room.location, room.rotation_euler, room.scale = (3, -2, 0.5), (0.4, -0.3, 2.0), (0.7,) * 3
    shape.hide_render = True
    assert agreement(room, tmp_path) > 0.9
    panorama.restore_earlier_world(scene)
    shape.hide_render = False
    assert scene.world is None and agreement(room, tmp_path) > 0.9
    camera.location, camera.rotation_euler = (0.4, 0.5, 0.2), (1.2, 0.1, 0.8)
    assert agreement(room, tmp_path) > 0.9


def test_each_scene_gets_its_own_world_back(room, tmp_path):
    """Two panoramas, one after the other, are in three scenes; also after saving."""
    first, second = (shown_as(room, name) for name in ("First", "Second"))
    for name in ("Day", "Night", None):
        scene = bpy.data.scenes.new(f"Scene {name}")
        scene.world = bpy.data.worlds.new(name) if name else None
        panorama.show_background(scene, first)
        panorama.show_background(scene, second)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    for name in ("Night", "Day", None):
        scene = bpy.data.scenes[f"Scene {name}"]
        assert scene.world.name == "Second"
        assert panorama.restore_earlier_world(scene)
        assert (scene.world.name if scene.world else None) == name
        assert not [key for key in scene.keys() if "mint" in key]
        assert not panorama.restore_earlier_world(scene)


def test_background_follows_without_a_python_expression(room):
    """The drivers also work where Blender refuses to run a file's Python."""
    drivers = bpy.context.scene.world.node_tree.animation_data.drivers
    assert len(drivers) == 3
    assert all(each.driver.type == "AVERAGE" and each.driver.is_valid for each in drivers)


def test_unused_materials_of_the_collider_are_removed(room):
    """A material that is used elsewhere stays."""
    shape = part(room, "collider")
    (material,) = shape.data.materials
    lone, shared = bpy.data.materials.new("Lone"), bpy.data.materials.new("Shared")
    other = bpy.data.meshes.new("Other")
    other.materials.append(shared)
    for each in (lone, shared):
        shape.data.materials.append(each)
    panorama.assign_material([shape], material)
    assert "Lone" not in bpy.data.materials and "Shared" in bpy.data.materials
    assert list(shape.data.materials) == [material]


# -- Files: the size is read before Blender opens them, in every format


MEGABYTE = 1 << 20
WRITTEN = {
    "8.png": ("PNG", "8", False),
    "16.png": ("PNG", "16", True),
    "8.jpg": ("JPEG", "8", False),
    "8.webp": ("WEBP", "8", False),
    "32.hdr": ("HDR", "32", True),
}
"""What Blender writes: format, bits a channel, and whether it is deep."""


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


@pytest.mark.parametrize("name", WRITTEN)
def test_the_header_agrees_with_blender(tmp_path: Path, name: str) -> None:
    """Size and bit depth, read without Blender, are those of Blender's image."""
    seen = pictures.inspect_sized(write(tmp_path / name))
    image = panorama.load(tmp_path / name, "Place")
    assert (seen.width, seen.height) == tuple(image.size) == (128, 64)
    assert seen.is_deep is image.is_float is WRITTEN[name][2]
    assert image.packed_file
    assert image.colorspace_settings.name == ("Linear Rec.709" if name == "32.hdr" else "sRGB")


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("part", [0.9, 0.02])
def test_a_cut_off_picture_is_refused(tmp_path: Path, name: str, part: float) -> None:
    """Blender would show half of it, with the rest in gray."""
    before = set(bpy.data.images)
    with pytest.raises(InvalidPicture):
        panorama.load(cut(write(tmp_path / name), part), "Place")
    assert set(bpy.data.images) == before


BAD = {
    "square": (lambda: synthetic_world.png(np.zeros((32, 32, 3))), "32 × 32"),
    "cut in the middle": (lambda: synthetic_world.png(np.random.default_rng(1).random((32, 64, 3)))[:2000], "cannot read"),
    "five billion pixels": (lambda: png_that_claims(100_000, 50_000), "100000 × 50000"),
    "an EXR": (lambda: b"\x76\x2f\x31\x01" + bytes(40), "in the format EXR"),
    "two hundred million pixels": (lambda: png_that_claims(20_000, 10_000), "20,000 pixels wide"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_picture_is_refused_and_leaves_nothing(tmp_path: Path, what: str) -> None:
    """The sentence says what is wrong, and no data-block stays."""
    before = DataSnapshot()
    content, words = BAD[what]
    path = tmp_path / "place.png"
    path.write_bytes(content())
    with pytest.raises(InvalidPicture, match=words):
        panorama.load(path, "Room")
    assert before.new() == []


def hdr(width: int, height: int) -> bytes:
    return f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode() + bytes(1000)


SIZES = [(100_000, 50_000), (30_000, 15_000), (16_384, 8_192), (64, 60_000)]
SIZES += [(999_999_999, 500_000_000)]


@pytest.mark.covers("S-splats")
@pytest.mark.parametrize("changed", [40, pytest.param(1000, marks=pytest.mark.nightly)])
def test_hostile_pictures_are_refused_or_loaded(tmp_path: Path, changed: int) -> None:
    """Large claims and cut files are refused; changed ones are refused or keep their size."""
    folder, chance = tmp_path / "hostile", random.Random(1)
    folder.mkdir()
    for number, (width, height) in enumerate(SIZES):
        (folder / f"claims-{number}.hdr").write_bytes(hdr(width, height))
        (folder / f"claims-{number}.png").write_bytes(png_that_claims(width, height, 16))
    content = write(tmp_path / "32.hdr").read_bytes()
    for number in range(changed):
        fuzzed = bytearray(content)
        for _ in range(chance.choice((1, 4, 40))):
            place = chance.randrange(10, chance.choice((60, len(fuzzed))))
            fuzzed[place] = chance.choice((0, 1, 2, 10, 45, 57, 127, 128, 255))
        end = chance.choice((len(fuzzed), chance.randrange(len(fuzzed))))
        (folder / f"fuzz-{number:03}.hdr").write_bytes(fuzzed[:end])
    program = Path(__file__).with_name("load_panoramas.py")
    done = captured([sys.executable, program, folder], timeout=280)
    answers = said(done)
    assert len(answers) == len(list(folder.iterdir())), f"it ended after {answers[-1:]}: {done}"
    for answer in answers:
        is_refused = answer["said"].endswith(".")
        is_whole = answer["name"].startswith("fuzz") and answer["said"].startswith("128 × 64")
        assert is_refused or is_whole, answer
    assert max(answer["grown"] for answer in answers) < 100 * MEGABYTE
