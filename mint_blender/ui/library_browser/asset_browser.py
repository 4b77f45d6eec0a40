# SPDX-License-Identifier: GPL-3.0-or-later
"""Show an asset library in an Asset Browser, beside the 3D View that assets are dragged into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from .. import session

_SHARE = 0.35  # of the 3D View's height
_SECONDS = 0.1
_ATTEMPTS = 50


class _State:
    library = ""
    """The name of the library that an Asset Browser is about to show."""
    attempts = 0

    def close(self) -> None:
        """Stop the timer."""
        if bpy.app.timers.is_registered(_choose_library):
            bpy.app.timers.unregister(_choose_library)


def show(context: bpy.types.Context, library: str) -> None:
    """Show a library in this window's Asset Browser; without one, divide the 3D View for it."""
    area = next(_browsers(context.window), None)
    if area is None:
        _divide(context)
    state = session.state(_State)
    state.library, state.attempts = library, _ATTEMPTS
    if not bpy.app.timers.is_registered(_choose_library):
        bpy.app.timers.register(_choose_library, first_interval=_SECONDS)


def refresh() -> None:
    """Have all Asset Browsers read their libraries again."""
    for window in bpy.context.window_manager.windows:
        for area in _browsers(window):
            region = next(each for each in area.regions if each.type == "WINDOW")
            with bpy.context.temp_override(window=window, area=area, region=region):
                operator: Any = bpy.ops.asset.library_refresh
                if operator.poll():
                    operator()


def _browsers(window: bpy.types.Window | None) -> Iterator[bpy.types.Area]:
    areas: Any = window.screen.areas if window else ()
    return (each for each in areas if each.ui_type == "ASSETS")


def _divide(context: bpy.types.Context) -> None:
    """Make the lower part of the largest 3D View an Asset Browser."""
    screen: Any = context.window.screen
    views = [each for each in screen.areas if each.type == "VIEW_3D"]
    area = max(views or screen.areas, key=lambda each: each.width * each.height)
    before = {each.as_pointer() for each in screen.areas}
    region = next(each for each in area.regions if each.type == "WINDOW")
    with context.temp_override(area=area, region=region):
        bpy.ops.screen.area_split(direction="HORIZONTAL", factor=_SHARE)
    new = [each for each in screen.areas if each.as_pointer() not in before]
    lowest = min((area, *new), key=lambda each: each.y)
    lowest.ui_type = "ASSETS"


def _choose_library() -> float | None:
    """Choose the library once the new editor was drawn: before, it has no settings."""
    state = session.state(_State)
    state.attempts -= 1
    for window in bpy.context.window_manager.windows:
        for area in _browsers(window):
            space: Any = area.spaces.active
            if space.params is not None:
                space.params.asset_library_reference = state.library
                area.tag_redraw()
                return None
    return _SECONDS if state.attempts > 0 else None
