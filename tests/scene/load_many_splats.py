# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a file of splats in a Blender of its own, and report time and memory as a JSON line.

`python load_many_splats.py FILE`
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import bpy

from mint_blender.scene.world import splats
from tests.scene.splat_settings import set_display


def peak() -> int:
    """Return the most memory that this process has had so far, in bytes.

    `getrusage` would begin with the memory of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) * 1024


def shown(made: bpy.types.Object) -> dict[str, int]:
    """Return what a window draws: the numbers of squares and of points."""
    evaluated = made.evaluated_get(bpy.context.evaluated_depsgraph_get())
    if hasattr(evaluated, "evaluated_geometry"):
        geometry = evaluated.evaluated_geometry()
        mesh, cloud = geometry.mesh, geometry.pointcloud
    else:  # before 5.1 only data of the type of the object itself is available
        mesh, cloud = evaluated.data, None
    return {
        "squares": len(mesh.polygons) if mesh else 0,
        "points": len(cloud.points) if cloud else 0,
    }


bpy.ops.wm.read_homefile(use_empty=True)
start, begun, used = peak(), time.perf_counter(), time.process_time()
made = splats.build(Path(sys.argv[-1]), "Many", bpy.context.scene.collection)
read, built = time.process_time() - used, peak()
used = time.process_time()
limited = shown(made)
with_limit = time.process_time() - used
set_display(made, viewport_limit=100_000_000)
used = time.process_time()
unlimited = shown(made)
answer = {
    "splats": len(made.data.attributes["position"].data),
    "read": read,
    "built": built - start,
    "with_limit": with_limit,
    "limited": limited,
    "unlimited": unlimited,
    "without_limit": time.process_time() - used,
    "peak": peak() - start,
}
print("MINT " + json.dumps(answer), flush=True)
os._exit(0)
