# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which Python modules this Blender lacks: without them the add-on is only this sentence.

Blender from blender.org contains them. The packages of some Linux distributions, such as Debian's,
run on the system's Python, which may not have them.
"""

from __future__ import annotations

from importlib.util import find_spec

import bpy

from ..message import Message
from .text_wrap import wrapped
from .typed_context import layout_of

NEEDED = ("numpy", "requests")


def missing() -> list[str]:
    """Return the names of the modules that this Blender lacks."""
    return [name for name in NEEDED if find_spec(name) is None]


class MINT_PT_missing_modules(bpy.types.Panel):
    """What is missing, and where to get it."""

    bl_label = "Mint"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Mint"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the sentence."""
        text = Message(
            "This Blender lacks what Mint needs: {modules}. Use Blender from blender.org. Or close "
            "Blender, install these Python modules for it (on Debian and Ubuntu: {packages}), and "
            "open it again.",
            modules=", ".join(missing()),
            packages=" ".join(f"python3-{name}" for name in missing()),
        )
        wrapped(layout_of(self), text, width=context.region.width, icon="ERROR", max_lines=20)
