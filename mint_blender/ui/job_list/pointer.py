# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the user is about to click in the sidebar: then the cards must not move.

The modal operator of the heartbeat sees the pointer move. Without it, a click counts for a moment.
"""

from __future__ import annotations

import time

import bpy

from .. import session, text_fields

AFTER_MOVE = 4.0
"""Seconds after which a pointer that rests over the sidebar no longer counts."""
AFTER_CLICK = 2.0


class _State:
    clicked_at: float | None = None  # of the monotonic clock


def _state() -> _State:
    return session.state(_State)


def note_click(context: bpy.types.Context) -> bool:
    """Note a click on a job, and return whether it was one: scripts and timers have no region.

    Which region was clicked in is unknown: a sidebar's buttons run in the area's main region.
    """
    is_here = context.region is not None
    if is_here:
        _state().clicked_at = time.monotonic()
    return is_here


def may_click() -> bool:
    """Return whether the user has just clicked on a job, or moves the pointer over a sidebar."""
    clicked_at, now = _state().clicked_at, time.monotonic()
    if clicked_at is not None and now - clicked_at < AFTER_CLICK:
        return True
    window, position, moved_at = text_fields.last_pointer()
    return bool(window) and now - moved_at < AFTER_MOVE and _is_over_sidebar(window, position)


def _is_over_sidebar(address: int, position: tuple[int, int]) -> bool:
    x, y = position
    return any(
        region.x <= x < region.x + region.width and region.y <= y < region.y + region.height
        for window in bpy.context.window_manager.windows
        if window.as_pointer() == address
        for area in window.screen.areas
        if area.type == "VIEW_3D"
        for region in area.regions
        if region.type == "UI"
    )
