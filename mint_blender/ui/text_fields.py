# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out whether the user is typing into a field of Blender's interface.

Blender reports only which field is active, and that may be one that the pointer rests on. Typing
begins with the press of a button or key. From then on the field takes every event but timers, so a
modal operator that started earlier sees no more of them. If the pointer only rests on the field,
the operator sees it move, or sees the button released. Popups are not examined.
"""

from __future__ import annotations

import bpy

from . import session

_TYPED = {"STRING", "INT", "FLOAT"}


class _LastEvent:
    """The last event that our modal operator has seen, in its window."""

    window: int = 0  # its address
    is_press: bool = False


def _last_event() -> _LastEvent:
    return session.state(_LastEvent)


def on_event(context: bpy.types.Context, event: bpy.types.Event) -> None:
    """Record an event that our modal operator has seen."""
    if event.type == "NONE" or event.type.startswith(("TIMER", "WINDOW_DEACTIVATE")):
        return
    last = _last_event()
    last.window = context.window.as_pointer() if context.window is not None else 0
    # a turn of the wheel is a press that is never released, and begins no typing
    last.is_press = event.value == "PRESS" and not event.type.startswith("WHEEL")


def is_edited() -> bool:
    """Return whether the user types into a field.

    In windows without our modal operator: whether the user may be typing.
    """
    last = _last_event()
    return any(
        _has_active(window) and (last.is_press or window.as_pointer() != last.window)
        for window in bpy.context.window_manager.windows
    )


def may_be_edited() -> bool:
    """Return whether any field is active; for callers that have seen no events."""
    return any(_has_active(window) for window in bpy.context.window_manager.windows)


def reset() -> None:
    """Forget the last event: the modal operator has ended."""
    last = _last_event()
    last.window, last.is_press = 0, False


def _has_active(window: bpy.types.Window) -> bool:
    return any(
        _is_active(window, area, region) for area in window.screen.areas for region in area.regions
    )


def _is_active(window: bpy.types.Window, area: bpy.types.Area, region: bpy.types.Region) -> bool:
    with bpy.context.temp_override(window=window, area=area, region=region):
        active = getattr(bpy.context, "property", None)  # not every region has one
        if not active:
            return False
        owner, path, _ = active
        holder, _, name = path.rpartition(".")
        try:
            struct = owner.path_resolve(holder) if holder else owner
            return bool(struct.bl_rna.properties[name].type in _TYPED)
        except (AttributeError, KeyError, ValueError):
            return True  # unknown kind of field: treat it as active
