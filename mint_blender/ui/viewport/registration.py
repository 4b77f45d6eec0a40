# SPDX-License-Identifier: GPL-3.0-or-later
"""Register what shows results in the 3D Viewport."""

from __future__ import annotations

from .. import heartbeat, session
from ..registry import Registry
from . import place_with_mouse, show_result

_parts = Registry()


def register() -> None:
    """Register it."""
    _parts.add_classes(*show_result.CLASSES, *place_with_mouse.CLASSES)
    _parts.add(place_with_mouse.add_to_menu, place_with_mouse.remove_from_menu)
    session.on_first_use(_follow_jobs)


def _follow_jobs() -> None:
    """Show where the result of a job will be, from when jobs are first used."""
    from . import targets

    heartbeat.before_redraw(targets.follow)
    heartbeat.on_file_loaded(targets.file_opened)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
