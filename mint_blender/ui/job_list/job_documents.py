# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the file again in which a job was started: name it in the row, and land there by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from ...jobs.job import Job
from ...jobs.phases import BUSY, HAS_RESULT, NEEDS_PERSON, Phase
from ...jobs.presentation.job_view import JobView
from ...jobs.service import JobService
from ...jobs.storage.documents import Documents
from .. import session

_WITH_RESULT = BUSY | NEEDS_PERSON | HAS_RESULT


@dataclass
class _State:
    documents: Documents | None = None
    names: dict[str, str] = field(default_factory=dict)
    """The file name of each document that is not open, empty if it is unknown."""
    version: tuple[int, int, str] | None = None
    """Which version of the list of jobs was looked at, in which file."""

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
    state = _state()
    state.names.clear()
    state.version = None
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
    documents, path = _state().documents, bpy.data.filepath
    if documents is not None and not bpy.app.background:
        documents.show_open(session.document_id(), Path(path) if path else None)


def follow(service: JobService) -> None:
    """Remember which file the new jobs belong to, and look up the files of the others."""
    state, version = _state(), (id(service), service.version, bpy.data.filepath)
    if state.version == version or state.documents is None or bpy.app.background:
        return
    state.version = version
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


HANDLERS = ((bpy.app.handlers.save_post, _saved),)
