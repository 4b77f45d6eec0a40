# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that look like Mint's, from `tests/mint_service/sample_files`.

A model is the shape that a prompt names, in its color; a World is a courtyard in the evening.
`python3 -m scripts.sample_assets` makes the committed files again, with Blender.
"""

from __future__ import annotations

import gzip
import io
import lzma
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from .. import convert, glb, pictures, prompt_words
from . import FOLDER, AssetRequest, Made
from .tiny_assets import bare_mesh

MAIN = 0.75
"""Part of a texture's width that has the color of the prompt."""
SPZ_HEADER = 16
"""Bytes before the positions of the splats."""


class SampleFiles:
    """Returns the files of the repository."""

    def make(self, request: AssetRequest) -> Sequence[Made]:
        """Return all files of a stage."""
        if request.kind == "world":
            return _world(request)
        shape = prompt_words.shape(request.description)
        color = prompt_words.color(request.description)
        if request.stage == "preview":
            return [Made("preview", "image/webp", _preview(shape, color))]
        if request.stage == "optimize":
            return [Made("optimized", "model/gltf-binary", _model(shape, "optimized.glb", color))]
        if request.stage == "convert":
            return convert.all_of(request.formats)
        name = "optimized.glb" if request.draco_original else "original.glb.xz"
        return [Made("glb", "model/gltf-binary", _model(shape, name, color))]


def read(name: str) -> bytes:
    """Return a file of the folder, decompressed if it is an archive."""
    content = (FOLDER / name).read_bytes()
    return lzma.decompress(content) if name.endswith(".xz") else content


@lru_cache(maxsize=16)
def _model(shape: str, name: str, color: prompt_words.Color) -> bytes:
    """Return a GLB with the pictures of the optimized one, whose white has become this color."""
    content, optimized = read(f"{shape}/{name}"), read(f"{shape}/optimized.glb")
    for part in ("base", "orm"):
        with Image.open(io.BytesIO(glb.image(optimized, part))) as image:
            pixels = np.asarray(image.convert("RGB")).astype(float)
        if part == "base":
            pixels[:, : round(pixels.shape[1] * MAIN)] *= color
        format = "WEBP" if name == "optimized.glb" else "PNG"
        painted = pictures.saved(Image.fromarray(pixels.round().astype(np.uint8)), format)
        content = glb.with_image(content, part, painted)
    return content


@lru_cache(maxsize=64)
def _preview(shape: str, color: prompt_words.Color) -> bytes:
    """Return the picture of a model, which reflects light between that of black and white."""
    black, white = (_light(f"{shape}/{name}.webp") for name in ("black", "white"))
    light = black + (white - black) * _linear(np.array(color))
    coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    made = Image.fromarray((coded * 255).round().astype(np.uint8))
    return pictures.saved(made, "WEBP", quality=88)


def _light(name: str) -> np.ndarray:
    with Image.open(FOLDER / name) as image:
        return _linear(np.asarray(image.convert("RGB")) / 255)


def _linear(values: np.ndarray) -> np.ndarray:
    """Return the linear values of sRGB values."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _world(request: AssetRequest) -> list[Made]:
    if request.stage == "preview":
        return [Made("preview", "image/webp", read("world/preview.webp"))]
    spz = [
        Made(f"spz:{tier}", "application/octet-stream", splats(tier)) for tier in ("100k", "500k")
    ]
    return [
        Made("collider", "model/gltf-binary", _collider(request.collider_up)),
        Made("pano", "image/webp", read("world/panorama.webp")),
        *spz,
        Made("rad", "application/octet-stream", b"RAD stand-in: this format is linked, never read"),
    ]


@lru_cache(maxsize=2)
def _collider(is_up: bool) -> bytes:
    """Return the collider; corrected, it has made half a turn about X."""
    content = read("world/collider.glb.xz")
    if not is_up:
        return content
    points, triangles = convert.geometry(content)
    return bare_mesh(points * [1, -1, -1], triangles)


@lru_cache(maxsize=2)
def splats(tier: str) -> bytes:
    """Return an SPZ file."""
    packed = read(f"world/{tier}.spz.xz")
    return gzip.compress(_positions(packed, to_planes=False), compresslevel=1, mtime=0)


def in_planes(content: bytes) -> bytes:
    """Return the content of an SPZ file with the bytes of its positions by rank: it packs better."""
    return _positions(content, to_planes=True)


def _positions(content: bytes, *, to_planes: bool) -> bytes:
    end = SPZ_HEADER + 9 * int.from_bytes(content[8:12], "little")
    positions = np.frombuffer(content[SPZ_HEADER:end], np.uint8)
    turned = positions.reshape((-1, 9) if to_planes else (9, -1)).T
    return content[:SPZ_HEADER] + turned.tobytes() + content[end:]
