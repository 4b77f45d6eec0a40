# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of jobs as icons. They are loaded by the heartbeat, never while drawing."""

from __future__ import annotations

from pathlib import Path

import bpy
import bpy.utils.previews

from ..jobs.job import Job, Role
from ..jobs.service import JobService
from . import heartbeat, session

_OURS = "mint_preview"
_EDITOR = bpy.types.SpaceImageEditor


class _State:
    icons: bpy.utils.previews.ImagePreviewCollection | None = None

    def close(self) -> None:
        """Free all icons."""
        if self.icons is not None:
            bpy.utils.previews.remove(self.icons)
            self.icons = None


def _state() -> _State:
    return session.state(_State)


def register() -> None:
    """Follow the jobs."""
    heartbeat.on_jobs_changed(catch_up)


def unregister() -> None:
    """Do nothing: the session frees the icons."""


def catch_up(board: JobService) -> None:
    """Load every picture that a job has by now, and drop those of jobs that are gone."""
    if bpy.app.background:
        return
    state = _state()
    state.icons = icons = state.icons or bpy.utils.previews.new()
    wanted = {
        kept.path
        for job in board.jobs()
        for kept in job.files
        if kept.role in {Role.PREVIEW, Role.PICTURE}
    }
    for path in set(icons.keys()) - wanted:
        del icons[path]
    for path in wanted - set(icons.keys()):
        if Path(path).is_file():
            icons.load(path, path, "IMAGE")


def icon(path: str | None) -> int:
    """Return the icon of a picture; 0 if it is not loaded."""
    icons = _state().icons
    if icons is None or path is None or path not in icons:
        return 0
    return icons[path].icon_id


def of_job(job: Job) -> int:
    """The icon of a job: its newest preview, else its final picture."""
    newest = job.file(Role.PICTURE) or job.file(Role.PREVIEW)
    return icon(newest.path if newest else None)


def for_editor(path: str) -> bpy.types.Image:
    """A picture for an Image Editor that does not become part of the user's file; those that no
    editor shows any more go.
    """
    screens = bpy.data.screens
    shown = {
        space.image
        for screen in screens
        for area in screen.areas
        for space in area.spaces
        if isinstance(space, _EDITOR)
    }
    ours = [each for each in bpy.data.images if each.get(_OURS)]
    bpy.data.batch_remove([each for each in ours if each not in shown])
    known = next((each for each in ours if each in shown and each.filepath == path), None)
    if known is not None:
        return known
    image = bpy.data.images.load(path)
    image[_OURS] = True
    image.is_runtime_data = True  # Blender does not save such data
    return image
