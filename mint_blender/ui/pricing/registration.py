# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the dialogs that show prices."""

from __future__ import annotations

from .. import heartbeat, session
from ..registry import Registry
from . import limit_dialog

_parts = Registry()


def register() -> None:
    """Register the limit dialog."""
    _parts.add_classes(*limit_dialog.CLASSES)
    session.on_first_use(_follow_answers)


def _follow_answers() -> None:
    """Run what waits for a price, and show in open dialogs what Mint answers."""
    from . import open_dialogs

    heartbeat.on_beat(limit_dialog.catch_up, is_waiting=limit_dialog.is_waiting)
    heartbeat.before_redraw(open_dialogs.refresh)
    heartbeat.on_file_loaded(open_dialogs.forget)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
