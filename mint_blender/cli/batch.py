# SPDX-License-Identifier: GPL-3.0-or-later
"""Many prompts: a few at once, each written as soon as it is here. A rerun continues: no line is ever started twice.

Which job belongs to which line is part of the job's own first commit, so that not even a kill in between can lose it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..jobs.board import Board
from ..jobs.job import Job, Phase, Target
from ..mint.schema import Kind, Mode, Preset
from . import batch_lines, session, writing
from .batch_lines import BadLine, Line
from .exits import Exit
from .job_commands import finish
from .session import TooExpensive
from .terminal import Display, Terminal


def run(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate every line of a file; the status of the first line that is not done."""
    try:
        lines = batch_lines.read(arguments.file)
    except BadLine as trouble:
        terminal.error(f"{trouble} Nothing was started.")
        return Exit.USAGE
    folder = arguments.output.absolute()
    for line in lines:
        if complaint := writing.complaint(line.request.kind, folder / f"{line.stem}{line.suffix}", None):
            terminal.error(complaint)
            return Exit.IMPORT
    with session.open_board() as board:
        known = _known_jobs(board, folder)
        fresh = [line for line in lines if line.tag not in known]
        for line in fresh:
            session.check_request(line.request)
        _say_price(fresh, arguments.max_credits, terminal)
        statuses = _Run(board, folder, terminal).run(lines, known, arguments.jobs)
    counts = Counter("done" if status is Exit.DONE else "not done" for status in statuses)
    terminal.hint(f"{counts['done']} of {len(lines)} lines are done; the files are in {folder}. The same command goes on with the rest.")
    return next((status for status in statuses if status is not Exit.DONE), Exit.DONE)


class _Run:
    """One run over all lines: starts, hears, finishes."""

    def __init__(self, board: Board, folder: Path, terminal: Terminal) -> None:
        self._board = board
        self._folder = folder
        self._terminal = terminal
        self._statuses: list[Exit] = []

    def run(self, lines: list[Line], known: dict[str, Job], at_once: int) -> list[Exit]:
        """Keep `at_once` lines going until all have come to rest."""
        waiting, active = iter(lines), set[str]()
        with self._terminal.progress() as display:
            tell = self._terminal.teller(self._board, display)
            while True:
                active |= set(self._begin(waiting, known, at_once - len(active), display))
                if not active:
                    return self._statuses
                tell(self._board.hear())
                for job_id in [job_id for job_id in active if not self._board.is_active(job_id)]:
                    active.remove(job_id)
                    self._end(self._board.job(job_id))

    def _begin(self, waiting: Iterator[Line], known: dict[str, Job], places: int, display: Display) -> Iterator[str]:
        """Start the next lines, or go on with the jobs that an earlier run began."""
        while places > 0 and (line := next(waiting, None)) is not None:
            job = known.get(line.tag)
            if job is None:
                output = self._folder / f"{line.stem}{line.suffix}"
                job = self._board.start(line.request, Target(output=str(output), splats=line.splats, line=_tag(self._folder, line.tag)))
            elif _goes_on(job):
                self._board.resume(job.id)
            if self._board.is_active(job.id):
                places -= 1
                yield job.id
            else:
                self._end(job)

    def _end(self, job: Job) -> None:
        done_before = job.phase is Phase.PLACED and job.target.output is not None and Path(job.target.output).exists()
        self._statuses.append(Exit.DONE if done_before else finish(self._board, job, self._terminal))


def _goes_on(job: Job) -> bool:
    """A rerun goes on with what was broken off or waited for Credits. A failed line is not paid for again unasked: `retry` does that."""
    return (
        job.phase in {Phase.WAITING, Phase.SENDING, Phase.WORKING, Phase.FETCHING, Phase.PAUSED, Phase.BILLING} or job.decision is not None
    )


def _tag(folder: Path, tag: str) -> str:
    return f"{folder}#{tag}"


def _known_jobs(board: Board, folder: Path) -> dict[str, Job]:
    """The jobs of earlier runs into this folder, by their line's tag."""
    start = _tag(folder, "")
    return {job.target.line.removeprefix(start): job for job in board.jobs() if job.target.line and job.target.line.startswith(start)}


def _say_price(lines: list[Line], most: float | None, terminal: Terminal) -> None:
    """What the lines that are still to be started will cost; refuses when that is more than the limit."""
    if not lines:
        return
    counts: Counter[tuple[Kind, Preset, Mode]] = Counter()
    for line in lines:
        counts[(line.request.kind, line.request.preset, line.request.mode)] += 1
    total: float | None = 0.0
    with session.open_client() as client:
        for request in {(line.request.kind, line.request.preset, line.request.mode): line.request for line in lines}.values():
            price = session.estimate(client, request)
            each = price.estimated_total if price else None
            count = counts[(request.kind, request.preset, request.mode)]
            total = None if total is None or each is None else total + each * count
    if total is None:
        terminal.hint(f"{len(lines)} lines to start; Mint does not tell what they will cost.")
    else:
        terminal.hint(f"{len(lines)} lines to start, about {total:,.0f} Credits in all.")
    if most is not None and (total is None or total > most):
        raise TooExpensive(f"That is more than the limit of {most:,.0f} Credits, or cannot be known; nothing was started.")
