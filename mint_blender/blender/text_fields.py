# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody may be typing into a field of Blender's interface. Blender does not say so: it only tells which field is active."""

from __future__ import annotations

from typing import Any

import bpy

_TYPED = {"STRING", "INT", "FLOAT"}


def may_be_edited() -> bool:
    """Is a field that takes text active: typed into, or under the pointer? Popups are not looked into."""
    windows = bpy.context.window_manager.windows
    return any(_is_active(window, area, region) for window in windows for area in window.screen.areas for region in area.regions)


def _is_active(window: bpy.types.Window, area: bpy.types.Area, region: bpy.types.Region) -> bool:
    with bpy.context.temp_override(window=window, area=area, region=region):
        active = bpy.context.property
        if not active:
            # A field without a path, as those of an add-on's preferences.
            poll: Any = bpy.ops.ui.reset_default_button.poll
            return bool(poll())
        owner, path, _ = active
        holder, _, name = path.rpartition(".")
        try:
            struct = owner.path_resolve(holder) if holder else owner
            return bool(struct.bl_rna.properties[name].type in _TYPED)
        except (AttributeError, KeyError, ValueError):
            return True  # nobody knows what it is: wait
