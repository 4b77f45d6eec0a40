# SPDX-License-Identifier: GPL-3.0-or-later
"""Redraw open dialogs when Mint has answered.

Blender draws an open dialog again only when something in it is changed, or when its region is
tagged. That region can be reached only while the dialog is drawn, as `context.region_popup`, and
the dialog does not say when it is closed. So drawing notes the region, and each one is looked up
again before it is tagged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from ...jobs.queries import Query
from ...jobs.service import JobService
from .. import session


@dataclass
class _State:
    regions: set[bpy.types.Region | None] = field(default_factory=set)
    """The regions of dialogs that were drawn; some may be closed by now."""
    pending: frozenset[Query] = frozenset()
    """The queries that were pending at the last call of `refresh`."""


def _state() -> _State:
    return session.state(_State)


def note(region: bpy.types.Region | None) -> None:
    """Note the region of a dialog that is being drawn; None if it is no popup."""
    _state().regions.add(region)


def refresh(service: JobService) -> None:
    """Redraw the open dialogs if another answer has arrived since the last call."""
    state, before = _state(), _state().pending
    state.pending = service.queries.pending()
    if state.pending == before:
        return
    state.regions = {each for each in state.regions if each is not None and _is_open(each)}
    for region in state.regions:
        region.tag_redraw()
        region.tag_refresh_ui()


def forget() -> None:
    """Forget all regions: another file was opened, and its screens are others."""
    _state().regions.clear()


def _is_open(region: bpy.types.Region) -> bool:
    """Return whether a window still has this region.

    Blender compares its address with those of the window's regions and reads nothing of it.
    """
    for window in bpy.context.window_manager.windows:
        try:
            with bpy.context.temp_override(window=window, region=region):
                return True
        except TypeError:
            continue
    return False
