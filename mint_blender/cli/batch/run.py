# SPDX-License-Identifier: GPL-3.0-or-later
"""Many prompts: a few at once, each written as soon as it is here.

A rerun continues: no line is ever started twice.

Which job belongs to which line stands in the ledger of the results' folder before anything is sent
for it: neither a kill in between nor another journal can lose it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ...delivery import write
from ...delivery.background import BackgroundImporter
from ...files.lock import FileInUse
from ...jobs.service import NotPossible
from ...jobs.storage.lease import UNKNOWN, Lease
from .. import session
from ..exits import Exit
from ..output.terminal import Terminal
from . import contact_sheet, line_jobs
from .lines import BadLineError, Line, read_lines
from .runner import BatchRun, Options


def run(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate every line of a file; the status of the first line that is not done."""
    # However the folder is spelled: its lines are found by it, and not to be found is to be paid
    # for again.
    options = Options(arguments.output.resolve(), arguments.render, arguments.retry_failed)
    try:
        lines = read_lines(arguments.file)
        with session.open_journal() as job_service:
            started_tags = line_jobs.started_tags(job_service, options.folder)
        for line in lines:
            # the others were checked when they began, and their pictures may be gone since
            if line.tag not in started_tags:
                _check(line, arguments.file)
    except BadLineError as error:
        terminal.error(f"{error} Nothing was started.")
        return Exit.USAGE
    if complaint := _cannot_write(lines, options):
        terminal.error(complaint)
        return Exit.IMPORT
    try:
        with line_jobs.lock_folder(options.folder) as lease:
            return _generate(lines, options, arguments, terminal, lease)
    except FileInUse as by:
        name = str(by).replace(UNKNOWN, "another machine")
        host = f" on {name}" if name else ""
        more = f" If {name} is off, try again in a minute." if name else ""
        terminal.error(
            f"A batch into {options.folder} is running already{host}: wait for it, or stop it."
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
    with session.open_job_service() as job_service, BackgroundImporter() as importer:
        batch_run = BatchRun(job_service, options, terminal, lines, importer)
        batch_run.is_lost = lambda: lease.is_lost
        try:
            return batch_run.run(arguments.jobs, arguments.max_credits)
        finally:  # however it ends, the contact sheet says how every line stands
            batch_run.write_sheet(arguments.file.name)


def _check(line: Line, path: Path) -> None:
    """What Mint would refuse, told with its place in the file."""
    try:
        session.check_request(line.request)
    except NotPossible as error:
        raise BadLineError(f"{path.name}, line {line.number}: {error}") from error


def _cannot_write(lines: list[Line], options: Options) -> str | None:
    """Why the results could not be written here, or None."""
    for kind, suffix, renders in sorted(
        {(line.request.kind, line.suffix, options.renders(line)) for line in lines}
    ):
        file = options.folder / f"mint{suffix}"
        if complaint := write.output_problem(
            kind, file, file.with_suffix(".png") if renders else None
        ):
            return complaint
    return contact_sheet.complaint(options.folder)
