# SPDX-License-Identifier: GPL-3.0-or-later
"""Only a click of the mouse spends Credits, and none on a button that has just come or changed.

Enter presses the button under the pointer, and so does a letter in a dialog. Where a layout changes
below the pointer, a click may hit another button than the user has seen. What draws such buttons
notes what it shows. A click that comes too early is refused, and the button then says what a second
click would do. That is a change, too, so a double click spends nothing. A script that runs
`execute` is not held up.
"""

from __future__ import annotations

import time
from collections.abc import Hashable

import bpy

from ...message import Message
from .. import heartbeat, session
from ..translations import translated

PAUSE = 0.5
"""Seconds after a change of the layout in which a click spends nothing."""


AGAIN = Message("Click again to confirm")


class _State:
    clock = staticmethod(time.monotonic)
    """Returns the seconds since any moment. Tests have another one."""
    changed_at: float = -PAUSE
    """When a layout with such buttons last changed, by the clock."""
    refused: Hashable = None
    """The button whose click was refused last; None: nothing was refused since a change."""

    def __init__(self) -> None:
        self.shown: dict[Hashable, Hashable] = {}
        """What each layout showed when it was last drawn."""


def opened(name: str) -> None:
    """Note that a popup opens."""
    state = session.state(_State)
    state.shown.pop(name, None)
    state.refused = None
    state.changed_at = state.clock()


def note(name: Hashable, shown: Hashable) -> None:
    """Note what a layout shows: that which, if it changes, makes a click mean something else.

    None: it shows no button that spends.
    """
    state = session.state(_State)
    if state.shown.get(name) == shown:
        return
    state.shown[name] = shown
    state.refused = None
    if shown is not None:
        state.changed_at = state.clock()


def is_settled() -> bool:
    """Return whether no such layout has changed for a while."""
    state = session.state(_State)
    return state.clock() - state.changed_at >= PAUSE


def counts(button: Hashable) -> bool:
    """Return whether a click on a button counts; if it comes too early, have the button say so."""
    state = session.state(_State)
    if is_settled():
        state.refused = None
        return True
    state.refused = button
    state.changed_at = state.clock()
    return False


def was_refused(button: Hashable) -> bool:
    """Return whether a click on a button was refused, and nothing has changed since."""
    return session.state(_State).refused == button


def words_on(button: Hashable, action: Message) -> Message:
    """Return what a button does, or what a second click does if the first one was refused."""
    return Message("Click again: {action}", action=action) if was_refused(button) else action


def is_click(operator: bpy.types.Operator, event: bpy.types.Event) -> bool:
    """Return whether a button was clicked that was there before; if not, say what to do."""
    if event.type != "LEFTMOUSE":
        refuse(operator, Message("Click the button to spend Credits."))
        return False
    if counts(type(operator).bl_idname):
        return True
    from .price_dialog import redraw_popups

    refuse(operator, AGAIN)
    heartbeat.redraw()
    redraw_popups()
    return False


def is_same(shown: float, price: float | None) -> bool:
    """Return whether a button has shown this price, in Credits; 0 and None: it is unknown."""
    return round(shown) == round(price or 0.0)


def refuse(operator: bpy.types.Operator, reason: Message) -> None:
    """Say why nothing was sent."""
    operator.report({"INFO"}, translated(reason))
