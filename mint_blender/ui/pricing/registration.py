# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the dialogs that show prices."""

from __future__ import annotations

from .. import heartbeat
from ..registry import Registry
from . import limit_dialog, open_dialogs

_parts = Registry()


def register() -> None:
    """Register the limit dialog, and show in open dialogs what Mint answers."""
    _parts.add_classes(*limit_dialog.CLASSES)
    heartbeat.on_beat(limit_dialog.catch_up, is_waiting=limit_dialog.is_waiting)
    heartbeat.before_redraw(open_dialogs.refresh)
    heartbeat.on_file_loaded(open_dialogs.forget)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
