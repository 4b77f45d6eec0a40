# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of finished lines, side by side with other machines; never starts anything.

Needs neither key nor network, only Mint's files: in the journal's downloads or in the batch's
folder. Each line is claimed while it is written, and recorded afterwards.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from ...jobs.batch_folder import write_records
from ...jobs.batch_folder.claims import Claims
from ...jobs.batch_folder.write_records import WriteRecord
from ...jobs.job import Job
from ...jobs.job_values import Delivery
from ...jobs.presentation.job_view import JobView
from ...jobs.storage.batch_lease import UNKNOWN
from ..exits import Exit
from ..output.terminal import Terminal
from ..results import report_failure, report_job
from . import result_files
from .lines import Line
from .result_writer import ResultWriter, Written
from .runner import Options, is_finished

POLL_INTERVAL = 0.5
"""Seconds between two looks at a line that another process is writing."""
_NO_JOB = "This line was not generated yet. Run the batch without --again and --step write first."
_NO_FILES = (
    "Mint's files for it are not on this machine and not in the folder. Run the batch with --step"
    " generate, or use --again without --step, which downloads them again. This is free."
)

FindFiles = Callable[[Job, Delivery], Job | None]
"""Returns the job with all the files on disk that its delivery needs, or None."""


def wanted_delivery(line: Line, job: Job, options: Options) -> Delivery:
    """Return how the line's result is to be written now: as the batch file says.

    A picture that was wanted when the line was started is rendered, even without --render.
    """
    was_wanted = not options.again and line.render is None and job.delivery.render is not None
    stem = Path(job.delivery.output or options.folder / line.title).with_suffix("")
    return replace(
        line.delivery,
        output=f"{stem}{line.suffix}",
        render=f"{stem}.png" if options.renders(line) or was_wanted else None,
        line=job.delivery.line,
    )


def current_job(job: Job | None, folder: Path) -> Job | None:
    """Return a job of the ledger as it is with the files that any machine has written."""
    if job is None or not is_finished(job):
        return job
    return write_records.read(folder, job.id).applied_to(job)


