# SPDX-License-Identifier: GPL-3.0-or-later
"""A GLB with something of everything: pictures, skins, transforms, extensions, shape keys."""

from __future__ import annotations

from .build_glb import box_parts, png
from .glb_files import data_uri

RICH = box_parts()[0] | {
    "extensionsUsed": ["EXT_x"],
    "extensionsRequired": ["EXT_x"],
    "textures": [{"source": 0, "sampler": 0}],
    "samplers": [{}],
    "images": [{"uri": data_uri(png(), "image/png")}, {"bufferView": 2, "mimeType": "image/png"}],
    "skins": [{"joints": [0]}],
    "cameras": [],
}
RICH["nodes"] = [
    {"mesh": 0, "children": [1]},
    {"mesh": 0, "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1], "extensions": {}},
    {"rotation": [0, 0, 0, 1], "scale": [1, 1, 1], "translation": [0, 0, 0]},
]
RICH_BYTES = box_parts()[1] + png()
RICH["buffers"][0]["byteLength"] = len(RICH_BYTES)
RICH["bufferViews"].append(
    {"buffer": 0, "byteOffset": len(box_parts()[1]), "byteLength": len(png())}
)
RICH["meshes"][0]["primitives"][0]["targets"] = [{"POSITION": 1}]
