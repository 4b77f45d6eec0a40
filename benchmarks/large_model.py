# SPDX-License-Identifier: GPL-3.0-or-later
"""A large model for benchmarks: a bumpy sphere with normals, UVs and two 2K textures."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.files import build_glb

TEXTURE = 2048
FLOAT, UNSIGNED = 5126, 5125


def write(path: Path, triangles: int, *, bumps: float = 0.05) -> int:
    """Write a GLB with about this many triangles; return their number.

    The normals are those of a sphere: without bumps, the same that Blender computes by itself.
    """
    rows = max(3, round((triangles / 4) ** 0.5))
    points, normals, coordinates, corners = _sphere(rows, 2 * rows, bumps)
    arrays = [corners, points, normals, coordinates]
    parts = [array.tobytes() for array in arrays] + [_picture(seed) for seed in (1, 2)]
    offsets = np.cumsum([0, *(len(part) + -len(part) % 4 for part in parts)])
    views = [
        {"buffer": 0, "byteOffset": int(offset), "byteLength": len(part)}
        for offset, part in zip(offsets[:-1], parts, strict=True)
    ]
    binary = b"".join(part + bytes(-len(part) % 4) for part in parts)
    path.write_bytes(build_glb.pack(json.dumps(_document(arrays, views)).encode(), binary))
    return len(corners) // 3


def _sphere(
    rows: int, columns: int, bumps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return points, normals, UVs and the corners of the triangles of a grid around a sphere."""
    v, u = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    latitude, longitude = np.pi * (0.002 + 0.996 * v), 2 * np.pi * u
    normals = np.stack(
        (
            np.sin(latitude) * np.cos(longitude),
            np.cos(latitude),
            np.sin(latitude) * np.sin(longitude),
        ),
        axis=-1,
    ).reshape(-1, 3)
    radii = 1 + bumps * np.sin(24 * latitude) * np.cos(24 * longitude)
    start = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).reshape(-1)
    lower = start + columns + 1
    corners = np.stack((start, start + 1, lower, start + 1, lower + 1, lower), axis=-1)
    return (
        (normals * radii.reshape(-1, 1)).astype("<f4"),
        normals.astype("<f4"),
        np.stack((u, v), axis=-1).reshape(-1, 2).astype("<f4"),
        corners.reshape(-1).astype("<u4"),
    )


def _picture(seed: int) -> bytes:
    """Return a WebP of smooth color with some noise, as the textures of Mint's files are."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:TEXTURE, 0:TEXTURE] / TEXTURE
    color = np.stack((rows, columns, np.sin(9 * rows * columns) ** 2), axis=-1) * 200
    noise = generator.integers(0, 24, (TEXTURE, TEXTURE, 1))
    picture = io.BytesIO()
    Image.fromarray((color + noise).astype(np.uint8)).save(picture, "WEBP")
    return picture.getvalue()


def _document(arrays: list[np.ndarray], views: list[dict[str, int]]) -> dict[str, Any]:
    corners, points, normals, coordinates = arrays
    accessors: list[dict[str, Any]] = [
        {"bufferView": 0, "componentType": UNSIGNED, "count": len(corners), "type": "SCALAR"}
    ]
    accessors += [
        {"bufferView": view, "componentType": FLOAT, "count": len(array), "type": kind}
        for view, array, kind in (
            (1, points, "VEC3"),
            (2, normals, "VEC3"),
            (3, coordinates, "VEC2"),
        )
    ]
    accessors[1] |= {"min": points.min(axis=0).tolist(), "max": points.max(axis=0).tolist()}
    textures = {"baseColorTexture": {"index": 0}, "metallicRoughnessTexture": {"index": 1}}
    attributes = {"POSITION": 1, "NORMAL": 2, "TEXCOORD_0": 3}
    return {
        "asset": {"version": "2.0", "generator": "benchmark"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "Large"}],
        "meshes": [
            {
                "name": "Large",
                "primitives": [{"attributes": attributes, "indices": 0, "material": 0}],
            }
        ],
        "materials": [{"name": "Large", "pbrMetallicRoughness": textures}],
        "extensionsUsed": ["EXT_texture_webp"],
        "extensionsRequired": ["EXT_texture_webp"],
        "textures": [{"extensions": {"EXT_texture_webp": {"source": each}}} for each in (0, 1)],
        "images": [
            {"bufferView": 4, "mimeType": "image/webp"},
            {"bufferView": 5, "mimeType": "image/webp"},
        ],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": views[-1]["byteOffset"] + views[-1]["byteLength"]}],
    }
