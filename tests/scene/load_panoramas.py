# SPDX-License-Identifier: GPL-3.0-or-later
"""Load each picture of a folder as a panorama, in a process that they may crash.

`python load_panoramas.py FOLDER` prints one JSON line for each picture.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import bpy

from mint_blender.files.errors import InvalidPicture
from mint_blender.scene.world import panorama
from tests.harness.processes import peak_memory


def tried(path: Path) -> str:
    """Return the size of the picture in Blender, or the sentence of the error."""
    try:
        image = panorama.load(path, "Place")
    except InvalidPicture as bad:
        return str(bad)
    size = f"{image.size[0]} × {image.size[1]}"
    bpy.data.images.remove(image)
    return size


bpy.ops.wm.read_homefile(use_empty=True)
start = peak_memory()
for path in sorted(Path(sys.argv[-1]).iterdir()):
    print(
        "MINT "
        + json.dumps({"name": path.name, "said": tried(path), "grown": peak_memory() - start}),
        flush=True,
    )
os._exit(0)
