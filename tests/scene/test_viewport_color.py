# SPDX-License-Identifier: GPL-3.0-or-later
"""Models have a color in Solid shading: the mean of their texture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene.model import build
from mint_blender.scene.place import place_model

from .place_helpers import LAMP
from .synthetic_world import linear


def textured(path: Path, factor: tuple[float, float, float], *colors: tuple[int, int, int]) -> Path:
    """Write a model with one box for each color, which its texture has everywhere."""
    glb = glb_fixtures.Glb()
    for number, color in enumerate(colors):
        texture = glb_fixtures.png(color, 64, 16)
        material = glb.material(factor, name=f"paint {number}", texture=texture)
        glb.node(mesh=glb.mesh(glb_fixtures.box(glb, material=material)), name=f"box {number}")
    return glb.save(path)


def test_the_color_is_that_of_the_texture(tmp_path: Path) -> None:
    """Each material has its own, in linear values, multiplied with the factor of the file."""
    colors, factor = ((230, 120, 40), (10, 200, 255)), (0.5, 1.0, 0.25)
    placed = place_model(textured(tmp_path / "m.glb", factor, *colors), LAMP)
    meshes = [each for each in placed.objects if each.type == "MESH"]
    parts = sorted(meshes, key=lambda each: each.name)
    for part, color in zip(parts, colors, strict=True):
        expected = linear(np.array(color) / 255) * factor
        (material,) = part.data.materials
        assert list(material.diffuse_color)[:3] == pytest.approx(expected, abs=0.005)
        assert material.diffuse_color[3] == 1


def test_a_plain_color_stays(tmp_path: Path) -> None:
    """Without a texture it is the factor of the file, as the importer sets it."""
    placed = place_model(glb_fixtures.simple(tmp_path / "m.glb", texture=False), LAMP)
    assert list(placed.root.data.materials[0].diffuse_color)[:3] == pytest.approx([0.8, 0.3, 0.1])


def test_nothing_is_left_of_the_computation(model: Path) -> None:
    """The picture is as it came, and the only one."""
    placed = place_model(model, LAMP)
    (image,) = [each for each in bpy.data.images if each.source == "FILE"]
    assert tuple(image.size) == (4, 4) and not image.is_dirty
    assert [each.get("mint_made") for each in placed.root.data.materials] == [True]


def image(pixels: np.ndarray) -> bpy.types.Image:
    """Make a packed picture of RGBA values, shape (height, width, 4)."""
    made = bpy.data.images.new("Texture", pixels.shape[1], pixels.shape[0], alpha=True)
    made.pixels.foreach_set(pixels.astype(np.float32).ravel())
    made.file_format = "PNG"
    made.pack()
    return made


def test_the_mean_is_that_of_light() -> None:
    """Of a black and a white half it is half the light, which is not the middle of sRGB."""
    halves = np.ones((64, 64, 4))
    halves[:32, :, :3] = 0
    assert build.mean_color(image(halves)) == pytest.approx([0.5, 0.5, 0.5], abs=0.03)
    red = np.zeros((64, 64, 4))
    red[:32] = (1, 0, 0, 1)
    mean = build.mean_color(image(red))
    assert mean is not None and mean[0] > 0.9 and mean[1:] == pytest.approx([0, 0])
    missing = bpy.data.images.new("Missing", 4, 4)
    missing.source, missing.filepath = "FILE", "/nowhere/texture.png"
    assert build.mean_color(missing) is None
    assert len(bpy.data.images) == 3
