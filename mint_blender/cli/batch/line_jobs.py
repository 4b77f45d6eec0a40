# SPDX-License-Identifier: GPL-3.0-or-later
"""Which job each line of a batch has: found in the ledger of the folder, whichever journal has
begun it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ...files.lock import file_lock
from ...jobs.job import Job
from ...jobs.service import JobService, NotPossible
from ...jobs.storage import batch_ledger, lease
from ..exits import Exit
from .lines import Line


@dataclass(frozen=True)
class Refusal:
    """Why a line that was begun is not gone on with here; it is not started anew either."""

    sentence: str
    status: Exit


@contextmanager
def lock_folder(folder: Path) -> Iterator[lease.Lease]:
    """Hold the folder: two at once would each start what the other has not begun yet.

    Raises FileInUse, OSError.
    """
    place = folder / batch_ledger.FOLDER
    place.mkdir(parents=True, exist_ok=True)
    with file_lock(place / "lock"), lease.held(place / "lease") as holding:
        yield holding


def started_tags(job_service: JobService, folder: Path) -> frozenset[str]:
    """The tags of the lines that have a job. Raises OSError."""
    return frozenset(batch_ledger.read(folder)) | frozenset(_in_journal(job_service, folder))


def load_jobs(
    job_service: JobService, folder: Path, lines: list[Line]
) -> tuple[dict[str, Job], dict[str, Refusal]]:
    """The job of each line that has one, in this journal from now on, and the lines that are left
    alone. Raises OSError.
    """
    jobs, refused = _in_journal(job_service, folder), dict[str, Refusal]()
    requests = {line.tag: line.request for line in lines}
    by = batch_ledger.name_of(job_service.home / "journal.sqlite3")
    for tag, entry in batch_ledger.read(folder).items():
        if entry.job is None:
            refused[tag] = Refusal(_UNREADABLE, Exit.FAILED)
            jobs.pop(tag, None)
        elif not job_service.batch.may_continue(entry.job):
            refused[tag] = Refusal(_FOREIGN, Exit.KEY)
            jobs.pop(tag, None)
        else:
            # What has not been sent is sent with the pictures of this file: they may lie elsewhere
            # on this machine.
            request = requests.get(tag, entry.job.request)
            job = (
                entry.job
                if entry.job.body is not None
                else replace(entry.job, request=request, image_urls=())
            )
            jobs[tag] = job_service.batch.adopt(job, is_newer=entry.by != by)
    return jobs, refused


def current_job(job_service: JobService, job: Job) -> Job:
    """The job as it now is, also when it was taken off the list meanwhile, in Blender say: it is a
    line's all the same.
    """
    try:
        return job_service.job(job.id)
    except NotPossible:
        job_service.batch.find(job.target.line or "")
        return job_service.job(job.id)


def _in_journal(job_service: JobService, folder: Path) -> dict[str, Job]:
    """What this journal knows of the folder by its path; the newest where a line was begun anew."""
    start = batch_ledger.line_of(folder)
    return {
        (job.target.line or "").removeprefix(start): job
        for job in reversed(job_service.batch.find(start))
    }


_UNREADABLE = (
    "It was started before, but its entry in the folder's ledger cannot be read. Update the add-on."
    " Nothing is started for it."
)
_FOREIGN = (
    "This line belongs to another Mint account. Run the batch with that account's key and address."
    " Nothing is sent for it."
)