class WriteStep:
    """One run over the finished lines of a batch."""

    def __init__(
        self,
        options: Options,
        terminal: Terminal,
        jobs: dict[str, Job],
        find_files: FindFiles,
        writer: ResultWriter,
        claims: Claims,
    ) -> None:
        self._options = options
        self._folder = options.folder
        self._terminal = terminal
        self._jobs = jobs
        self._find_files = find_files
        self._writer = writer
        self._claims = claims
        self._round = 0  # 0: only what was not written yet
        self._statuses: dict[int, Exit] = {}
        self._noted: set[int] = set()  # lines that another process was writing

    def run(self, lines: list[Line]) -> Exit:
        """Write these lines, or wait until another process has; return the exit status."""
        if self._options.again:
            self._join_round(lines)
        waiting, held = deque(lines), deque[Line]()
        while waiting or held or self._writer.is_busy:
            if not waiting:
                waiting, held = held, deque()
            self._begin(waiting, held)
            if waiting or not held:
                self._end_all(self._writer.wait())
            elif self._writer.is_busy:
                self._end_all(self._writer.wait(POLL_INTERVAL))
            else:
                time.sleep(POLL_INTERVAL)
        return self._conclude(lines)

    def _conclude(self, lines: list[Line]) -> Exit:
        done = sum(self._statuses[line.number] is Exit.DONE for line in lines)
        self._terminal.note(
            f"{done} of {len(lines)} lines are written. The files are in {self._folder}."
        )
        return self._options.overall(
            (self._statuses[line.number], self._jobs.get(line.tag)) for line in lines
        )

    # -- which lines

    def _join_round(self, lines: list[Line]) -> None:
        """Continue the round that was interrupted or that others are at; else begin a new one.

        So machines that are started together share the lines, and a rerun continues.
        """
        self._round = write_records.current_round(self._folder)
        finished = [line for line in lines if is_finished(self._jobs.get(line.tag))]
        if self._round == 0 or all(self._is_settled(line) for line in finished):
            self._round += 1
            write_records.begin_round(self._folder, self._round)

    def _is_settled(self, line: Line) -> bool:
        """Return whether nothing is to be done for a finished line, in this round if there is one.

        A line that failed in this round is not tried again before the next one.
        """
        job = self._jobs[line.tag]
        record = write_records.read(self._folder, job.id)
        if self._round == 0:
            current = record.applied_to(job)
            return record.problem is None and result_files.is_written(current)
        wanted = replace(wanted_delivery(line, job, self._options), line=None)
        is_written = record.has_files and record.delivery == wanted
        return record.round == self._round and (record.problem is not None or is_written)

    def _begin(self, waiting: deque[Line], held: deque[Line]) -> None:
        """Begin lines while there is room; move those that others are writing to `held`."""
        while waiting and self._writer.has_room:
            line = waiting.popleft()
            if (holder := self._begin_line(line)) is not None:
                held.append(line)
                if line.number not in self._noted:
                    self._noted.add(line.number)
                    name = holder.replace(UNKNOWN, "Another process")
                    self._terminal.note(f"line {line.number}: {name} is writing it. Waiting.")
            self._end_all(self._writer.take())

    def _begin_line(self, line: Line) -> str | None:
        """Hand a line to the writer if it is due; return the name of the machine that has it."""
        job = self._jobs.get(line.tag)
        if job is None:
            self._terminal.error(f"line {line.number}: {_NO_JOB}", line=line.number)
            self._statuses[line.number] = Exit.FAILED
        elif not is_finished(job):
            self._statuses[line.number] = report_job(job, self._terminal, line=line.number)
        elif self._is_settled(line):
            self._report_settled(line, job)
        elif (holder := self._claims.take(job.id)) is not None:
            return holder
        elif self._is_settled(line):  # another process has just released it
            self._claims.release(job.id)
            self._report_settled(line, job)
        else:
            self._write(line, job)
        return None

    def _report_settled(self, line: Line, job: Job) -> None:
        record = write_records.read(self._folder, job.id)
        current = record.applied_to(job)
        self._terminal.event({**JobView(current).to_json("result"), "line": line.number})
        self._statuses[line.number] = Exit.DONE if record.problem is None else Exit.IMPORT
        if record.problem is not None:
            self._terminal.note(f"line {line.number}: {job.title}: {record.problem}")

    # -- writing

    def _write(self, line: Line, job: Job) -> None:
        wanted = wanted_delivery(line, job, self._options)
        found = self._find_files(job, wanted)
        if found is None:  # not recorded: another machine may have them
            self._claims.release(job.id)
            self._terminal.error(f"line {line.number}: {_NO_FILES}", line=line.number)
            self._statuses[line.number] = Exit.IMPORT
        else:
            self._writer.add(line, replace(found, delivery=wanted))

    def _end_all(self, ended: Iterable[Written]) -> None:
        for written in ended:
            self._end(written)

    def _end(self, written: Written) -> None:
        """Record and report what became of a line, and give its claim back."""
        line, result = written.line, written.result
        job = replace(self._jobs[line.tag], files=written.job.files)
        record = self._recorded(written)
        current = record.applied_to(job)
        if self._claims.holds(job.id):
            write_records.write(self._folder, job.id, record)
        self._write_record(line, current)
        self._claims.release(job.id)
        if result.problem is None:
            self._statuses[line.number] = report_job(current, self._terminal, line=line.number)
            return
        report_failure(written.job, self._terminal, result.problem)
        self._terminal.event({**JobView(current).to_json("result"), "line": line.number})
        self._statuses[line.number] = Exit.IMPORT

    def _recorded(self, written: Written) -> WriteRecord:
        """Return the line's new record. After a problem, the files of an earlier import count."""
        before = write_records.read(self._folder, written.job.id)
        if written.result.problem is not None:
            return replace(before, round=self._round, problem=written.result.problem)
        self._note_old_file(written, before)
        delivery = replace(written.job.delivery, line=None)
        return WriteRecord(delivery, written.result.notes, self._round)

    def _note_old_file(self, written: Written, before: WriteRecord) -> None:
        """Say that a file of another format stays where it is."""
        job = before.applied_to(self._jobs[written.line.tag])
        old, new = job.delivery.output, written.job.delivery.output
        if old is not None and old != new and Path(old).is_file():
            self._terminal.note(f"line {written.line.number}: {Path(old).name} is kept, too.")

    def _write_record(self, line: Line, job: Job) -> None:
        try:
            result_files.write_record(line, job, self._terminal)
        except OSError as error:
            self._terminal.note(
                f"line {line.number}: Could not write its picture or record:"
                f" {error.strerror or error}."
            )
