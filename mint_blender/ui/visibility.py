# SPDX-License-Identifier: GPL-3.0-or-later
"""Have panels drawn again, and know which were drawn: Blender has no event for that.

What is fetched only while somebody looks (prices, pages of the library, thumbnails) has to know
that. Drawing must change nothing, so a panel only notes its name here. That starts a timer, which
reads the names when drawing is over, calls what belongs to them, and ends. While nothing is drawn,
nothing runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

from . import session
from .typed_context import all_areas

SECONDS = 0.1  # from drawing to what follows from it, and between two attempts


class _State:
    def __init__(self) -> None:
        self.drawn: set[str] = set()
        self.actions: dict[str, Callable[[], bool]] = {}
        self.followers: list[Callable[[], object]] = []


def _state() -> _State:
    return session.state(_State)


def note(name: str) -> None:
    """Note that a panel was drawn, which is the only change that drawing may make."""
    _state().drawn.add(name)
    _look_soon()


def when_drawn(name: str, action: Callable[[], bool]) -> None:
    """Call `action` soon after a panel was drawn, and again while it returns True (not yet)."""
    _state().actions[name] = action


def when_redrawn(follower: Callable[[], object]) -> None:
    """Call this whenever the panels are about to be drawn again because something has changed."""
    _state().followers.append(follower)


def catch_up() -> None:
    """Call the actions of what was drawn since the last time."""
    state = _state()
    drawn = [name for name in state.actions if name in state.drawn]
    state.drawn.clear()
    for name in drawn:
        if state.actions[name]():
            state.drawn.add(name)


def tag_redraw() -> None:
    """Have all sidebars, preferences and status bars drawn again."""
    for area in all_areas():
        for region in area.regions:
            # Never the viewport itself: a heavy scene would be drawn again for a line of text.
            if (area.type, region.type) in {("VIEW_3D", "UI"), ("PREFERENCES", "WINDOW")}:
                region.tag_redraw()
    # The status bar is in no screen's areas; it listens to this, and nothing is changed by it.
    view_layer: Any = (bpy.types.Window, "view_layer")
    bpy.msgbus.publish_rna(key=view_layer)
    for follower in _state().followers:
        follower()


def stop() -> None:
    """Stop the timer."""
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)


def _look_soon() -> None:
    if not bpy.app.background and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=SECONDS, persistent=True)


def _look() -> float | None:
    try:
        catch_up()
    except Exception:  # noqa: BLE001 - a timer that raises is removed
        session.logger(__name__).exception("What a panel lacks could not be asked for")
    return SECONDS if _state().drawn else None
