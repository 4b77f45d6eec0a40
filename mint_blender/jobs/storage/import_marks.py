# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark on disk what is being imported, so that an import that crashes Blender is not retried.

Each import has a file that its process holds locked. The operating system releases the lock when
that process dies: a mark that is not locked belongs to an import that never ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import json_text
from ...files import disk
from ...files.file_lock import try_lock
from ...message import Message, message_of

if TYPE_CHECKING:
    from ..job import Job

CRASHED_CODE = "import_crashed"
CRASHED_AGAIN_CODE = "import_crashed_again"
"""It was imported once more, in a child process: only a person may import it now."""
CRASHED = Message(
    "Blender closed unexpectedly while importing this result. Its files are kept. Save"
    " your work, then import it again."
)
_CRASH_LOG = "crash_log"


@contextlib.contextmanager
def importing(home: Path, job_id: str, crash_log: str = "") -> Iterator[None]:
    """Mark that a job's result is being imported. On disk before anything is read.

    `crash_log` is the path at which this Blender writes a log when it crashes, if it does.

    Raises:
        OSError: Nothing can be written there.
    """
    folder = _folder(home)
    disk.make_folder(folder)
    mark = folder / f"{uuid.uuid4().hex}.json"
    try:
        with open(mark, "xb", opener=disk.opener) as handle:
            try:
                try_lock(handle)
                # after the lock: an empty mark is one that is just being made
                content = {"job": job_id, _CRASH_LOG: crash_log, "at": time.time()}
                handle.write(json.dumps(content).encode())
                handle.flush()
                os.fsync(handle.fileno())
                with contextlib.suppress(OSError):
                    disk.sync_folder(folder)
                yield
            finally:
                # closing releases the lock, and the file still has to be deleted
                handle.truncate(0)
    finally:
        disk.try_to_remove(mark)  # an empty one does no harm


def crash_log_of(job: Job) -> str:
    """Return the path of the log that Blender wrote when it crashed while importing this job.

    Empty if it did not crash then, or wrote none.
    """
    if job.problem is None or job.problem.code != CRASHED_CODE:
        return ""
    return str(message_of(job.problem.message).params.get(_CRASH_LOG, ""))


def message_of_crash(mark: dict[str, Any]) -> Message:
    """Return what happened, with Blender's crash log if it was written after the mark."""
    crash_log = mark.get(_CRASH_LOG)
    # whole seconds: some file systems store no fractions
    with contextlib.suppress(OSError, ValueError, TypeError, OverflowError):
        if crash_log and Path(crash_log).stat().st_mtime >= int(mark.get("at", 0.0)):
            return Message(
                "{crashed} Blender's crash log: {crash_log}", crashed=CRASHED, crash_log=crash_log
            )
    return CRASHED


def left_behind(home: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return the marks that no living process holds; one that cannot be read names no job."""
    found = []
    for path in sorted(_folder(home).glob("*.json")):
        with contextlib.suppress(OSError), path.open("r+b") as handle:
            if try_lock(handle) and (content := handle.read()):
                found.append((path, json_text.members(content)))
    return found


def _folder(home: Path) -> Path:
    return home / "importing"
