# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the user's asset library in sync: what was just made is saved into it, in the background.

Only free requests are sent. What could not be saved is saved by the next complete sync.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ...addon_settings import may_go_online, settings
from ...delivery.asset_library import own_folder
from ...delivery.asset_library.sync_process import SyncProcess
from ...jobs.job import asset_of
from ...jobs.phases import HAS_RESULT
from ...jobs.service import JobService
from .. import notifications, session
from ..translations import translated

Made = tuple[str, str]
"""A kind and the id of an asset, as the command line takes them."""


class _State:
    def __init__(self) -> None:
        self.unfinished: set[str] = set()
        """The jobs that were not finished when jobs last changed."""
        self.pending: list[Made] = []
        self.is_automatic = False
        """Whether the sync that runs was started here, and not by the user."""


def follow(service: JobService) -> None:
    """Queue what jobs have just finished, if the user keeps a library in sync.

    Jobs that had finished before are for a complete sync.
    """
    state = session.state(_State)
    # not those that only fetch an asset
    makers = [job for job in service.jobs() if job.source_asset_id is None or job.optimize]
    new = [job for job in makers if job.id in state.unfinished and job.phase in HAS_RESULT]
    state.unfinished = {job.id for job in makers if job.phase not in HAS_RESULT}
    if new and is_wanted():
        made = ((job.kind.value, asset) for job in new if (asset := asset_of(job)))
        state.pending += [entry for entry in made if entry not in state.pending]


def forget_pending() -> None:
    """Drop what is queued: another account has its own assets."""
    session.state(_State).pending.clear()


def work(service: JobService) -> bool:
    """Read what the sync reports, and start the next one; return whether anything changed."""
    process = session.state(SyncProcess)
    state = session.state(_State)
    was_running = process.is_running
    changed = process.poll()
    if was_running and not process.is_running:
        refresh()
        if process.status is not None and not state.is_automatic:
            notifications.notify(translated(process.status))
        state.is_automatic = False
    if state.pending and not process.is_running:
        kind, asset_id = state.pending.pop(0)
        if is_wanted():
            words = ["sync", settings().asset_library, "--kind", kind, "--only", asset_id]
            state.is_automatic = _start(words)
            changed |= state.is_automatic
    return changed


def is_waiting(service: JobService) -> bool:
    """Return whether a sync runs or is about to."""
    return session.state(SyncProcess).is_running or bool(session.state(_State).pending)


def is_wanted() -> bool:
    """Return whether new assets are to be saved now.

    A folder that is gone is not made again: it may be on a drive that is not connected.
    """
    folder = Path(settings().asset_library)
    return (
        settings().sync_new_assets
        and may_go_online()
        and folder.is_dir()
        and own_folder.complaint(folder, Path.home()) is None
    )


def _start(words: list[str]) -> bool:
    try:
        session.state(SyncProcess).start(words, session.account(), session.home())
    except OSError:
        session.logger(__name__).exception("The asset library could not be synced")
        return False
    return True


_SHARE = 0.35  # of the 3D View's height
_SECONDS = 0.1
_ATTEMPTS = 50


class _Browser:
    library = ""
    """The name of the library that an Asset Browser is about to show."""
    attempts = 0

    def close(self) -> None:
        """Stop the timer."""
        if bpy.app.timers.is_registered(_choose_library):
            bpy.app.timers.unregister(_choose_library)


def show(context: bpy.types.Context, library: str) -> None:
    """Show a library in this window's Asset Browser; without one, divide the 3D View for it."""
    area = next(_browsers(context.window), None)
    if area is None:
        _divide(context)
    state = session.state(_Browser)
    state.library = library
    state.attempts = _ATTEMPTS
    if not bpy.app.timers.is_registered(_choose_library):
        bpy.app.timers.register(_choose_library, first_interval=_SECONDS)


def refresh() -> None:
    """Have all Asset Browsers read their libraries again."""
    for window in bpy.context.window_manager.windows:
        for area in _browsers(window):
            region = next(region for region in area.regions if region.type == "WINDOW")
            with bpy.context.temp_override(window=window, area=area, region=region):
                operator: Any = bpy.ops.asset.library_refresh
                if operator.poll():
                    operator()


def _browsers(window: bpy.types.Window | None) -> Iterator[bpy.types.Area]:
    areas: Any = window.screen.areas if window else ()
    return (area for area in areas if area.ui_type == "ASSETS")


def _divide(context: bpy.types.Context) -> None:
    """Make the lower part of the largest 3D View an Asset Browser."""
    screen: Any = context.window.screen
    views = [area for area in screen.areas if area.type == "VIEW_3D"]
    area = max(views or screen.areas, key=lambda area: area.width * area.height)
    before = {area.as_pointer() for area in screen.areas}
    region = next(region for region in area.regions if region.type == "WINDOW")
    with context.temp_override(area=area, region=region):
        bpy.ops.screen.area_split(direction="HORIZONTAL", factor=_SHARE)
    new = [area for area in screen.areas if area.as_pointer() not in before]
    lowest = min((area, *new), key=lambda area: area.y)
    lowest.ui_type = "ASSETS"


def _choose_library() -> float | None:
    """Choose the library once the new editor was drawn: before, it has no settings."""
    state = session.state(_Browser)
    state.attempts -= 1
    for window in bpy.context.window_manager.windows:
        for area in _browsers(window):
            space: Any = area.spaces.active
            if space.params is not None:
                space.params.asset_library_reference = state.library
                area.tag_redraw()
                return None
    return _SECONDS if state.attempts > 0 else None
