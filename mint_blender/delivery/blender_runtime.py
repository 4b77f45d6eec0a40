# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Blender this process runs in, and what that Blender can import.

The process is a Blender, a Python that has or could load the `bpy` module, or one without either.
Everything but the import works without `bpy`, and loading it takes a second, so that these
functions only look at a `bpy` that is loaded already.
"""

from __future__ import annotations

import sys
from importlib import util


def inside_blender() -> bool:
    """Return whether this is a Blender or a script that has loaded `bpy`."""
    return "bpy" in sys.modules


def can_import() -> bool:
    """Return whether a result could be imported in this process."""
    return inside_blender() or util.find_spec("bpy") is not None


def readable_extensions() -> frozenset[str]:
    """Return the glTF extensions that a file may require and still be imported here.

    Without a Blender there are none, so that the original file is downloaded.
    """
    if not can_import():
        return frozenset()
    from ..scene.capabilities import readable_extensions

    return readable_extensions()
