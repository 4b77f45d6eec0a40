# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a file of splats in a Blender of its own, and report numbers and memory as a JSON line.

`python load_many_splats.py FILE`
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import bpy

from mint_blender.scene.world import splats
from tests.scene.splat_settings import set_display, shown


def peak() -> int:
    """Return the most memory that this process has had so far, in bytes.

    `getrusage` would begin with the memory of the process that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) * 1024


bpy.ops.wm.read_homefile(use_empty=True)
start = peak()
made = splats.build(Path(sys.argv[-1]), "Many", bpy.context.scene.collection)
answer = {
    "splats": len(made.data.attributes["position"].data),
    "built": peak() - start,
    "limited": shown(made),
}
set_display(made, viewport_limit=100_000_000)
answer |= {"unlimited": shown(made), "peak": peak() - start}
print("MINT " + json.dumps(answer), flush=True)
os._exit(0)
