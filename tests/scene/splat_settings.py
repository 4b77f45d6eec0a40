# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the display settings of splats, as the panel does. Needs bpy."""

from __future__ import annotations

import bpy

from mint_blender.scene.world import splats


def set_display(
    made: bpy.types.Object, *, density: float | None = None, viewport_limit: int | None = None
) -> None:
    """Set the settings that are given; native splats have none."""
    for name, value in (("Density", density), ("Viewport Limit", viewport_limit)):
        if value is not None and (found := splats.setting(made, name)) is not None:
            holder, member = found
            if member == "value":
                holder.value = value
            else:
                holder[member.strip('[]"')] = value
    made.update_tag()
