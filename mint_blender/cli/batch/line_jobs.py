# SPDX-License-Identifier: GPL-3.0-or-later
"""Find each line's job in the folder's ledger, whichever journal started it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from ...files.file_lock import file_lock
from ...jobs.batch_folder import write_records
from ...jobs.job import Job
from ...jobs.phases import Phase
from ...jobs.service import JobService, NotPossible
from ...jobs.storage import batch_lease, batch_ledger
from ..exits import Exit
from .lines import Line, request_part

T = TypeVar("T")


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


def started_tags(job_service: JobService, folder: Path, lines: list[Line]) -> frozenset[str]:
    """Return the tags of the lines that have a job. Raises OSError."""
    started = batch_ledger.read_unparsed(folder)
    found = [*started, *(tag for tag in _in_journal(job_service, folder) if tag not in started)]
    return frozenset(match(lines, found))


def match(lines: Iterable[Line], tags: Iterable[str]) -> dict[str, str]:
    """Return the started tag of each line that has one, by the line's own tag.

    If that tag was not started, one that was and no longer is in the file counts, provided that
    Mint was asked for the same: a new height or another format is not paid for.
    """
    lines, tags = list(lines), list(tags)
    started, own = set(tags), {line.tag for line in lines}
    spare: dict[str, deque[str]] = {}
    for tag in tags:
        if tag not in own:
            spare.setdefault(request_part(tag), deque()).append(tag)
    found = {}
    for line in lines:
        others = spare.get(request_part(line.tag))
        if line.tag in started:
            found[line.tag] = line.tag
        elif others:
            found[line.tag] = others.popleft()
    return found


def finished_jobs(
    job_service: JobService, folder: Path, lines: list[Line], chosen: list[Line]
) -> dict[str, Job]:
    """Return the job of each chosen line that was started, by its tag; changes nothing.

    The ledger counts, which does not list Mint's files. `lines` are all of the file. Raises
    OSError.
    """
    start = batch_ledger.line_id(folder)
    jobs = {
        (job.delivery.line or "").removeprefix(start): job
        for job in reversed(job_service.journal.jobs_of_lines(start))
    }
    entries = batch_ledger.read_unparsed(folder)
    started = match(lines, [*entries, *(tag for tag in jobs if tag not in entries)])
    found = dict[str, Job]()
    for line in chosen:
        if (tag := started.get(line.tag)) is not None:
            job = batch_ledger.parse(tag, entries[tag], folder).job if tag in entries else jobs[tag]
            found |= {line.tag: job} if job is not None else {}
    return found


def take_over_files(job_service: JobService, folder: Path, jobs: dict[str, Job]) -> None:
    """Store what other machines have written for these jobs since the last run here."""
    known = write_records.known(folder)
    for tag, job in jobs.items():
        if job.id not in known or job.phase not in {Phase.READY, Phase.PLACED}:
            continue
        record = write_records.read(folder, job.id)
        if record.has_files and record.is_news_about(job):
            with suppress(NotPossible):  # another process is working on it
                job_service.save(record.applied_to(job_service.job(job.id)))
                jobs[tag] = job_service.job(job.id)


def load_jobs(
    job_service: JobService, folder: Path, lines: list[Line]
) -> tuple[dict[str, Job], dict[str, Refusal]]:
    """Return the job of each started line, and the lines to leave alone, by tag.

    The jobs are copied into this journal.

    Raises:
        OSError: The ledger cannot be read.
    """
    jobs, refused = _in_journal(job_service, folder), dict[str, Refusal]()
    found = batch_ledger.read(folder)
    matched = match(lines, [*found, *(tag for tag in jobs if tag not in found)])
    requests = {matched[line.tag]: line.request for line in lines if line.tag in matched}
    journal_name = batch_ledger.journal_name(job_service.home / "journal.sqlite3")
    for tag, entry in found.items():
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
    take_over_files(job_service, folder, jobs)
    return _by_line(jobs, matched), _by_line(refused, matched)


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


def _by_line(values: dict[str, T], matched: dict[str, str]) -> dict[str, T]:
    """Return values by the tags of the lines instead of the tags that were started."""
    moved = {tag: values[started] for tag, started in matched.items() if started in values}
    used = set(matched.values())
    return {tag: value for tag, value in values.items() if tag not in used} | moved


_UNREADABLE = (
    "This line was started before, but its entry in the folder's ledger cannot be read. Update the"
    " add-on. Nothing was started for this line."
)
_FOREIGN = (
    "This line belongs to another Mint account. Run the batch with that account's key and address."
    " Nothing was sent."
)
