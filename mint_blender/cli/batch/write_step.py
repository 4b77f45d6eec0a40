# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of finished lines, side by side with other machines; never starts anything.

Needs neither key nor network, only Mint's files: in the journal's downloads or in the batch's
folder. Each line is recorded when it is written. Missing files can be downloaded first; this is
free.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from ...application import session
from ...application.batch import line_jobs, result_files
from ...application.batch.options import Options
from ...application.batch.source_files import (
    find_files,
    parts_without_files,
    wanted_delivery,
)
from ...application.results import is_finished
from ...files.file_lock import FileInUse, file_lock
from ...jobs.batch_folder import finished_lines, line_files
from ...jobs.batch_folder.finished_lines import WriteRecord
from ...jobs.batch_lines import Line, line_ranges
from ...jobs.job import Job
from ...jobs.job_values import DeliveryResult
from ...jobs.phases import Phase
from ...jobs.service import JobService, NotPossible
from .. import exits
from ..exits import Exit
from ..reports import progress_listener, report_failure, report_job
from ..terminal import Terminal
from .result_writer import ResultWriter, Written
from .runner import LineReports

POLL_INTERVAL = 0.5
"""Seconds between two looks whether another process still writes the same lines."""
_NO_JOB = "This line was not generated yet. Run the batch without --rewrite and --step write first."
_NO_MOTIONS = (
    "The motions of this line are not all there. Run the batch without --rewrite and --step write"
    " first."
)
_NO_FILES = (
    "Mint's files for it are not on this machine and not in the folder. Run the batch with --step"
    " generate, or use --rewrite without --step, which downloads them again. This is free."
)


@contextmanager
def lock_lines(folder: Path, lines: list[Line], terminal: Terminal) -> Iterator[None]:
    """Have no other process of this machine write just these lines; wait for one that does.

    Two machines may write the same line, which does no harm: only complete files are replaced.
    Raises OSError.
    """
    numbers = line_ranges(line.number for line in lines)
    place = folder / line_files.FOLDER / "ranges"
    place.mkdir(parents=True, exist_ok=True)
    path = place / hashlib.sha256(numbers.encode()).hexdigest()[:16]
    is_said = False
    with ExitStack() as locked:
        while True:
            try:
                locked.enter_context(file_lock(path))
                break
            except FileInUse:
                if not is_said:
                    terminal.note("Another process is writing these lines. Waiting for it.")
                is_said = True
                time.sleep(POLL_INTERVAL)
        yield


class WriteStep(LineReports):
    """One run over the finished lines of a batch."""

    def __init__(
        self,
        options: Options,
        terminal: Terminal,
        job_service: JobService,
        jobs: dict[str, Job],
        writer: ResultWriter,
    ) -> None:
        super().__init__(options, terminal)
        self._jobs = jobs
        self._job_service = job_service
        self._writer = writer

    def run(self, lines: list[Line]) -> Exit:
        """Write these lines; return the exit status."""
        waiting = deque(lines)
        while waiting or self._writer.is_busy:
            while waiting and self._writer.has_room:
                self._begin_line(waiting.popleft())
                self._end(*self._writer.take())
            self._end(*self._writer.wait())
        self._note_done(lines, "written")
        return self._overall(lines, lambda line: self._jobs.get(line.tag))

    # -- which lines

    def _is_written(self, line: Line) -> bool:
        """Return whether a finished line is written, and is not to be written again."""
        job = self._jobs[line.tag]
        record = finished_lines.read_record(self._folder, job.id)
        is_recorded = record.problem is None and result_files.is_written(record.applied_to(job))
        return is_recorded and not self._options.rewrite

    def _begin_line(self, line: Line) -> None:
        """Hand a line to the writer, or report why there is nothing to write."""
        job = self._jobs.get(line.tag)
        if job is None:
            self._refuse(line, _NO_JOB, Exit.BUSY)
        elif not is_finished(job):
            self._statuses[line.number] = report_job(job, self._terminal, line=line.number)
        elif self._is_written(line):
            self._event(line, finished_lines.read_record(self._folder, job.id).applied_to(job))
            self._statuses[line.number] = Exit.DONE
        else:
            self._write(line, job)

    # -- writing

    def _write(self, line: Line, job: Job) -> None:
        wanted = wanted_delivery(line, job, self._options)
        model = find_files(self._job_service, self._folder, job, wanted)
        motions = line_jobs.motions_of(self._job_service, self._folder, line, job)
        found = [
            find_files(self._job_service, self._folder, motion, wanted)
            for motion in motions
            if is_finished(motion)
        ]
        # neither is recorded: another machine may have them
        if len(found) < len(motions):
            self._refuse(line, _NO_MOTIONS, Exit.FAILED)
        elif None in found or (model is None and not motions):
            self._refuse(line, _NO_FILES, Exit.IMPORT)
        else:  # the character is in the files of its motions
            parts = [each for each in found if each is not None]
            self._writer.add(line, replace(model or job, delivery=wanted), parts)

    def _end(self, *ended: Written) -> None:
        """Record and report what became of lines."""
        for line, written, result in ended:
            job = replace(self._jobs[line.tag], files=written.files)
            record = self._recorded(line, written, result)
            current = record.applied_to(job)
            finished_lines.write_record(self._folder, job.id, record)
            motions = line_jobs.known_motions(self._job_service, self._folder, line, job)
            self._write_record(line, current, motions)
            if result.problem is None:
                self._statuses[line.number] = report_job(current, self._terminal, line=line.number)
            else:
                report_failure(written, self._terminal, result.problem)
                self._event(line, current)
                self._statuses[line.number] = exits.of_problem(result.problem)

    def _recorded(self, line: Line, written: Job, result: DeliveryResult) -> WriteRecord:
        """Return the line's new record. After a problem, the files of an earlier import count."""
        before = finished_lines.read_record(self._folder, written.id)
        if result.problem is not None:
            return replace(before, problem=result.problem)
        job = before.applied_to(self._jobs[line.tag])
        old = job.delivery.output
        new = written.delivery.output
        if old is not None and old != new and Path(old).is_file():  # of another format
            self._terminal.note(f"line {line.number}: {Path(old).name} is kept, too.")
        return WriteRecord(replace(written.delivery, line=None), result.notes)


def fetch_missing(
    lines: list[Line],
    jobs: dict[str, Job],
    options: Options,
    terminal: Terminal,
) -> None:
    """Download the files of those finished lines that have none here. Never starts anything.

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
            and parts_without_files(journal, line, job, options)
        ]
    if not missing:
        return
    terminal.note(f"Downloading the files of {len(missing)} lines again. This is free.")
    try:
        with (
            line_jobs.lock_folder(options.folder),
            session.open_job_service() as job_service,
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
                for file in parts_without_files(job_service, line, job, options):
                    if file.id == job.id:
                        job_service.set_delivery(job.id, wanted_delivery(line, job, options))
                    job_service.fetch_again(file.id)
                    fetched.append(file.id)
            except NotPossible as error:
                terminal.error(f"line {line.number}: {error}", line=line.number)
    with progress_listener(terminal, job_service) as listener:
        job_service.watch(fetched, listener)
    for job_id in fetched:
        job = job_service.job(job_id)
        if job.phase is not Phase.READY and job.problem is not None:
            terminal.error(f"{job.title}: {job.problem.message}", job=job.id)
