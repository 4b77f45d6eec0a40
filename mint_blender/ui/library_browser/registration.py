# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the library browser and its asset bar."""

from __future__ import annotations

import bpy

from .. import heartbeat, session, visibility
from ..asset_bar import gizmos
from ..registry import Registry
from . import item_menu, operators, own_library, properties, sync_operators

_parts = Registry()


def register() -> None:
    """Register it."""
    _parts.add_classes(
        properties.MintLibrary,
        *operators.CLASSES,
        *sync_operators.CLASSES,
        *own_library.CLASSES,
        item_menu.MINT_MT_library_item,
        *gizmos.CLASSES,
    )
    _parts.add_property("mint_library", bpy.props.PointerProperty(type=properties.MintLibrary))
    session.on_first_use(_follow_jobs)
    visibility.when_drawn("library", _supply)
    visibility.when_drawn("asset_bar", _catch_up_bar)
    visibility.when_redrawn(_catch_up_bar)


def _follow_jobs() -> None:
    """Update the entries from the jobs, and follow a sync."""
    from . import job_lookup, library_sync, loader

    heartbeat.on_beat(library_sync.work, is_waiting=library_sync.is_waiting)
    heartbeat.on_jobs_changed(library_sync.follow)
    heartbeat.on_jobs_changed(loader.catch_up)
    heartbeat.on_answers(loader.catch_up)
    heartbeat.before_redraw(job_lookup.prepare)
    session.on_account_changed(loader.known)
    session.on_account_changed(library_sync.forget_pending)


def _supply() -> bool:
    from . import loader

    return loader.supply()


def _catch_up_bar() -> bool:
    from ..asset_bar import bar

    return bar.catch_up()


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
