# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the library browser."""

from __future__ import annotations

import bpy

from .. import heartbeat, session, visibility
from ..registry import Registry
from . import operators, panel, properties

_parts = Registry()


def register() -> None:
    """Register it."""
    _parts.add_classes(properties.MintLibrary, *operators.CLASSES, panel.MINT_PT_library)
    _parts.add_property("mint_library", bpy.props.PointerProperty(type=properties.MintLibrary))
    session.on_first_use(_follow_jobs)
    visibility.when_drawn("library", _supply)


def _follow_jobs() -> None:
    """Update the entries from the jobs, and follow a sync."""
    from ...delivery.asset_library.sync_process import SyncProcess
    from . import job_lookup, loader

    heartbeat.on_beat(
        lambda service: session.state(SyncProcess).poll(),
        is_waiting=lambda service: session.state(SyncProcess).is_running,
    )
    heartbeat.on_jobs_changed(loader.catch_up)
    heartbeat.on_answers(loader.catch_up)
    heartbeat.before_redraw(job_lookup.prepare)
    session.on_account_changed(loader.known)


def _supply() -> bool:
    from . import loader

    return loader.supply()


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
