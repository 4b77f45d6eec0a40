# SPDX-License-Identifier: GPL-3.0-or-later
"""The form's settings, kept in a small file between two sessions of Blender.

A file load empties the window manager, where the form lives. Neither the prompt is kept nor what
costs more than the generation: both are cleared once they were sent.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from .. import heartbeat, session

PAUSE = 0.6  # seconds without a change before the form is saved, and its price asked for

_WORLD = ("splats", "panorama")
_MODEL = ("use_height", "height")
_MOTIONS = ("idle", "walk", "run", "jump", "motions")
_SAVED = ("kind", "style", "preset", "review", "place", "fit", *_MODEL, *_MOTIONS, *_WORLD)


class _State:
    changed_at: float = -PAUSE
    """When the user last changed the form, by the monotonic clock."""
    is_typed: bool = False
    """Whether the prompt was typed into since the last click."""
    is_restoring: bool = False
    """Whether the saved settings are being filled in, which is no change by the user."""

    def close(self) -> None:
        """Stop the timer."""
        if bpy.app.timers.is_registered(_remember):
            bpy.app.timers.unregister(_remember)


def form_changed() -> None:
    """Save the form when the user pauses; redraw the panel, which may then ask for the price."""
    state = session.state(_State)
    if bpy.app.background or state.is_restoring:
        return
    state.close()
    state.changed_at = time.monotonic()
    bpy.app.timers.register(_remember, first_interval=PAUSE)
    heartbeat.redraw()


def was_typed() -> bool:
    """Return whether the prompt was typed into since `typing_ended`."""
    return session.state(_State).is_typed


def typed() -> None:
    """Note that the prompt has changed."""
    session.state(_State).is_typed = True


def typing_ended() -> None:
    """Note that a click has ended the typing."""
    session.state(_State).is_typed = False


def pause_left() -> float:
    """Return the seconds until the form has been unchanged for `PAUSE`."""
    return session.state(_State).changed_at + PAUSE - time.monotonic()


def save(form: Any) -> None:
    """Save the settings; if the file cannot be written, they are not kept."""
    import json

    from ...files import disk

    path = _file()
    try:
        disk.make_home(path.parent)
        with open(path, "w", encoding="utf-8", opener=disk.opener) as file:
            file.write(json.dumps({name: getattr(form, name) for name in _SAVED}))
    except OSError:
        pass


def restore() -> None:
    """Fill the form with the saved settings, as far as this version knows them."""
    import json

    form = bpy.context.window_manager.mint
    try:
        settings = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    state = session.state(_State)
    state.is_restoring = True
    for name in _SAVED:
        with suppress(KeyError, TypeError, ValueError):
            setattr(form, name, settings[name])
    state.is_restoring = False


def _remember() -> None:
    save(bpy.context.window_manager.mint)


def _file() -> Path:
    return session.home() / "form.json"
