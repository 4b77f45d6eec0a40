# SPDX-License-Identifier: GPL-3.0-or-later
"""Import results automatically into the document in which their prompt was submitted.

In any other document they wait for a click on Place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import bpy

from ...addon_settings import settings
from ...delivery import blender_runtime
from ...delivery.preparation import Outcome, Preparations
from ...jobs.job import Job, asset_of
from ...jobs.job_values import DeliveryResult, Role
from ...jobs.phases import HAS_RESULT, Phase
from ...jobs.service import JobService, NotPossible
from ...jobs.storage import import_marks
from ...jobs.storage.journal import JournalError
from ...message import Message, message_of
from ...mint.schema import Kind
from ...scene.prepared import PreparedResult
from ...scene.staging_scene import SceneUnits
from .. import heartbeat, session, text_fields
from . import placed_results

log = logging.getLogger(__name__)

PREPARED_AHEAD = 2
"""How many results are prepared before the first of them is imported."""

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds; each try on a locked journal blocks the window


class ImportOutcomes:
    """The outcomes of imports that are not in the journal yet, by job id.

    While the journal cannot be written, recording is retried; the import itself never is.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._unrecorded: dict[str, DeliveryResult] = {}
        self._due = 0.0
        self._pause = FIRST_PAUSE

    def __contains__(self, job_id: str) -> bool:
        """Return whether this job has an outcome that is not in the journal yet."""
        return job_id in self._unrecorded

    def __bool__(self) -> bool:
        return bool(self._unrecorded)

    def record(self, job_service: JobService, job_id: str, result: DeliveryResult) -> None:
        """Record an outcome now, or as soon as the journal can be written."""
        self._unrecorded.pop(job_id, None)
        try:
            job_service.record_delivery(job_id, result)
        except (JournalError, NotPossible) as error:
            log.warning("The outcome of importing job %s could not be recorded: %s", job_id, error)
            self._unrecorded[job_id] = result
            self._due = self._clock() + FIRST_PAUSE
            self._pause = FIRST_PAUSE

    def retry(self, job_service: JobService) -> bool:
        """Retry what could not be recorded, if it is due; return whether anything was recorded."""
        if not self._unrecorded or self._clock() < self._due:
            return False
        recorded = 0
        for job_id, result in list(self._unrecorded.items()):
            try:
                if job_service.cache.get(job_id):  # else it was dismissed meanwhile
                    job_service.record_delivery(job_id, result)
            except NotPossible:
                continue
            except JournalError:
                break
            del self._unrecorded[job_id]
            recorded += 1
        self._pause = FIRST_PAUSE if recorded else min(2 * self._pause, LONGEST_PAUSE)
        self._due = self._clock() + self._pause
        return recorded > 0


class _Candidates:
    """The jobs that may have a result to import; they are looked for again after a change."""

    jobs: tuple[Job, ...] = ()  # the oldest first


def outcomes() -> ImportOutcomes:
    """Return the outcomes of imports that are not in the journal yet."""
    return session.state(ImportOutcomes)


def import_ready(service: JobService) -> bool:
    """Import one result that belongs here, unless the user is in the middle of something.

    One at a time: each import stops the window for a moment. Returns whether a job has changed.
    """
    if outcomes().retry(service):
        return True
    due = (
        job
        for job in _candidates(service)
        if _is_due(service, job) and not _is_block_out_edited(job)
    )
    job = _settled(islice(due, PREPARED_AHEAD))
    if job is None or _is_busy():
        return False
    import_result(service, job)
    return True


def _settled(ahead: Iterable[Job]) -> Job | None:
    """Return the first job that can be imported now; a motion comes after its model.

    What cannot be imported yet is prepared.
    """
    earlier: set[str | None] = set()
    for job in ahead:
        asset = asset_of(job)
        if is_settled(job) and asset not in earlier:
            return job
        earlier.add(asset)
    return None


def is_waiting(service: JobService) -> bool:
    """Return whether a later beat will import a result or record an import."""
    return bool(outcomes()) or any(_is_due(service, job) for job in _candidates(service))


def _candidates(service: JobService) -> tuple[Job, ...]:
    """Return the jobs that are ready in this document or requested, without the others."""
    state = session.state(_Candidates)
    documents = session.document_ids()
    asked = requested()
    if session.is_outdated(_Candidates, service.version, documents, asked):
        state.jobs = tuple(
            job
            for job in reversed(service.jobs())
            if job.id in asked or (job.phase is Phase.READY and job.delivery.document in documents)
        )
    return state.jobs


