# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `batch`: check the file, lock the folder, and hand the lines to `runner`.

Or only to `write_step`, for lines that are finished at Mint, or to a farm: `openjd`, `dask`.

A rerun continues and never starts a line twice: before anything is sent for a line, that is
noted in the folder of results (`line_files`). A crash or another journal cannot lose it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

from ...application import session
from ...application.batch import line_jobs, result_files
from ...application.batch.line_prices import LinePrices
from ...application.batch.options import Options
from ...application.offers import Offer
from ...application.results import is_finished
from ...delivery import write_files
from ...delivery.background import BlenderPool, default_workers
from ...files.file_lock import FileInUse
from ...jobs.batch_folder.batch_lease import UNKNOWN, Lease
from ...jobs.batch_lines import BadLineError, Line, bad_lines, choose, complaints, read_lines
from ...jobs.service import JobService
from ...mint.errors import MintError
from ...mint.schema import Kind
from .. import exits
from ..exits import Exit, Refused
from ..prices import show
from ..reports import picture_options
from ..terminal import Terminal
from . import contact_sheet, dask, openjd
from .result_writer import ResultWriter
from .runner import BatchRun
from .write_step import WriteStep, fetch_missing, lock_lines


def batch(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate every line of a file; return the first status that is not done."""
    return run_batch(Options.of(vars(arguments)), terminal)


def run_batch(options: Options, terminal: Terminal) -> Exit:
    """Run the lines that these options choose; return the first status that is not done."""
    _check_options(options)
    try:
        drawn = picture_options(options)
        lines = [
            replace(line, delivery=replace(line.delivery, **drawn))
            for line in read_lines(options.file)
        ]
        run = _Batch(terminal, options, lines, choose(lines, options.lines))
        if options.step in {None, "generate"} and not options.rewrite:
            run.check_new()
    except BadLineError as error:
        between = "\n" if "\n" in str(error) else " "
        raise Refused(f"{error}{between}Nothing was started.") from error
    if options.dry_run:
        return run.show_price()
    if options.openjd is not None:
        return openjd.write(options, run.chosen, terminal)
    if problem := run.cannot_write():
        raise Refused(problem, Exit.IMPORT)
    if options.step == "sheet":
        return run.write_sheet()
    if options.executor is not None:
        return run.on_cluster()
    with BlenderPool(options.workers or default_workers()) as pool:
        if options.step == "write" or (options.rewrite and options.writes):
            return run.write_finished(pool)
        return run.generate(pool)


def _check_options(options: Options) -> None:
    """Raise Refused for options that do not go together."""
    is_on_farm = options.executor is not None or options.openjd is not None
    if is_on_farm and str(options.file) == "-":
        raise Refused("A farm reads FILE itself: name a file instead of -. Nothing was started.")
    if options.executor is None:
        return
    why = None
    if options.step in {"generate", "sheet"}:
        why = f"--step {options.step} writes no results"
    elif options.openjd is not None:
        why = "--openjd writes a job for another farm"
    if why is not None:
        raise Refused(f"{why}, so it takes no --executor. Nothing was started.")


@dataclass(frozen=True)
class _Batch:
    """What a command works on: all lines of its file, and those that it was called for."""

    terminal: Terminal
    options: Options
    lines: list[Line]
    chosen: list[Line]

    def generate(self, pool: BlenderPool) -> Exit:
        """Lock the folder and run the lines, then write the sheet."""
        folder = self.options.folder
        try:
            with (
                line_jobs.lock_folder(folder) as lease,
                session.open_job_service(on_wait=self.terminal.wait) as job_service,
            ):
                return self._run(job_service, pool, lease)
        except FileInUse as error:
            name = str(error).replace(UNKNOWN, "another machine")
            host = f" on {name}" if name else ""
            more = f" If {name} is off, try again in a minute." if name else ""
            raise Refused(
                f"Another batch is already writing to {folder}{host}. Wait for it, or stop it."
                f"{more} Nothing was started.",
                Exit.BUSY,
            ) from error

    def show_price(self) -> Exit:
        """Print what the lines would cost; nothing is started, and the folder stays as it is."""
        folder = self.options.folder
        with session.open_prices(self.terminal.wait) as job_service:
            started = line_jobs.started_tags(job_service, folder, self.lines)
            jobs = line_jobs.finished_jobs(job_service, folder, self.lines, self.chosen)
            known = [line for line in self.chosen if line.tag in jobs or line.tag not in started]
            lines = LinePrices(job_service, self.options, lambda line: jobs.get(line.tag))
            is_free = self.options.rewrite or self.options.step in {"write", "sheet"}
            unpaid = [] if is_free else lines.unpaid(known)
            bill = lines.bill(unpaid)
            title = f"{len(bill.lines)} of {len(self.chosen)} lines to pay"
            available = session.available_credits(self.terminal.wait)
            show(Offer(title, bill.total, available), self.terminal)
            lines.check(bill, self.options.max_credits)
        return Exit.DONE

    def _run(self, job_service: JobService, pool: BlenderPool, lease: Lease) -> Exit:
        writer = ResultWriter(pool, job_service.notify)
        # it asks Mint whose key this is if lines come from another journal
        run = session.call_mint(
            lambda: BatchRun(job_service, self.options, self.terminal, self.lines, writer),
            self.terminal.wait,
        )
        run.is_lost = lambda: not lease.is_held()
        lease.on_lost = job_service.notify
        try:
            return run.run(self.chosen)
        finally:
            if self.options.writes:
                run.write_sheet(self.options.file.name)

    def write_finished(self, pool: BlenderPool) -> Exit:
        """Write finished lines.

        Without `--step`, download missing files first, and write the sheet.
        """
        status = Exit.DONE
        folder = self.options.folder
        with session.open_journal() as job_service:
            jobs = line_jobs.finished_jobs(job_service, folder, self.lines, self.chosen)
        if self.options.step is None:
            try:
                fetch_missing(self.chosen, jobs, self.options, self.terminal)
            except (MintError, session.NotAllowedOnline) as error:
                self.terminal.error(str(error))
                status = exits.of_error(error)
        with (
            session.open_journal() as job_service,
            lock_lines(folder, self.chosen, self.terminal),
        ):
            writer = ResultWriter(pool)
            step = WriteStep(self.options, self.terminal, job_service, jobs, writer)
            written = step.run(self.chosen)
        if self.options.step is None:
            self.write_sheet()
        return written if written is Exit.DONE else status or written

    def on_cluster(self) -> Exit:
        """Generate here, have a Dask cluster write what is finished, then write the sheet.

        With `--step write`, the cluster writes the chosen lines, and that is all.
        """
        with dask.open_cluster(self.options, self.terminal) as client:
            if self.options.step == "write":
                return dask.write(client, self.options, self.chosen, self.terminal)
            with BlenderPool(1) as pool:
                generated = self.generate(pool)
            with session.open_journal() as job_service:
                jobs = line_jobs.finished_jobs(
                    job_service, self.options.folder, self.lines, self.chosen
                )
            finished = [line for line in self.chosen if is_finished(jobs.get(line.tag))]
            written = dask.write(client, self.options, finished, self.terminal)
        self.write_sheet()
        return generated or written

    def write_sheet(self) -> Exit:
        """Write the contact sheet from what the folder knows."""
        folder = self.options.folder
        with session.open_journal() as job_service:
            jobs = line_jobs.finished_jobs(job_service, folder, self.lines, self.lines)
            entries = []
            for line in self.lines:
                job = jobs.get(line.tag)
                motions = line_jobs.known_motions(job_service, folder, line, job)
                now = line_jobs.as_recorded(job, folder)
                entry = result_files.report(line, now, None, motions, self.terminal.decision)
                entries.append(entry)
        name = self.options.file.name
        if jobs and not contact_sheet.report_sheet(
            folder, name, entries, self.terminal, self.chosen
        ):
            return Exit.IMPORT
        return Exit.DONE

    def check_new(self) -> None:
        """Raise BadLineError for a line that Mint would refuse.

        Started lines were checked before, and their pictures may be gone by now.
        """
        dry_run = self.options.dry_run
        opened = session.open_prices() if dry_run else session.open_journal()
        with opened as job_service:
            started = line_jobs.started_tags(job_service, self.options.folder, self.lines)
        new = (line for line in self.lines if line.tag not in started)
        if found := list(complaints(new)):
            raise bad_lines(self.options.file.name, found)

    def cannot_write(self) -> str | None:
        """Return why the results cannot be written here, or None."""
        folder = self.options.folder
        if self.options.step in {"generate", "sheet"} or self.options.executor:
            problem = write_files.folder_problem(folder)  # nothing is imported here
        else:
            wanted = dict.fromkeys(
                (
                    # Blender writes a character in any case, as it does a World
                    Kind.WORLD if line.motions else line.request.kind,
                    folder / f"mint{line.suffix}",
                    folder / "mint.png" if self.options.renders(line) else None,
                )
                for line in self.chosen
            )
            problems = (write_files.output_problem(*each) for each in wanted)
            problem = next(filter(None, problems), None)
        return problem or contact_sheet.write_problem(folder)
