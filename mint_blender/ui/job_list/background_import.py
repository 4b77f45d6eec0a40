# SPDX-License-Identifier: GPL-3.0-or-later
"""Have results prepared by a background Blender, so that importing them does not stop this one.

Without an executable (the `bpy` module), or where the user has turned it off, results are imported
directly.
"""

from __future__ import annotations

from pathlib import Path

import bpy

from ...addon_settings import settings
from ...delivery.preparation import Outcome, Preparations
from ...jobs.job import Job
from ...jobs.job_values import Role
from ...jobs.phases import Phase
from ...jobs.service import JobService
from ...message import Message
from ...mint.schema import Kind
from ...scene.staging_scene import SceneUnits
from .. import heartbeat, session
from . import placed_results

BAR_STEPS = 100
"""How finely the progress bar of a preparation is drawn."""


class _Preparations(Preparations):
    """What is prepared in this session, and which results a click has asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.requested: set[str] = set()
        self.is_result_expected = False
        """Whether the files of a result that belongs here are being downloaded."""
        self.shown = 0
        """How far the running preparation was when it was last drawn, in `BAR_STEPS`."""

    @property
    def step(self) -> int:
        """How far the running preparation is, in `BAR_STEPS`; 0 if none is running."""
        progress = self.progress(self._running.job.id) if self._running else None
        return round((progress or 0.0) * BAR_STEPS)


def _preparations() -> _Preparations:
    return session.state(_Preparations)


def is_used() -> bool:
    """Return whether results are prepared in the background."""
    return settings().import_in_background and bool(bpy.app.binary_path) and not bpy.app.background


def way_in_words() -> Message:
    """Return in which way results are imported in this Blender now, and why, as a sentence."""
    if not settings().import_in_background:
        return Message("Results are imported directly: Import in Background is off.")
    if not is_used():
        return Message(
            "Results are imported directly: the path of Blender's program is unknown, so a second"
            " Blender cannot be started."
        )
    if _preparations().could_not_start:
        return Message(
            "Results are imported directly: the second Blender could not be started. This is tried"
            " again with the next result."
        )
    return Message("Results are imported in the background.")


def request(job: Job) -> bool:
    """Import this result as soon as it is prepared: the user clicked.

    Returns:
        False where it has to be imported directly.
    """
    if not is_used():
        return False
    _preparations().requested.add(job.id)
    return True


def requested() -> frozenset[str]:
    """Return the ids of the jobs whose result a click has asked for and was not imported yet."""
    return frozenset(_preparations().requested)


def is_preparing(job_id: str) -> bool:
    """Return whether a result is being prepared, for its row."""
    return _preparations().is_pending(job_id)


def progress(job_id: str) -> float | None:
    """Return how much of a result is prepared, below 1; None if it is not being prepared now."""
    return _preparations().progress(job_id)


def is_settled(job: Job) -> bool:
    """Return whether a result can be imported now; if not, have it prepared."""
    if not is_used():
        return True
    preparations, units = _preparations(), SceneUnits.of(placed_results.scene_of(job))
    if preparations.result(job, units) is not None:
        return True
    # Blender deletes this folder when it quits
    preparations.request(job, units, Path(bpy.app.tempdir) / "mint")
    return preparations.result(job, units) is not None


def outcome(job: Job) -> Outcome | None:
    """Return the prepared result or the failure; None if it was not prepared."""
    return _preparations().result(job, SceneUnits.of(placed_results.scene_of(job)))


def forget(job_id: str) -> None:
    """Delete what was prepared: the result was imported, or could not be."""
    _preparations().requested.discard(job_id)
    _preparations().discard(job_id)


def warm_up(service: JobService) -> None:
    """Start the background Blender while the files of a result are still being downloaded.

    A model is prepared as soon as it is here; its picture may follow.
    """
    preparations = _preparations()
    arriving = [
        job
        for job in service.jobs()
        if job.phase is Phase.FETCHING and placed_results.is_document_open(job) and is_used()
    ]
    preparations.is_result_expected = bool(arriving)
    if arriving:
        preparations.warm_up()
    for job in arriving:
        if job.kind is Kind.MODEL and job.motion is None and job.file(Role.MODEL) is not None:
            is_settled(job)


def poll(service: JobService) -> bool:
    """Take in what the background Blender has done; return whether a request has ended."""
    preparations = _preparations()
    ended = preparations.poll()
    if preparations.step != preparations.shown:
        preparations.shown = preparations.step
        heartbeat.redraw()
    return ended


def is_due_soon(service: JobService) -> bool:
    """Return whether a result will be here, or prepared, within seconds."""
    return _preparations().is_result_expected or is_waiting(service)


def is_waiting(service: JobService) -> bool:
    """Return whether the background Blender is preparing a result."""
    return _preparations().is_busy
