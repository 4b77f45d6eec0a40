# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimize a GLB as Mint does: Draco geometry and WebP textures, both required."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import DracoPy
import numpy as np

from tests.mint_service import glb

REQUIRED = ["KHR_draco_mesh_compression", "EXT_texture_webp"]
KINDS = {0: "POSITION", 1: "NORMAL", 3: "TEXCOORD_0"}  # Draco's attribute types
COMPONENTS = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def optimize(content: bytes, as_webp: Callable[[bytes], bytes]) -> bytes:
    """Return the same model, compressed.

    Only triangles without skins are supported, as in the GLB files that Blender exports here.
    """
    document, binary = glb.unpack(content)
    writer = _Writer()
    accessors: list[dict[str, Any]] = []
    for mesh in document["meshes"]:
        for primitive in mesh["primitives"]:
            _compress(document, binary, primitive, writer, accessors)
    for image in document.get("images", []):
        start, size = _span(document, image["bufferView"])
        image["bufferView"] = writer.add(as_webp(binary[start : start + size]))
        image["mimeType"] = "image/webp"
    for texture in document.get("textures", []):
        texture["extensions"] = {"EXT_texture_webp": {"source": texture.pop("source")}}
    document["accessors"] = accessors
    document["bufferViews"] = writer.views
    document["buffers"] = [{"byteLength": len(writer.data)}]
    document["extensionsUsed"] = sorted({*document.get("extensionsUsed", []), *REQUIRED})
    document["extensionsRequired"] = list(REQUIRED)
    return glb.pack(document, bytes(writer.data))


class _Writer:
    """Writes buffer views, one after another."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.views: list[dict[str, int]] = []

    def add(self, part: bytes) -> int:
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(part)})
        self.data += part + b"\0" * (-len(part) % 4)
        return len(self.views) - 1


def _span(document: dict[str, Any], view: int) -> tuple[int, int]:
    entry = document["bufferViews"][view]
    return entry.get("byteOffset", 0), entry["byteLength"]


def _numbers(document: dict[str, Any], binary: bytes, index: int) -> np.ndarray:
    accessor = document["accessors"][index]
    start, _ = _span(document, accessor["bufferView"])
    width = WIDTHS[accessor["type"]]
    kind = COMPONENTS[accessor["componentType"]]
    return np.frombuffer(
        binary, kind, accessor["count"] * width, start + accessor.get("byteOffset", 0)
    ).reshape(-1, width)


def _compress(
    document: dict[str, Any],
    binary: bytes,
    primitive: dict[str, Any],
    writer: _Writer,
    accessors: list[dict[str, Any]],
) -> None:
    entry = primitive["attributes"]
    values = {
        name: _numbers(document, binary, entry[name])
        for name in ("POSITION", "NORMAL", "TEXCOORD_0")
        if name in entry
    }
    triangles = _numbers(document, binary, primitive["indices"]).reshape(-1, 3).astype(np.uint32)
    packed = DracoPy.encode(
        np.ascontiguousarray(values["POSITION"], np.float32),
        triangles,
        quantization_bits=14,
        compression_level=7,
        tex_coord=values["TEXCOORD_0"].astype(np.float64) if "TEXCOORD_0" in values else None,
        normals=values["NORMAL"].astype(np.float64) if "NORMAL" in values else None,
        tex_coord_quantization_bits=12,
        normal_quantization_bits=10,
    )
    # Draco joins and reorders points, so the accessors must describe its output
    decoded = DracoPy.decode(packed)
    ids = {
        KINDS[one["attribute_type"]]: one
        for one in decoded.attributes
        if one["attribute_type"] in KINDS
    }
    accessors.append({"componentType": 5125, "count": int(decoded.faces.size), "type": "SCALAR"})
    primitive["indices"] = len(accessors) - 1
    primitive["attributes"] = {}
    for name in values:
        primitive["attributes"][name] = len(accessors)
        accessors.append(
            {
                "componentType": 5126,
                "count": len(ids[name]["data"]),
                "type": "VEC2" if name == "TEXCOORD_0" else "VEC3",
            }
        )
        if name == "POSITION":
            points = ids[name]["data"]
            accessors[-1] |= {"min": points.min(0).tolist(), "max": points.max(0).tolist()}
    view = writer.add(packed)
    primitive["extensions"] = {
        "KHR_draco_mesh_compression": {
            "bufferView": view,
            "attributes": {name: int(ids[name]["unique_id"]) for name in values},
        }
    }
