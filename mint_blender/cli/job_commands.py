# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands about jobs: each drives the board, follows the job to its next stop, and writes what was asked for."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..jobs import card
from ..jobs.board import Board
from ..jobs.job import Job, Phase, Target
from ..mint.generation import GenerationRequest
from ..mint.schema import Kind, Mode, Pose, Preset
from . import exits, session, writing
from .exits import Exit
from .terminal import Terminal, job_record


def generate(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """From the prompt to the file."""
    request = GenerationRequest(
        kind=Kind(arguments.kind),
        prompt=arguments.prompt,
        preset=Preset(arguments.preset),
        mode=Mode(arguments.mode),
        name=arguments.name,
        images=tuple(image if "://" in image else str(Path(image).absolute()) for image in arguments.image),
        pose=Pose(arguments.pose) if arguments.pose else None,
    )
    if complaint := writing.complaint(request.kind, arguments.output, arguments.render):
        terminal.error(complaint)
        return Exit.IMPORT
    target = Target(output=_text(arguments.output), render=_text(arguments.render), splats=arguments.splats)
    with session.open_board() as board:
        session.check_request(request)
        session.check_price(request, arguments.max_credits)
        job = board.start(request, target)
        return _to_the_end(board, [job], terminal, approve=arguments.approve)


def resume(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Go on with one job, or with all that were broken off."""
    with session.open_board() as board:
        if arguments.job is None:
            paused = [job for job in board.jobs() if job.phase is Phase.PAUSED]
            for job in paused:
                board.resume(job.id)
            jobs = paused + board.resume_all()
            if not jobs:
                terminal.hint("Nothing was broken off.")
        else:
            jobs = [board.job(arguments.job)]
            if jobs[0].phase is not Phase.READY:
                board.resume(jobs[0].id)
        return _to_the_end(board, jobs, terminal)


def approve(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Accept the Preview and follow the job to its end."""
    with session.open_board() as board:
        job = board.job(arguments.job)
        board.approve(job.id)
        return _to_the_end(board, [job], terminal)


def revise(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Ask for another Preview and wait for it."""
    with session.open_board() as board:
        job = board.job(arguments.job)
        board.revise(job.id, arguments.feedback)
        return _to_the_end(board, [job], terminal)


def retry(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """A new attempt at a failed job."""
    with session.open_board() as board:
        job = board.job(arguments.job)
        board.retry(job.id)
        return _to_the_end(board, [job], terminal)


def cancel(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Stop a job. That it was stopped is a success of this command."""
    with session.open_board() as board:
        job = board.job(arguments.job)
        board.cancel(job.id)
        status = _to_the_end(board, [job], terminal)
        return Exit.DONE if board.job(job.id).phase is Phase.CANCELED else status


def dismiss(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Take a job off the list."""
    with session.open_board() as board:
        job = board.job(arguments.job)
        board.dismiss(job.id)
    terminal.result(job_record(job, event="dismissed"), f"{job.title} is off the list; its files stay where they are.")
    return Exit.DONE


def place(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Write a finished job's result into a file."""
    if arguments.output is None and arguments.render is None:
        terminal.error("Say where to: -o FILE.blend, -o FILE.glb or --render FILE.png.")
        return Exit.USAGE
    with session.open_board() as board:
        job = board.job(arguments.job)
        if complaint := writing.complaint(job.kind, arguments.output, arguments.render):
            terminal.error(complaint)
            return Exit.IMPORT
        if job.phase not in {Phase.READY, Phase.PLACED}:
            terminal.error(f"{job.title} is not ready to place: {card.state(job)}")
            return exits.of_job(job)
        if not all(Path(kept.path).is_file() for kept in job.files):
            board.fetch_again(job.id)
            session.follow(board, job.id, lambda news: None)
        job = board.retarget(job.id, Target(output=_text(arguments.output), render=_text(arguments.render), splats=job.target.splats))
        return finish(board, job, terminal)


def list_jobs(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """The jobs in the journal, newest first."""
    with session.open_board() as board:
        jobs = board.jobs()
        for job in jobs:
            terminal.result(job_record(job), f"{job.id}  {job.kind:5}  {job.title}: {card.state(job)}" + _in_brackets(card.cost(job)))
        if not jobs:
            terminal.hint("There are no jobs.")
    return Exit.DONE


def _to_the_end(board: Board, jobs: list[Job], terminal: Terminal, *, approve: bool = False) -> Exit:
    """Follow jobs to where they rest, then write the files that each was to become; the status of the first that is not done."""
    with terminal.progress() as display:
        tell = terminal.teller(board, display)
        board.watch([job.id for job in jobs], tell)
        for job in jobs:
            session.follow(board, job.id, tell, (lambda preview: "approve") if approve else None)
    statuses = [finish(board, board.job(job.id), terminal) for job in jobs]
    return next((status for status in statuses if status is not Exit.DONE), Exit.DONE)


def finish(board: Board, job: Job, terminal: Terminal) -> Exit:
    """Write the result of a job that is ready, and say how it stands."""
    status = exits.of_job(job)
    if status is Exit.DONE and (job.target.output or job.target.render):
        status = _write(board, job, terminal)
        job = board.job(job.id)
    if status is Exit.DONE:
        terminal.result(job_record(job, event="result"), *_done_lines(job))
    elif status is not Exit.IMPORT:
        terminal.result(job_record(job, event="result"))
        terminal.hint(f"{job.title}: {_stop_sentence(job)}")
    return status


def _write(board: Board, job: Job, terminal: Terminal) -> Exit:
    try:
        notes = writing.write(job)
    except writing.NotImported as trouble:
        kept = ", ".join(kept.path for kept in job.files)
        terminal.error(f"{job.title} is here, but could not be written. {trouble} Mint's files are kept: {kept}", job=job.id)
        return Exit.IMPORT
    board.placed(job.id, *notes)
    return Exit.DONE


def _done_lines(job: Job) -> list[str]:
    """What was made, where it lies, and what it cost."""
    written = [text for text in (job.target.output, job.target.render) if text and Path(text).exists()]
    where = written or [kept.path for kept in job.files]
    return [
        f"{job.title}: {card.state(job)}" + _in_brackets(card.cost(job)),
        *(f"  {path}" for path in where),
        *(f"  {note}" for note in job.notes),
    ]


def _stop_sentence(job: Job) -> str:
    """Why the job stands still, and the command that moves it."""
    if job.phase is Phase.REVIEW:
        picture = job.previews[-1].path if job.previews else "(no picture)"
        return f'the Preview is ready: {picture}\n  approve {job.id}   or   revise {job.id} "what should change"   or   cancel {job.id}'
    sentence = job.trouble.sentence if job.trouble else card.state(job)
    actions = ", ".join(f"{verb.value} {job.id}" for verb in card.verbs(job))
    return "\n  ".join([sentence, *job.notes, *([f"next: {actions}"] if actions else [])])


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
