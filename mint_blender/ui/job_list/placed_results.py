# SPDX-License-Identifier: GPL-3.0-or-later
"""Which results are in the open file, and which jobs were started in it.

Undo, redo, deleting objects and opening another file change that, and no job is told. Handlers
only note that it may have changed. The objects are scanned once afterwards, by a timer: never while
drawing, and not at each of Blender's many updates.

A job that was started in another file names it in its row. Once that file is open again, under
whatever name it was saved, the result comes into it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ...jobs.job import Job, asset_of
from ...jobs.phases import BUSY, HAS_RESULT, NEEDS_PERSON, Phase
from ...jobs.presentation.job_view import JobView, cached_by_identity
from ...jobs.service import JobService
from ...jobs.storage.documents import Documents
from ...message import Message
from ...mint.schema import Kind
from ...scene import tags
from .. import heartbeat, session, typed_context

SOON = 0.1  # seconds; a drag changes the scene many times a second


@dataclass
class _Known:
    """What the last scan of the objects has found."""

    jobs: frozenset[str] | None = None
    """Ids of the jobs with a result in the file; None before its first scan."""
    assets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids of the assets in each scene, by the scene's name."""
    objects: int = -1
    """Number of objects in the file at that scan; -1 before the first one."""


def _known() -> _Known:
    return session.state(_Known)


def shown(job: Job) -> Job:
    """Return the job as its row shows it: ready to place if its result is not in the open file."""
    jobs = _known().jobs
    if (
        jobs is None
        or job.phase is not Phase.PLACED
        or job.id in jobs
        or job.convert
        or job.delivery.files
    ):
        return job
    return _ready(job)


@cached_by_identity
def _ready(job: Job) -> Job:
    return replace(job, phase=Phase.READY)


def contents() -> object:
    """Return a value that changes when results, or any objects, come into the file or go."""
    return _known().jobs, _known().objects


def is_scanned() -> bool:
    """Return whether the open file was looked at; Blender has evaluated it by then."""
    return _known().jobs is not None


def will_replace(job: Job) -> bool:
    """Return whether this result will replace an earlier version in the scene it goes to."""
    return job.delivery.replaces and asset_of(job) in _known().assets.get(scene_of(job).name, ())


def place_label(job: Job, again: str = "") -> str:
    """Return the label of the button Place: what a click will do."""
    if will_replace(job) and job.motion:
        return Message("Add Clip")
    if will_replace(job):
        return Message("Replace Model") if job.kind is Kind.MODEL else Message("Replace World")
    return again or (
        Message("Place Result") if is_document_open(job) else Message("Place at 3D Cursor")
    )


def face_count(asset_id: str, scene: bpy.types.Scene) -> int:
    """Return the number of faces of a model in a scene; 0 if it is not there."""
    root = next(tags.roots(asset_id=asset_id, scene=scene), None)
    objects = tags.hierarchy(root) if root is not None else ()
    return sum(len(obj.data.polygons) for obj in objects if obj.type == "MESH")


def height_of(asset_id: str, scene: bpy.types.Scene) -> float:
    """Return the height of a model at rest, in scene units; 0 if it is not in the scene."""
    from ...scene import bounds

    root = next(tags.roots(asset_id=asset_id, scene=scene), None)
    corners = bounds.bounds(tags.hierarchy(root)) if root is not None else None
    return corners[1][2] - corners[0][2] if corners is not None else 0.0


def scene_of(job: Job) -> bpy.types.Scene:
    """Return the scene of the click, or the current one if another file is open.

    A job that another program has sent to this document names no scene.
    """
    if is_document_open(job) and job.delivery.scene is not None:
        return bpy.data.scenes[job.delivery.scene]
    return typed_context.scene_of(bpy.context)


def is_document_open(job: Job) -> bool:
    """Return whether the document and the scene that a result is meant for are open."""
    is_same = job.delivery.document in session.document_ids()
    return is_same and (job.delivery.scene is None or job.delivery.scene in bpy.data.scenes)


