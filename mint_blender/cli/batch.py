# SPDX-License-Identifier: GPL-3.0-or-later
"""Many prompts: a few at once, each written as soon as it is here. A rerun continues: no line is ever started twice.

Which job belongs to which line is part of the job's own first commit, so that not even a kill in between can lose it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from ..jobs.board import Board, NotPossible
from ..jobs.job import Job, Phase, Target
from ..mint.generation import GenerationRequest
from . import batch_lines, session, writing
from .batch_lines import BadLine, Line
from .exits import Exit
from .job_commands import finish, goes_on
from .terminal import Terminal, job_record


def run(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Generate every line of a file; the status of the first line that is not done."""
    folder = arguments.output.absolute()
    try:
        lines = batch_lines.read(arguments.file)
        for line in lines:
            _check(line, arguments.file)
    except BadLine as trouble:
        terminal.error(f"{trouble} Nothing was started.")
        return Exit.USAGE
    for line in lines:
        if complaint := writing.complaint(line.request.kind, folder / line.file, None):
            terminal.error(complaint)
            return Exit.IMPORT
    with session.open_board() as board:
        known = _known_jobs(board, folder)
        _say_price(board, [line for line in lines if line.tag not in known], arguments.max_credits, terminal)
        statuses = _Run(board, folder, terminal).run(lines, known, arguments.jobs)
    done = sum(status is Exit.DONE for status in statuses)
    terminal.hint(f"{done} of {len(lines)} lines are done; the files are in {folder}.")
    if done < len(lines):
        terminal.hint("The same command goes on with the rest. A line that failed is not paid for again unasked: retry does that.")
    return next((status for status in statuses if status is not Exit.DONE), Exit.DONE)


def _check(line: Line, path: Path) -> None:
    """What Mint would refuse, told with its place in the file."""
    try:
        session.check_request(line.request)
    except NotPossible as trouble:
        raise BadLine(f"{path.name}, line {line.number}: {trouble}") from trouble


class _Run:
    """One run over all lines: starts, hears, finishes."""

    def __init__(self, board: Board, folder: Path, terminal: Terminal) -> None:
        self._board = board
        self._folder = folder
        self._terminal = terminal
        self._active: dict[str, Line] = {}
        self._statuses: dict[int, Exit] = {}

    def run(self, lines: list[Line], known: dict[str, Job], at_once: int) -> list[Exit]:
        """Keep `at_once` lines going until all have come to rest; their statuses, in the order of the file."""
        waiting = iter(lines)
        with self._terminal.progress() as display:
            tell = self._terminal.teller(self._board, display)
            while True:
                while len(self._active) < at_once and (line := next(waiting, None)) is not None:
                    self._begin(line, known.get(line.tag))
                if not self._active:
                    return [status for _, status in sorted(self._statuses.items())]
                tell(self._board.hear())
                for job_id in [job_id for job_id in self._active if not self._board.is_active(job_id)]:
                    self._end(self._active.pop(job_id), self._board.job(job_id))

    def _begin(self, line: Line, job: Job | None) -> None:
        """Start a line, or go on with the job that an earlier run began for it."""
        if job is None:
            target = Target(output=str(self._folder / line.file), splats=line.splats, line=_tag(self._folder, line.tag))
            job = self._board.start(line.request, target)
        elif goes_on(job) or job.phase is Phase.BILLING:
            self._board.resume(job.id)
        if self._board.is_active(job.id):
            self._active[job.id] = line
        else:
            self._end(line, job)

    def _end(self, line: Line, job: Job) -> None:
        if job.phase is Phase.PLACED and job.target.output is not None and Path(job.target.output).exists():
            self._terminal.event({**job_record(job, event="result"), "line": line.number})
            self._statuses[line.number] = Exit.DONE
        else:
            self._statuses[line.number] = finish(self._board, job, self._terminal, line=line.number)


def _tag(folder: Path, tag: str) -> str:
    return f"{folder}#{tag}"


def _known_jobs(board: Board, folder: Path) -> dict[str, Job]:
    """The jobs of earlier runs into this folder, by their line's tag."""
    start = _tag(folder, "")
    return {(job.target.line or "").removeprefix(start): job for job in board.lines(start)}


def _say_price(board: Board, lines: list[Line], most: float | None, terminal: Terminal) -> None:
    """What the lines that are still to be started will cost; refuses when that is more than the limit."""
    if not lines:
        return
    counts = Counter((line.request.kind, line.request.preset, line.request.mode) for line in lines)
    prices: list[float | None] = []
    with session.open_client() as client:
        for (kind, preset, mode), count in counts.items():
            price = session.learn_price(board, client, GenerationRequest(kind, "", preset, mode), terminal.wait)
            prices += [price] * count
    total = None if None in prices else sum(price or 0.0 for price in prices)
    amount = "Mint does not tell what they will cost" if total is None else f"about {total:,.0f} Credits in all"
    terminal.hint(f"{len(lines)} {'line' if len(lines) == 1 else 'lines'} to start: {amount}.")
    if most is not None:
        session.check_total(total, most)
    session.check_many(board, prices)
