# SPDX-License-Identifier: GPL-3.0-or-later
"""Minimal FBX, OBJ, STL and USDZ files from a GLB: shapes without materials."""

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


def all_of(source: bytes, formats: Iterable[str]) -> Sequence[Made]:
    """Return one file for each format."""
    mesh = geometry(source)
    writers = {"fbx": _fbx, "obj": _obj, "stl": _stl, "usdz": _usdz}
    return [Made(name, TYPES[name], writers[name](mesh)) for name in formats]


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


def _obj(mesh: Mesh) -> bytes:
    points, triangles = mesh
    lines = [
        "# Mint stand-in",
        *("v {:g} {:g} {:g}".format(*p) for p in points),
        *("f {} {} {}".format(*(t + 1)) for t in triangles),
    ]
    return ("\n".join(lines) + "\n").encode()


def _stl(mesh: Mesh) -> bytes:
    points, triangles = mesh
    body = np.zeros(
        len(triangles), dtype=[("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("spare", "<u2")]
    )
    body["corners"] = points[triangles]
    return b"Mint stand-in".ljust(80, b" ") + struct.pack("<I", len(triangles)) + body.tobytes()


def _fbx(mesh: Mesh) -> bytes:
    points, triangles = mesh
    corners = ",".join(f"{a},{b},{-c - 1}" for a, b, c in triangles)
    spots = ",".join(f"{v:g}" for v in points.ravel())
    return (
        f"; FBX 7.4.0 project file\nFBXHeaderExtension: {{\n\tFBXVersion: 7400\n}}\nObjects: {{\n"
        f'\tGeometry: 1, "Geometry::mesh", "Mesh" {{\n\t\tVertices: *{points.size} {{\n\t\t\ta: {spots}\n\t\t}}\n'
        f"\t\tPolygonVertexIndex: *{triangles.size} {{\n\t\t\ta: {corners}\n\t\t}}\n\t}}\n}}\n"
    ).encode()


def _usdz(mesh: Mesh) -> bytes:
    points, triangles = mesh
    spots = ", ".join("({:g}, {:g}, {:g})".format(*p) for p in points)
    layer = (
        '#usda 1.0\n(\n    defaultPrim = "mesh"\n    upAxis = "Y"\n)\n\ndef Mesh "mesh"\n{\n'
        f"    int[] faceVertexCounts = [{', '.join('3' for _ in triangles)}]\n"
        f"    int[] faceVertexIndices = [{', '.join(map(str, triangles.ravel()))}]\n"
        f"    point3f[] points = [{spots}]\n}}\n"
    ).encode()
    out = io.BytesIO()
    entry = zipfile.ZipInfo("model.usda", (2026, 1, 1, 0, 0, 0))
    # USDZ requires its files at multiples of 64 bytes
    padding = -(30 + len(entry.filename) + 4) % 64
    entry.extra = struct.pack("<HH", 0x1986, padding) + b"\0" * padding
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(entry, layer)
    return out.getvalue()
