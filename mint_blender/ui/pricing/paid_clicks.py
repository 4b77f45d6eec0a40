# SPDX-License-Identifier: GPL-3.0-or-later
"""Only a click of the mouse spends Credits, and none on a button that has just come or changed.

Enter presses the button under the pointer, and so does a letter in a dialog. Where a layout changes
below the pointer, a click may hit another button than the user has seen. What draws such buttons
notes what it shows; a script that runs `execute` is not held up.
"""

from __future__ import annotations

import time
from collections.abc import Hashable

import bpy

from ...message import Message
from .. import session
from ..translations import translated

PAUSE = 0.5
"""Seconds after a change of the layout in which a click spends nothing."""


AGAIN = Message("Click again to confirm")


class _State:
    changed_at: float = -PAUSE
    """When a layout with such buttons last changed, by the monotonic clock."""

    def __init__(self) -> None:
        self.shown: dict[Hashable, Hashable] = {}
        """What each layout showed when it was last drawn."""


def opened(name: str) -> None:
    """Note that a popup opens."""
    state = session.state(_State)
    state.shown.pop(name, None)
    state.changed_at = time.monotonic()


def note(name: Hashable, shown: Hashable) -> None:
    """Note what a layout shows: that which, if it changes, makes a click mean something else."""
    state = session.state(_State)
    if name not in state.shown or state.shown[name] != shown:
        state.shown[name] = shown
        state.changed_at = time.monotonic()


def is_settled() -> bool:
    """Return whether no such layout has changed for a while."""
    return time.monotonic() - session.state(_State).changed_at >= PAUSE


def is_click(operator: bpy.types.Operator, event: bpy.types.Event) -> bool:
    """Return whether a button was clicked that was there before; if not, say what to do."""
    if event.type == "LEFTMOUSE" and is_settled():
        return True
    is_key = event.type != "LEFTMOUSE"
    refuse(operator, Message("Click the button to spend Credits.") if is_key else AGAIN)
    return False


def is_same(shown: float, price: float | None) -> bool:
    """Return whether a button has shown this price, in Credits; 0 and None: it is unknown."""
    return round(shown) == round(price or 0.0)


def refuse(operator: bpy.types.Operator, reason: Message) -> None:
    """Say why nothing was sent."""
    operator.report({"INFO"}, translated(reason))
