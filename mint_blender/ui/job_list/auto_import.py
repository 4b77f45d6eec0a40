# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that are here: they land by themselves where their prompt was clicked, and wait with
`Place` everywhere else.
"""

from __future__ import annotations

import logging

import bpy

from ...delivery import import_job
from ...delivery.import_outcomes import ImportOutcomes, Outcome
from ...jobs.job import Job, Phase
from ...jobs.service import JobService
from ...jobs.storage import import_marks
from ...message import Message
from ...scene.place import SceneImportError
from .. import text_fields
from . import placed_results

log = logging.getLogger(__name__)

outcomes = ImportOutcomes()


def land_ready(board: JobService) -> bool:
    """Land one result that belongs here, if the user's hands are free.

    One at a time: each import stops the window for a moment.
    """
    if outcomes.retry(board):
        return True
    job = next((job for job in reversed(board.jobs()) if _belongs_here(board, job)), None)
    if job is None or _is_busy():
        return False
    land(board, job)
    return True


def are_waiting(board: JobService) -> bool:
    """Is there a result that will land by itself, or one of which the journal does not know yet
    that it has?
    """
    return bool(outcomes) or any(_belongs_here(board, job) for job in board.jobs())


def land(board: JobService, job: Job, *, raw: bool = False) -> str | None:
    """Bring a result into the scene of its click, or into the current one; returns the sentence of
    what went wrong. `raw`: unchecked.
    """
    outcome = _import(board, job, raw)
    outcomes.record(board, job.id, outcome)
    return outcome.problem


def _import(board: JobService, job: Job, raw: bool) -> Outcome:
    """What comes of it, whatever that is: the next beat would only try the same again."""
    try:
        with import_marks.importing(board.home, job.id):
            placed = import_job.place(job, placed_results.scene_of(job), raw=raw)
        placed_results.look()  # so that the next drawing knows
        return Outcome(placed.notes, import_job.resolved_notes(job, placed))
    except SceneImportError as trouble:
        return Outcome(problem=str(trouble))
    except Exception as mistake:  # an importer can fail in any way
        log.exception("Job %s could not be placed", job.id)
        return Outcome(
            problem=(
                Message(
                    "Something in the import went wrong ({error}). Nothing is lost: place it"
                    " again, or copy the report.",
                    error=type(mistake).__name__,
                )
            )
        )


def _belongs_here(board: JobService, job: Job) -> bool:
    is_free = not board.is_active(job.id) and job.id not in outcomes
    return (
        job.phase is Phase.READY
        and placed_results.is_its_file(job)
        and job.trouble is None
        and is_free
    )


# Playback and other timers run on without the user's hands; what begins like one of these does not.
# Add-ons have names of their own. fmt: off
_HANDS_ON = (
    "TRANSFORM_OT_",
    "MESH_OT_",
    "CURVE_OT_",
    "CURVES_OT_",
    "SURFACE_OT_",
    "MBALL_OT_",
    "LATTICE_OT_",
    "FONT_OT_",
    "OBJECT_OT_",
    "ARMATURE_OT_",
    "POSE_OT_",
    "POSELIB_OT_",
    "PARTICLE_OT_",
    "SCULPT_OT_",
    "SCULPT_CURVES_OT_",
    "PAINT_OT_",
    "PAINTCURVE_OT_",
    "BRUSH_OT_",
    "PALETTE_OT_",
    "GPENCIL_OT_",
    "GREASE_PENCIL_OT_",
    "GEOMETRY_OT_",
    "VIEW3D_OT_",
    "VIEW2D_OT_",
    "GIZMOGROUP_OT_",
    "UV_OT_",
    "GRAPH_OT_",
    "ACTION_OT_",
    "NLA_OT_",
    "ANIM_OT_",
    "MARKER_OT_",
    "SEQUENCER_OT_",
    "NODE_OT_",
    "MASK_OT_",
    "CLIP_OT_",
    "IMAGE_OT_",
    "TEXT_OT_",
    "OUTLINER_OT_",
    "UI_OT_",
    "WM_OT_radial_control",
    "SCREEN_OT_area_",
    "SCREEN_OT_region_scale",
)
# fmt: on


def is_hands_on(operator: str) -> bool:
    """Is it an operator that lasts as long as the user's hands are at it?"""
    return operator.startswith(_HANDS_ON)


def _is_busy() -> bool:
    """A render runs, or the user is in the middle of a drag or a word: an import, with its undo
    step, would break into that.
    """
    if any(bpy.app.is_job_running(kind) for kind in ("RENDER", "OBJECT_BAKE", "COMPOSITE")):
        return True
    running = (
        operator
        for window in bpy.context.window_manager.windows
        for operator in window.modal_operators
    )
    return any(is_hands_on(operator.bl_idname) for operator in running) or text_fields.is_edited()
