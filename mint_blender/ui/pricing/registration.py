# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the dialogs that wait for prices."""

from __future__ import annotations

from .. import heartbeat
from ..feature import Registered
from . import limit_dialog, pending_dialogs

_parts = Registered()


def register() -> None:
    """Register the limit dialog, and go on with what waits at each beat."""
    _parts.add_classes(*limit_dialog.CLASSES)
    heartbeat.on_beat(limit_dialog.catch_up, is_waiting=limit_dialog.is_waiting)
    heartbeat.on_beat(pending_dialogs.catch_up, is_waiting=pending_dialogs.is_waiting)


def unregister() -> None:
    """Undo that."""
    _parts.undo_all()
