# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `batch`: check the file, lock the folder, and hand the lines to `runner`.

Or only to `write_step`, for lines that are finished at Mint.

A rerun continues and never starts a line twice: before anything is sent for a line, that is
noted in the folder of results (`line_files`). A crash or another journal cannot lose it.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ...delivery import write_files
from ...files.file_lock import FileInUse
from ...jobs.batch_folder.claims import open_claims
from ...jobs.batch_lines import BadLineError, Line, choose, first_complaint, read_lines
from ...jobs.storage.batch_lease import UNKNOWN, Lease
from ...mint.errors import MintError
from .. import exits, session
from ..exits import Exit
from ..output.terminal import Terminal
from . import contact_sheet, line_jobs, mint_files, openjd, result_files
from .dask_executor.cluster import ClusterError
from .result_writer import ResultWriter, Writers, open_writers
from .runner import BatchRun, Options
from .write_step import WriteStep, current_job


def batch(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate every line of a file; return the first status that is not done."""
    if problem := _wrong_options(arguments):
        terminal.error(problem)
        return Exit.USAGE
    # Resolved, since a job is found by its folder: a job that is not found would be paid for again.
    options = Options(
        arguments.output.resolve(),
        arguments.render,
        arguments.retry_failed,
        again=arguments.again,
        writes=arguments.step != "generate",
        start_again=arguments.start_again,
        skip_failed=arguments.skip_failed,
    )
    try:
        lines = read_lines(arguments.file)
        chosen = choose(lines, arguments.lines)
        if arguments.step in {None, "generate"} and not options.again:
            _check_new(lines, options, arguments.file)
    except BadLineError as error:
        terminal.error(f"{error} Nothing was started.")
        return Exit.USAGE
    if arguments.openjd is not None:
        return openjd.write(arguments, chosen, terminal)
    imports_here = arguments.step not in {"generate", "sheet"} and not arguments.executor
    if problem := _cannot_write(chosen, options, needs_blender=imports_here):
        terminal.error(problem)
        return Exit.IMPORT
    if arguments.step == "sheet":
        return _write_sheet(lines, options, arguments, terminal)
    try:
        with open_writers(arguments, options.folder) as writers:
            finished_only = arguments.step == "write" or (options.again and options.writes)
            run = _write_finished if finished_only else _lock_and_generate
            return run(lines, chosen, options, arguments, terminal, writers)
    except ClusterError as error:
        terminal.error(str(error))
        return Exit.IMPORT


def _wrong_options(arguments: argparse.Namespace) -> str | None:
    """Return which options do not go together, or None."""
    if arguments.ship_results and not arguments.executor:
        return "--ship-results needs --executor. Nothing was started."
    if arguments.executor and arguments.workers:
        return "--workers is for this machine: use it without --executor. Nothing was started."
    if arguments.executor and arguments.step in {"generate", "sheet"}:
        return f"--step {arguments.step} writes no results, so it takes no --executor."
    if arguments.executor and arguments.openjd is not None:
        return "--openjd writes a job for another farm, so it takes no --executor."
    return None


def _lock_and_generate(
    lines: list[Line],
    chosen: list[Line],
    options: Options,
    arguments: argparse.Namespace,
    terminal: Terminal,
    writers: Writers,
) -> Exit:
    try:
        with line_jobs.lock_folder(options.folder) as lease:
            return _generate(lines, chosen, options, arguments, terminal, writers, lease)
    except FileInUse as error:
        name = str(error).replace(UNKNOWN, "another machine")
        host = f" on {name}" if name else ""
        more = f" If {name} is off, try again in a minute." if name else ""
        terminal.error(
            f"Another batch is already writing to {options.folder}{host}. Wait for it, or stop it."
            f"{more} Nothing was started."
        )
        return Exit.FAILED


def _generate(
    lines: list[Line],
    chosen: list[Line],
    options: Options,
    arguments: argparse.Namespace,
    terminal: Terminal,
    writers: Writers,
    lease: Lease,
) -> Exit:
    with session.open_job_service(readable=writers.readable, on_wait=terminal.wait) as job_service:
        writer = ResultWriter(writers, job_service.notify)
        # it asks Mint whose key this is if lines come from another journal
        batch_run = session.call_mint(
            lambda: BatchRun(job_service, options, terminal, lines, writer), terminal.wait
        )
        batch_run.is_lost = lambda: not lease.is_held()
        lease.on_lost = job_service.notify
        try:
            return batch_run.run(chosen, arguments.jobs, arguments.max_credits)
        finally:
            if options.writes:
                batch_run.write_sheet(arguments.file.name)


def _write_finished(
    lines: list[Line],
    chosen: list[Line],
    options: Options,
    arguments: argparse.Namespace,
    terminal: Terminal,
    writers: Writers,
) -> Exit:
    """Write finished lines; without `--step`, download missing files first, and write the sheet."""
    status = Exit.DONE
    with session.open_journal() as job_service:
        jobs = line_jobs.finished_jobs(job_service, options.folder, lines, chosen)
    if arguments.step is None:
        try:
            mint_files.fetch_missing(chosen, jobs, options, terminal, writers.readable)
        except (MintError, session.NotAllowedOnline) as error:
            terminal.error(str(error))
            status = exits.of_error(error)
    with (
        session.open_journal() as job_service,
        open_claims(options.folder) as claims,
    ):
        find = partial(mint_files.find, job_service, options.folder)
        step = WriteStep(options, terminal, jobs, find, ResultWriter(writers), claims)
        written = step.run(chosen)
    if arguments.step is None:
        _write_sheet(lines, options, arguments, terminal)
    return written if written is Exit.DONE else status or written


def _write_sheet(
    lines: list[Line], options: Options, arguments: argparse.Namespace, terminal: Terminal
) -> Exit:
    """Write the contact sheet from what the folder knows."""
    with session.open_journal() as job_service:
        jobs = line_jobs.finished_jobs(job_service, options.folder, lines, lines)
    reports = [
        result_files.report(line, current_job(jobs.get(line.tag), options.folder), terminal)
        for line in lines
    ]
    if jobs and not contact_sheet.report_sheet(
        options.folder, arguments.file.name, reports, terminal
    ):
        return Exit.IMPORT
    return Exit.DONE


def _check_new(lines: list[Line], options: Options, path: Path) -> None:
    """Raise BadLineError for a line that Mint would refuse.

    Started lines were checked before, and their pictures may be gone by now.
    """
    with session.open_journal() as job_service:
        started_tags = line_jobs.started_tags(job_service, options.folder, lines)
    new = (line for line in lines if line.tag not in started_tags)
    if complaint := first_complaint(new):
        raise BadLineError(f"{path.name}, line {complaint[0]}: {complaint[1]}")


def _cannot_write(lines: list[Line], options: Options, *, needs_blender: bool) -> str | None:
    """Return why the results cannot be written here, or None.

    `needs_blender` is False where nothing is imported here.
    """
    if not needs_blender and (problem := write_files.folder_problem(options.folder)):
        return problem
    if not needs_blender:
        return contact_sheet.write_problem(options.folder)
    for kind, suffix, renders in sorted(
        {(line.request.kind, line.suffix, options.renders(line)) for line in lines}
    ):
        file = options.folder / f"mint{suffix}"
        if problem := write_files.output_problem(
            kind, file, file.with_suffix(".png") if renders else None
        ):
            return problem
    return contact_sheet.write_problem(options.folder)
