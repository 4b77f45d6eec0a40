# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the library browser."""

from __future__ import annotations

import bpy

from ...delivery.asset_library.process import SyncProcess
from .. import heartbeat, session
from ..base import Registered
from . import job_lookup, operators, panel, view_model

_parts = Registered()


def register() -> None:
    """Register it."""
    _parts.add_classes(view_model.MintLibrary, *operators.CLASSES, panel.MINT_PT_library)
    _parts.add_property("mint_library", bpy.props.PointerProperty(type=view_model.MintLibrary))
    heartbeat.on_beat(
        lambda service: session.state(SyncProcess).poll(),
        is_waiting=lambda service: session.state(SyncProcess).is_running,
    )
    heartbeat.on_jobs_changed(view_model.catch_up)
    heartbeat.on_answers(view_model.catch_up)


def unregister() -> None:
    """Undo that."""
    _parts.undo_all()
    job_lookup.forget()
    view_model.forget()
