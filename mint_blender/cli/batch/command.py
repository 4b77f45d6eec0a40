# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `batch`: check the file, lock the folder, and hand the lines to `runner`.

A rerun continues and never starts a line twice: before anything is sent for a line, its job is
written to the ledger in the folder of results. A crash or another journal cannot lose it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ...delivery import write_files
from ...delivery.blender_pool import BlenderPool, default_workers
from ...files.file_lock import FileInUse
from ...jobs.service import NotPossible
from ...jobs.storage.batch_lease import UNKNOWN, Lease
from .. import session
from ..exits import Exit
from ..output.terminal import Terminal
from . import contact_sheet, line_jobs
from .lines import BadLineError, Line, read_lines
from .result_writer import ResultWriter
from .runner import BatchRun, Options


def batch(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate every line of a file; return the first status that is not done."""
    # Resolved, since a job is found by its folder: a job that is not found would be paid for again.
    options = Options(arguments.output.resolve(), arguments.render, arguments.retry_failed)
    try:
        lines = read_lines(arguments.file)
        with session.open_journal() as job_service:
            started_tags = line_jobs.started_tags(job_service, options.folder)
        for line in lines:
            # Started lines were checked before, and their pictures may be gone by now.
            if line.tag not in started_tags:
                _check(line, arguments.file)
    except BadLineError as error:
        terminal.error(f"{error} Nothing was started.")
        return Exit.USAGE
    if problem := _cannot_write(lines, options):
        terminal.error(problem)
        return Exit.IMPORT
    try:
        with line_jobs.lock_folder(options.folder) as lease:
            return _generate(lines, options, arguments, terminal, lease)
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
    options: Options,
    arguments: argparse.Namespace,
    terminal: Terminal,
    lease: Lease,
) -> Exit:
    workers = arguments.workers or default_workers()
    with session.open_job_service() as job_service, BlenderPool(workers) as pool:
        writer = ResultWriter(pool, 2 * workers, job_service.notify)
        batch_run = BatchRun(job_service, options, terminal, lines, writer)
        batch_run.is_lost = lambda: lease.is_lost
        try:
            return batch_run.run(arguments.jobs, arguments.max_credits)
        finally:
            batch_run.write_sheet(arguments.file.name)


def _check(line: Line, path: Path) -> None:
    """Raise BadLineError for a request that Mint would refuse."""
    try:
        session.check_request(line.request)
    except NotPossible as error:
        raise BadLineError(f"{path.name}, line {line.number}: {error}") from error


def _cannot_write(lines: list[Line], options: Options) -> str | None:
    """Return why the results cannot be written here, or None."""
    for kind, suffix, renders in sorted(
        {(line.request.kind, line.suffix, options.renders(line)) for line in lines}
    ):
        file = options.folder / f"mint{suffix}"
        if problem := write_files.output_problem(
            kind, file, file.with_suffix(".png") if renders else None
        ):
            return problem
    return contact_sheet.write_problem(options.folder)