def scan() -> bool:
    """Find the results in all scenes of the open file; return whether they have changed."""
    state = _known()
    before = state.jobs, state.assets
    from ...scene.animation import tracks

    by_scene = {scene.name: list(tags.all_provenances(scene)) for scene in bpy.data.scenes}
    roots = (origin.job_id for origins in by_scene.values() for origin in origins)
    state.jobs = tracks.jobs().union(roots)
    state.assets = {
        name: frozenset(origin.asset_id for origin in origins) for name, origins in by_scene.items()
    }
    state.objects = len(bpy.data.objects)
    return (state.jobs, state.assets) != before


def look_soon() -> None:
    """Look at the scenes in a moment, and redraw if results have come or gone."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_look_now):
        bpy.app.timers.register(_look_now, first_interval=SOON, persistent=True)


def _look_now() -> None:
    if scan():
        heartbeat.redraw()


@persistent
def _everything_changed(*_: object) -> None:
    """Note an undo or a redo."""
    look_soon()


@persistent
def _something_changed(_scene: object, depsgraph: Any = None) -> None:
    """Note a change; most changes add and remove no objects."""
    moved = depsgraph is None or any(
        depsgraph.id_type_updated(kind) for kind in ("COLLECTION", "SCENE")
    )
    if moved or len(bpy.data.objects) != _known().objects:
        look_soon()


def stop() -> None:
    """Look no more."""
    if bpy.app.timers.is_registered(_look_now):
        bpy.app.timers.unregister(_look_now)


_WITH_RESULT = BUSY | NEEDS_PERSON | HAS_RESULT


@dataclass
class _State:
    documents: Documents | None = None
    names: dict[str, str] = field(default_factory=dict)
    """The file name of each document that is not open, empty if it is unknown."""

    def close(self) -> None:
        """Release the open document: the add-on is being disabled."""
        if self.documents is not None:
            self.documents.release()


def _state() -> _State:
    return session.state(_State)


def view_of(service: JobService, job: Job) -> JobView:
    """Return a job as people see it; a result that was made for another file names that."""
    document = job.delivery.document if job.phase is Phase.READY else None
    is_elsewhere = document is not None and document not in session.document_ids()
    return service.view(job, _state().names.get(document or "", "") if is_elsewhere else "")


def open_with(service: JobService) -> None:
    """Begin with the jobs of an earlier session, and find those of the open file."""
    state = _state()
    state.documents = Documents(service.home)
    state.documents.forget_all_but(
        {job.delivery.document for job in service.jobs() if job.delivery.document}
    )
    file_opened()


def file_opened() -> None:
    """Take over what earlier openings of the open file have left."""
    _known().jobs = None
    look_soon()
    state = _state()
    state.names.clear()
    session.make_again(_State)
    if state.documents is not None and not bpy.app.background:
        state.documents.release()
        if bpy.data.filepath:
            session.adopt_documents(state.documents.take_over(Path(bpy.data.filepath)))
        _show_open()
    service = session.existing_service()
    if service is not None:
        follow(service)


def _show_open() -> None:
    """Let other programs see which file is open in this window, so that they can place into it."""
    documents = _state().documents
    path = bpy.data.filepath
    if documents is not None and not bpy.app.background:
        documents.show_open(session.document_id(), Path(path) if path else None)


def follow(service: JobService) -> None:
    """Remember which file the new jobs belong to, and look up the files of the others."""
    state = _state()
    if state.documents is None or bpy.app.background:
        return
    if not session.is_outdated(_State, service.version, bpy.data.filepath):
        return
    here = session.document_ids()
    wanted = {job.delivery.document for job in service.jobs() if job.phase in _WITH_RESULT}
    for document in wanted - {None}:
        assert document is not None
        if document in here:
            if bpy.data.filepath:
                state.documents.remember(document, Path(bpy.data.filepath))
        elif document not in state.names:
            path = state.documents.path_of(document)
            state.names[document] = path.name if path is not None else ""


@persistent
def _saved(*_: object) -> None:
    """Remember the name under which the file was saved."""
    service = session.existing_service()
    if service is not None:
        _show_open()
        follow(service)


HANDLERS = (
    (bpy.app.handlers.undo_post, _everything_changed),
    (bpy.app.handlers.redo_post, _everything_changed),
    (bpy.app.handlers.depsgraph_update_post, _something_changed),
    (bpy.app.handlers.save_post, _saved),
)
