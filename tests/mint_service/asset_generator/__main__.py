# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.mint_service.asset_generator VARIANT FOLDER`: make one set of files.

This needs bpy and DracoPy.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Make the files of VARIANT (JSON, see blender_process.variant)."""
    what = json.loads(sys.argv[1])
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if what["kind"] == "model":
        from .build_assets import make_model

        make_model(what["shape"], what["color"], folder)
    else:
        from .build_assets import make_world

        make_world(what["color"], folder, up=what["up"])


if __name__ == "__main__":
    try:
        main()
    except ImportError as error:
        sys.exit(f"{error} (the stand-in's real assets need the packages bpy and DracoPy)")
    sys.stdout.flush()
    os._exit(0)  # some bpy wheels hang or crash while the interpreter exits
