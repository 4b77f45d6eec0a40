# SPDX-License-Identifier: GPL-3.0-or-later
"""A file in each of the other formats, and the shape in a GLB."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Sequence

import numpy as np

from . import glb
from .asset_generator import Made

TYPES = {
    "fbx": "application/octet-stream",
    "obj": "text/plain",
    "stl": "model/stl",
    "usdz": "model/vnd.usdz+zip",
}
Mesh = tuple[np.ndarray, np.ndarray]  # points (n, 3), triangles (m, 3)


def _usdz() -> bytes:
    """Return an archive of an empty layer."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("model.usda", (2026, 1, 1, 0, 0, 0)), "#usda 1.0\n")
    return out.getvalue()


CONVERTED = {
    "fbx": b"; FBX 7.4.0 project file\n",
    "obj": b"# Mint stand-in\nv 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
    "stl": b"Mint stand-in".ljust(80) + struct.pack("<I", 1) + bytes(50),
    "usdz": _usdz(),
}
"""What each conversion of any model is: the add-on saves these files and reads their beginning."""


def all_of(formats: Iterable[str]) -> Sequence[Made]:
    """Return one file for each format."""
    return [Made(name, TYPES[name], CONVERTED[name]) for name in formats]


def geometry(source: bytes) -> Mesh:
    """Return points and triangles of the first primitive of each mesh of an uncompressed GLB."""
    document, binary = glb.unpack(source)

    def numbers(index: int) -> np.ndarray:
        accessor = document["accessors"][index]
        view = document["bufferViews"][accessor["bufferView"]]
        kind = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}[accessor["componentType"]]
        width = {"SCALAR": 1, "VEC3": 3}[accessor["type"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        return np.frombuffer(binary, kind, accessor["count"] * width, start).reshape(-1, width)

    points: list[np.ndarray] = []
    triangles: list[np.ndarray] = []
    shift = 0
    for mesh in document["meshes"]:
        for primitive in mesh["primitives"]:
            points.append(numbers(primitive["attributes"]["POSITION"]))
            triangles.append(numbers(primitive["indices"]).reshape(-1, 3).astype(np.int64) + shift)
            shift += len(points[-1])
    return np.concatenate(points), np.concatenate(triangles)
