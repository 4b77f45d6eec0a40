# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the files of finished lines on disk, and download those that are missing. This is free."""

from __future__ import annotations

import re
from pathlib import Path

from ...files.file_lock import FileInUse
from ...jobs.batch_folder import shared_files
from ...jobs.batch_lines import Line
from ...jobs.job import Job
from ...jobs.job_values import Delivery, Role
from ...jobs.phases import Phase
from ...jobs.service import JobService, NotPossible
from .. import session
from ..output.progress import progress_listener
from ..output.terminal import Terminal
from . import line_jobs
from .runner import Options, is_finished
from .write_step import wanted_delivery


def find(job_service: JobService, folder: Path, job: Job, delivery: Delivery) -> Job | None:
    """Return a job with all the files on disk that its delivery needs; None without them.

    They are in the downloads of this journal, or in the batch's folder.
    """
    own = job_service.journal.job(job.id)
    for found in (own, shared_files.read(job, folder)):
        if found is not None and shared_files.are_on_disk(found) and _suffice(found, delivery):
            return found
    return None


def _suffice(job: Job, delivery: Delivery) -> bool:
    """Return whether a job's files hold what a delivery needs, as far as Mint has made it."""
    before = job.delivery
    if delivery.splats not in {None, before.splats}:
        tier = re.sub(r"[^A-Za-z0-9_]+", "-", delivery.splats or "")
        file = job.file(Role.SPLATS)
        if file is None or f"splats-{tier}" not in Path(file.path).stem:
            return False
    if delivery.collider != "NONE" and before.collider == "NONE":
        return job.file(Role.COLLIDER) is not None
    return True


def fetch_missing(
    lines: list[Line],
    jobs: dict[str, Job],
    options: Options,
    terminal: Terminal,
    readable: frozenset[str] | None,
) -> None:
    """Download the files of those finished lines that have none here. Never starts anything.

    `readable` are the glTF extensions that they may require; None for those of the Blender here.
    What stays missing is reported when the line is to be written.

    Raises:
        MintError: There is no usable key; nothing was downloaded.
        NotAllowedOnline: Blender may not go online.
    """
    with session.open_journal() as journal:
        missing = [
            line
            for line in lines
            if is_finished(job := jobs.get(line.tag))
            and job is not None
            and find(journal, options.folder, job, wanted_delivery(line, job, options)) is None
        ]
    if not missing:
        return
    terminal.note(f"Downloading the files of {len(missing)} lines again. This is free.")
    try:
        with (
            line_jobs.lock_folder(options.folder),
            session.open_job_service(readable=readable) as job_service,
        ):
            _fetch(job_service, missing, options, terminal)
    except FileInUse:
        terminal.error(
            "Their files cannot be downloaded now, since another batch is working on the folder."
        )


def _fetch(
    job_service: JobService, lines: list[Line], options: Options, terminal: Terminal
) -> None:
    jobs, refused = session.call_mint(
        lambda: line_jobs.load_jobs(job_service, options.folder, lines), terminal.wait
    )
    fetched = []
    for line in lines:
        if (refusal := refused.get(line.tag)) is not None:
            terminal.error(f"line {line.number}: {refusal.sentence}", line=line.number)
        elif line.tag in jobs:
            job = jobs[line.tag]
            try:
                job_service.set_delivery(job.id, wanted_delivery(line, job, options))
                job_service.fetch_again(job.id)
            except NotPossible as error:
                terminal.error(f"line {line.number}: {error}", line=line.number)
            else:
                fetched.append(job.id)
    with progress_listener(terminal, job_service) as listener:
        job_service.watch(fetched, listener)
    for job_id in fetched:
        job = job_service.job(job_id)
        if job.phase is not Phase.READY and job.problem is not None:
            terminal.error(f"{job.title}: {job.problem.message}", job=job.id)
