# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of one finished job: values in, values out, so that any executor can run it.

Job and result can be pickled. The import runs in a background Blender, of which each thread has one
of its own and keeps it for the next result.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from ..jobs.child_process import PerThread
from ..jobs.job import Job
from ..jobs.job_values import Placement
from ..message import Message, message_of
from .background import BackgroundImporter
from .write_files import DeliveryError

log = logging.getLogger(__name__)

IMPORTERS = PerThread(BackgroundImporter)
"""The background Blender of each thread; a pool gives its threads those that it can stop."""


@dataclass(frozen=True)
class WriteResult:
    """What became of one result.

    Attributes:
        job_id: The job.
        files: The files that were written; none if there is a problem.
        notes: Notes for the user.
        problem: Why nothing was written, as a sentence; None if it was.
        placement: What the result became in Blender; None if Mint's own file was copied.
    """

    job_id: str
    files: tuple[Path, ...] = ()
    notes: tuple[Message, ...] = ()
    problem: Message | None = None
    placement: Placement | None = None


def write_result(job: Job, output: Path | None, render: Path | None) -> WriteResult:
    """Write a finished job to a .blend or .glb and a picture; return what became of it.

    The paths count instead of those in `job.delivery`; its other settings apply. Never raises for
    what can go wrong with a result, so that a problem concerns this result only.
    """
    delivery = replace(job.delivery, output=_text(output), render=_text(render))
    try:
        written = IMPORTERS.get().write(replace(job, delivery=delivery))
    except DeliveryError as error:
        return WriteResult(job.id, problem=message_of(error))
    except Exception as error:  # a bug of ours: it is logged, and the other results continue
        log.exception("Job %s could not be written", job.id)
        sentence = f"Writing it failed unexpectedly ({type(error).__name__}: {error})."
        return WriteResult(job.id, problem=message_of(sentence))
    files = tuple(path for path in (output, render) if path is not None)
    notes = tuple(message_of(note) for note in written.notes)
    return WriteResult(job.id, files, notes, placement=written.placement)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