def import_result(service: JobService, job: Job, *, raw: bool = False) -> str | None:
    """Import a result into the scene of its click, or else into the current one.

    Waits until it is prepared, if it was not.

    Args:
        service: Where the outcome is recorded.
        job: The job, whose files are on disk.
        raw: Do not check the file first.

    Returns:
        What went wrong, as a sentence; None if nothing did.
    """
    prepared = None if raw else _wait_for_outcome(job)
    if isinstance(prepared, DeliveryResult) and prepared.problem is not None:
        result = prepared
    else:
        source = prepared if isinstance(prepared, PreparedResult) else None
        result = _import(service, job, raw, source)
    forget(job.id)
    outcomes().record(service, job.id, result)
    return result.problem


def _wait_for_outcome(job: Job) -> Outcome | None:
    """Return the outcome; a script waits for it: a crash of the import would end this Blender."""
    while not is_settled(job):
        time.sleep(0.02)
        _preparations().poll()
    return outcome(job)


def _import(
    service: JobService, job: Job, raw: bool, prepared: PreparedResult | None
) -> DeliveryResult:
    """Import a result and return what became of it. Never raises: the next beat would try again."""
    from ...delivery import import_job
    from ...scene.place import SceneImportError
    from ..viewport import arrival

    try:
        with import_marks.importing(service.home, job.id, blender_runtime.crash_log()):
            scene = placed_results.scene_of(job)
            view = arrival.free_view(scene)
            placed = import_job.place(
                job, scene, raw=raw, prepared=prepared, takes_over=not bpy.app.background
            )
        result = DeliveryResult(
            placed.notes,
            placement=import_job.placement_of(placed, scene),
            resolved_codes=import_job.resolved_codes(job, placed),
        )
    except SceneImportError as error:
        return DeliveryResult(problem=message_of(error))
    except Exception as mistake:  # an importer can fail in any way
        log.exception("Job %s could not be placed", job.id)
        return DeliveryResult(
            problem=Message(
                "The import failed unexpectedly ({error}). Nothing is lost. Place it again, "
                "or copy the report.",
                error=type(mistake).__name__,
            )
        )
    try:
        placed_results.scan()  # so that the panel shows it
        arrival.arrived(job, view)
    except Exception:  # it is in the scene all the same, and must not be placed again
        log.exception("Job %s was placed, but could not be shown", job.id)
    return result


def _is_due(service: JobService, job: Job) -> bool:
    """Return whether a result is to be imported: it belongs here, or a click has asked for it."""
    if service.is_active(job.id) or job.id in outcomes():
        return False
    if job.phase in HAS_RESULT and job.id in requested():
        return True
    return job.phase is Phase.READY and placed_results.is_document_open(job) and job.problem is None


def _is_block_out_edited(job: Job) -> bool:
    """Return whether the user works in Edit Mode on the object whose place the result takes."""
    block_out: bpy.types.Object | None = bpy.data.objects.get(job.delivery.block_out or "")
    return block_out is not None and block_out.mode == "EDIT"


# Playback and other timers run on without the user's hands; what begins like one of these does not.
# Add-ons have names of their own.
_GROUPS = (
    "TRANSFORM MESH CURVE CURVES SURFACE MBALL LATTICE FONT OBJECT ARMATURE POSE POSELIB PARTICLE"
    " SCULPT SCULPT_CURVES PAINT PAINTCURVE BRUSH PALETTE GPENCIL GREASE_PENCIL GEOMETRY VIEW3D"
    " VIEW2D GIZMOGROUP UV GRAPH ACTION NLA ANIM MARKER SEQUENCER NODE MASK CLIP IMAGE TEXT"
    " OUTLINER UI"
)
_HANDS_ON = (
    *(f"{group}_OT_" for group in _GROUPS.split()),
    "MINT_OT_place_with_mouse",
    "MINT_OT_walk_inside",
    "WM_OT_radial_control",
    "SCREEN_OT_area_",
    "SCREEN_OT_region_scale",
)


def is_hands_on(operator: str) -> bool:
    """Return whether an operator lasts only as long as the user drags or types."""
    return operator.startswith(_HANDS_ON)


def _is_busy() -> bool:
    """Return whether a render runs, or the user is in the middle of a drag or a word.

    An import, with its undo step, would interrupt that.
    """
    if any(bpy.app.is_job_running(kind) for kind in ("RENDER", "OBJECT_BAKE", "COMPOSITE")):
        return True
    running = (
        operator
        for window in bpy.context.window_manager.windows
        for operator in window.modal_operators
    )
    return any(is_hands_on(operator.bl_idname) for operator in running) or text_fields.is_edited()


PREPARING = Message("Preparing")
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
    preparations = _preparations()
    units = SceneUnits.of(placed_results.scene_of(job))
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
    return _preparations().is_result_expected or is_background_busy(service)


def is_background_busy(service: JobService) -> bool:
    """Return whether the background Blender is preparing a result."""
    return _preparations().is_busy
