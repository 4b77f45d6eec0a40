# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny but valid files in pure Python, for tests that only transfer files.

A model is a box in the color of the prompt. A World is an open room of a few triangles, Y down, a
small panorama and a few splats. A revision changes the color.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np

from ...files import build_glb, build_spz
from .. import convert, glb, pictures, prompt_words
from . import FOLDER, AssetRequest, Made

BOX_CORNERS = np.array([(x, y, z) for z in (-0.5, 0.5) for y in (0.0, 1.0) for x in (-0.5, 0.5)])


class TinyAssetGenerator:
    """Makes tiny files immediately."""

    def make(self, request: AssetRequest) -> Sequence[Made]:
        """Return all files of a stage."""
        color = prompt_words.color(request.description)
        if request.stage == "preview":
            height = 54 if request.kind == "world" else 96
            return [Made("preview", "image/webp", pictures.webp(color, 96, height))]
        if request.stage == "optimize":
            return [Made("optimized", "model/gltf-binary", draco_box(color))]
        if request.stage == "convert":
            return convert.all_of(request.formats)
        if request.kind == "world":
            return list(_world(request, color))
        model = draco_box(color) if request.draco_original else box(color)
        return [Made("glb", "model/gltf-binary", model)]


def box(color: prompt_words.Color) -> bytes:
    """Return a box of 1 x 1 x 1 on the floor with one material."""
    surface = {"baseColorFactor": [*linear(color), 1.0], "metallicFactor": 0}
    material = {"pbrMetallicRoughness": surface}
    triangles = build_glb.triangles_of(build_glb.FACES)
    return build_glb.pack(*build_glb.mesh_parts(BOX_CORNERS, triangles, material=material))


def linear(color: prompt_words.Color) -> list[float]:
    """Return the linear values of an sRGB color, as glTF factors."""
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]


def bare_mesh(points: np.ndarray, triangles: np.ndarray) -> bytes:
    """Return the GLB of a collider: without a material."""
    return build_glb.pack(*build_glb.mesh_parts(points, triangles, name="collider", material=None))


def draco_box(color: prompt_words.Color) -> bytes:
    """Return the same box with Draco geometry and a WebP texture, both required."""
    box = (FOLDER / "box" / "optimized.glb").read_bytes()
    return glb.with_image(box, "base", pictures.webp(color, 8, 8))


def _world(request: AssetRequest, color: prompt_words.Color) -> Iterable[Made]:
    yield Made(
        "collider", "model/gltf-binary", tiny_room(down=1.0 if not request.collider_up else -1.0)
    )
    yield Made("pano", "image/png", pictures.tiny_panorama(color))
    for tier, count in (("100k", 40), ("500k", 200)):
        yield Made(
            f"spz:{tier}", "application/octet-stream", build_spz.encode(_floor_splats(color, count))
        )
    yield Made("rad", "application/octet-stream", b"RAD stand-in" + struct.pack("<I", 0))


def tiny_room(down: float = 1.0) -> bytes:
    """Return a GLB of a floor and four walls around the capture point, 4 units wide.

    With `down` = 1 Y points down, as in Mint's Worlds.
    """
    floor, rim = 0.6 * down, -0.4 * down
    points = [(x, y, z) for y in (floor, rim) for x, z in ((-2, -2), (2, -2), (2, 2), (-2, 2))]
    faces = [(0, 1, 2, 3), *((i, (i + 1) % 4, 4 + (i + 1) % 4, 4 + i) for i in range(4))]
    return bare_mesh(np.array(points), build_glb.triangles_of(faces))


def _floor_splats(color: prompt_words.Color, count: int) -> build_spz.Splats:
    flat = np.random.default_rng(count).uniform(-2, 2, (count, 2))
    places = np.column_stack([flat[:, 0], np.full(count, 0.6), flat[:, 1]])
    scales, turns = (np.tile(row, (count, 1)) for row in ([0.1, 0.01, 0.1], [1.0, 0.0, 0.0, 0.0]))
    return build_spz.plain(places, scales, turns, np.tile(color, (count, 1)), 1.0)
