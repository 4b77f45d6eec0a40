# SPDX-License-Identifier: GPL-3.0-or-later
"""Find each line's job in the folder's ledger, whichever journal started it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ...files.file_lock import file_lock
from ...jobs.job import Job
from ...jobs.service import JobService, NotPossible
from ...jobs.storage import batch_lease, batch_ledger
from ..exits import Exit
from .lines import Line


@dataclass(frozen=True)
class Refusal:
    """Why a line that was started before is neither continued nor started again here."""

    sentence: str
    status: Exit


@contextmanager
def lock_folder(folder: Path) -> Iterator[batch_lease.Lease]:
    """Lock the folder, so that two batches never start the same line twice.

    Raises:
        FileInUse: Another batch works on the folder.
        OSError: The folder cannot be used.
    """
    ledger_folder = folder / batch_ledger.FOLDER
    ledger_folder.mkdir(parents=True, exist_ok=True)
    with file_lock(ledger_folder / "lock"), batch_lease.held(ledger_folder / "lease") as lease:
        yield lease


def started_tags(job_service: JobService, folder: Path) -> frozenset[str]:
    """Return the tags of the lines that have a job. Raises OSError."""
    return frozenset(batch_ledger.read(folder)) | frozenset(_in_journal(job_service, folder))


def load_jobs(
    job_service: JobService, folder: Path, lines: list[Line]
) -> tuple[dict[str, Job], dict[str, Refusal]]:
    """Return the job of each started line, and the lines to leave alone, by tag.

    The jobs are copied into this journal.

    Raises:
        OSError: The ledger cannot be read.
    """
    jobs, refused = _in_journal(job_service, folder), dict[str, Refusal]()
    requests = {line.tag: line.request for line in lines}
    journal_name = batch_ledger.journal_name(job_service.home / "journal.sqlite3")
    for tag, entry in batch_ledger.read(folder).items():
        if entry.job is None:
            refused[tag] = Refusal(_UNREADABLE, Exit.FAILED)
            jobs.pop(tag, None)
        elif not job_service.batch.may_continue(entry.job):
            refused[tag] = Refusal(_FOREIGN, Exit.KEY)
            jobs.pop(tag, None)
        else:
            # A job that was not sent yet takes the pictures named in this file: their paths may
            # differ on this machine.
            request = requests.get(tag, entry.job.request)
            job = (
                entry.job
                if entry.job.body is not None
                else replace(entry.job, request=request, image_urls=())
            )
            jobs[tag] = job_service.batch.adopt(job, is_newer=entry.by != journal_name)
    return jobs, refused


def current_job(job_service: JobService, job: Job) -> Job:
    """Return the current state of a job, even if it was dismissed in the meantime."""
    try:
        return job_service.job(job.id)
    except NotPossible:
        job_service.batch.find(job.delivery.line or "")
        return job_service.job(job.id)


def _in_journal(job_service: JobService, folder: Path) -> dict[str, Job]:
    """Return the newest job of each line of this folder in the journal."""
    start = batch_ledger.line_id(folder)
    return {
        (job.delivery.line or "").removeprefix(start): job
        for job in reversed(job_service.batch.find(start))
    }


_UNREADABLE = (
    "This line was started before, but its entry in the folder's ledger cannot be read. Update the"
    " add-on. Nothing was started for this line."
)
_FOREIGN = (
    "This line belongs to another Mint account. Run the batch with that account's key and address."
    " Nothing was sent."
)
