# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark on disk what is being imported, so that an import that crashes Blender is not retried.

Each import has a file that its process holds locked. The operating system releases the lock when
that process dies: a mark that is not locked belongs to an import that never ended.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...files import private_files
from ...files.file_lock import try_lock
from ...message import Message
from ..budget.prices import NotPossible
from .database import JournalError

if TYPE_CHECKING:
    from ..service import JobService

log = logging.getLogger(__name__)

CRASHED_CODE = "import_crashed"
CRASHED = Message(
    "Blender closed unexpectedly while importing this result. Its files are kept. Save"
    " your work, then import it again."
)


@contextlib.contextmanager
def importing(home: Path, job_id: str) -> Iterator[None]:
    """Mark that a job's result is being imported. On disk before anything is read.

    Raises:
        OSError: Nothing can be written there.
    """
    folder = _folder(home)
    private_files.make_folder(folder)
    mark = folder / f"{uuid.uuid4().hex}.json"
    try:
        with open(mark, "xb", opener=private_files.opener) as handle:
            try:
                try_lock(handle)
                # after the lock: an empty mark is one that is just being made
                handle.write(json.dumps({"job": job_id}).encode())
                handle.flush()
                os.fsync(handle.fileno())
                _sync_folder(folder)
                yield
            finally:
                # closing releases the lock, and the file still has to be deleted
                handle.truncate(0)
    finally:
        mark.unlink(missing_ok=True)


def note_crashes(job_service: JobService) -> None:
    """Pause each job whose last import never ended, until a person decides. Never raises."""
    for mark, job_id in _left_behind(job_service.home):
        job = job_service.cache.get(job_id)
        try:
            if job is not None:
                job_service.mark_import_failed(job.id, CRASHED, code=CRASHED_CODE)
        except (JournalError, NotPossible):
            log.warning("It could not be noted that the import of job %s crashed", job_id)
            continue  # retried at the next start
        with contextlib.suppress(OSError):
            mark.unlink(missing_ok=True)


def _left_behind(home: Path) -> list[tuple[Path, str]]:
    """Return the marks that no living process holds, with their jobs."""
    found = []
    for mark in sorted(_folder(home).glob("*.json")):
        with contextlib.suppress(OSError), mark.open("r+b") as handle:
            if try_lock(handle) and (content := handle.read()):
                found.append((mark, _job_in(content)))
    return found


def _job_in(content: bytes) -> str:
    """Return the job's id, or an empty string for an unreadable mark."""
    try:
        data: Any = json.loads(content)
        return str(data["job"])
    except (ValueError, KeyError, TypeError):
        return ""


def _folder(home: Path) -> Path:
    return home / "importing"


def _sync_folder(folder: Path) -> None:
    """Sync the folder: only then is the name of a new file on disk. Windows has no such call."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
