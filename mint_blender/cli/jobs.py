# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands about jobs: each drives the job service, follows the job to its next stop, and writes
what was asked for.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..delivery import write as delivery_write
from ..jobs import presenter, rejected_files
from ..jobs.engine.outage import StillUnreachable
from ..jobs.job import BUSY, Hold, Job, Phase, Role, Target, Verb
from ..jobs.service import JobService, NotPossible
from ..jobs.storage import import_marks
from ..jobs.storage.earlier_queue import Queue
from ..mint.generation_request import GenerationRequest
from ..mint.schema import Kind, Mode, OptimizationLevel, Pose, Preset
from . import exits, session
from .exits import Exit
from .terminal import Terminal, job_record

Write = Callable[[Job], tuple[str, ...]]
"""Writes what a job's target names; returns remarks, raises `writing.DeliveryError`."""


def generate(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """From the prompt to the file."""
    request = GenerationRequest(
        kind=Kind(arguments.kind),
        prompt=arguments.prompt,
        preset=Preset(arguments.preset),
        mode=Mode(arguments.mode),
        name=arguments.name,
        images=tuple(
            image if "://" in image else str(Path(image).absolute()) for image in arguments.image
        ),
        pose=Pose(arguments.pose) if arguments.pose else None,
    )
    session.check_request(request)
    if complaint := delivery_write.output_problem(request.kind, arguments.output, arguments.render):
        terminal.error(complaint)
        return Exit.IMPORT
    target = Target(
        output=path_text(arguments.output),
        render=path_text(arguments.render),
        splats=arguments.splats,
    )
    level = OptimizationLevel(arguments.optimize) if arguments.optimize else None
    with session.open_job_service() as job_service:
        session.check_price(job_service, request, level, arguments.max_credits, terminal.wait)
        job = job_service.start(request, target, optimize=level, max_credits=arguments.max_credits)
        return follow_and_write(job_service, [job], terminal, approve=arguments.approve)


def resume(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Go on with one job, or with all that were broken off or are still in line.

    What waits for a person is only shown.
    """
    with session.open_job_service() as job_service:
        if arguments.job is None:
            jobs = _resume_all(job_service)
            crashed = [
                job for job in job_service.jobs() if job.phase is Phase.READY and has_crashed(job)
            ]
            for job in crashed:
                terminal.note(
                    f"{job.title}: {import_marks.CRASHED} {terminal.command('resume', job.id)}"
                )
            if not jobs and not crashed:
                terminal.note("No jobs were interrupted.")
            if foreign := sum(
                job.hold is Hold.FOREIGN and job.phase in BUSY for job in job_service.jobs()
            ):
                terminal.note(_of_another_account(foreign))
            status = follow_and_write(job_service, jobs, terminal)
            return Exit.IMPORT if crashed and status is Exit.DONE else status
        job = _with_limit(job_service, arguments)
        if goes_on(job) or job.phase is Phase.BILLING or job.hold is not None:
            job_service.resume(job.id)
        return follow_and_write(job_service, [job], terminal)


def _with_limit(job_service: JobService, arguments: argparse.Namespace) -> Job:
    """The job that is named, with another limit of its own where one was said."""
    job = job_service.job(arguments.job)
    if arguments.max_credits is not None:
        job_service.set_limit(job.id, arguments.max_credits)
    return job_service.job(job.id)


def _resume_all(job_service: JobService) -> list[Job]:
    """Go on with all that was broken off; returns it, and what has not been written into its files
    yet.
    """
    unfinished = [job for job in job_service.jobs() if goes_on(job) or _is_unwritten(job)]
    for job in unfinished:
        if goes_on(job):
            job_service.resume(job.id)
    # What another process drives was not broken off.
    return [job for job in unfinished if job_service.is_active(job.id) or _is_unwritten(job)]


def goes_on(job: Job) -> bool:
    """Was it broken off, so that going on costs nothing that was not decided before?"""
    return job.goes_on or (job.phase is Phase.PAUSED and job.hold is None)


def _is_unwritten(job: Job) -> bool:
    """The files are here, but not yet what was to become of them.

    What took Blender down is only tried again when a person names it.
    """
    return (
        job.phase is Phase.READY
        and bool(job.target.output or job.target.render)
        and not has_crashed(job)
    )


def has_crashed(job: Job) -> bool:
    """Did its last import take Blender down?"""
    return job.trouble is not None and job.trouble.code == import_marks.CRASHED_CODE


def approve(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Accept the Preview and follow the job to its end."""
    with session.open_job_service() as job_service:
        job = _with_limit(job_service, arguments)
        job_service.approve(job.id)
        return follow_and_write(job_service, [job], terminal)


def revise(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Ask for another Preview and wait for it."""
    with session.open_job_service() as job_service:
        job = _with_limit(job_service, arguments)
        job_service.revise(job.id, arguments.feedback)
        return follow_and_write(job_service, [job], terminal)


def retry(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """A new attempt at a failed job."""
    with session.open_job_service() as job_service:
        job = _with_limit(job_service, arguments)
        job_service.retry(job.id)
        return follow_and_write(job_service, [job], terminal)


def cancel(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Stop a job: a success only where it was stopped.

    Where Mint cannot do that, what goes on is said, and not waited for.
    """
    with session.open_job_service() as job_service:
        job = job_service.job(arguments.job)
        job_service.cancel(job.id)
        session.wait_for_other_process(job_service, job.id, terminal.note)
        with terminal.progress() as display:
            session.wait_for_decision(
                job_service, job.id, terminal.progress_listener(job_service, display)
            )
        job = job_service.job(job.id)
        if job.decision is None and job.phase is Phase.WORKING:
            terminal.event(job_record(job, event="result"))
            terminal.note(
                f"{job.title}: {job.notes[-1] if job.notes else presenter.state(job)}\n "
                f" {terminal.command('resume', job.id)}"
            )
            return Exit.FAILED
        status = follow_and_write(job_service, [job], terminal)
        return Exit.DONE if job_service.job(job.id).phase is Phase.CANCELED else status


def dismiss(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Take a job off the list."""
    with session.open_journal() as job_service:
        if any(each.id == arguments.job for each in job_service.unreadable()):
            job_service.dismiss(arguments.job)
            sentence = f"{arguments.job} is off the list; its record stays in the journal."
            terminal.result({"event": "dismissed", "job": arguments.job}, sentence)
            return Exit.DONE
        job = job_service.job(arguments.job)
        job_service.dismiss(job.id)
    terminal.result(
        job_record(job, event="dismissed"),
        f"{job.title} is off the list; its files stay where they are.",
    )
    return Exit.DONE


def place(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Write a finished job's result into a file."""
    if arguments.output is None and arguments.render is None:
        terminal.error("Say where to: -o FILE.blend, -o FILE.glb or --render FILE.png.")
        return Exit.USAGE
    with session.open_journal() as job_service:
        job = job_service.job(arguments.job)
        if job.convert:
            raise NotPossible(
                f"{job.title}: only other formats of it were saved. Place the job that"
                " generated it."
            )
        target = replace(
            job.target, output=path_text(arguments.output), render=path_text(arguments.render)
        )
        # What was refused can be copied all the same: another program may read it.
        raw = arguments.raw or (
            rejected_files.has_importable(job)
            and job.file(Role.MODEL) is None
            and replace(job, target=target).is_copied
        )
        if job.phase not in {Phase.READY, Phase.PLACED} and not (
            raw and _has_rejected_file(job_service, job)
        ):
            terminal.error(
                f"{job.title} is not ready to place. {_stop_text(job, terminal)}", job=job.id
            )
            return exits.of_job(job)
        if complaint := delivery_write.output_problem(
            Kind.MODEL if raw else job.kind, arguments.output, arguments.render
        ):
            terminal.error(complaint)
            return Exit.IMPORT
        if raw:
            return deliver(job_service, job, terminal, target=target, raw=True)
        if job.target.line is None:
            # a batch finds its files, and keeps its record, where its own job says that they lie
            job_service.set_delivery(job.id, target)
        if all(Path(kept.path).is_file() for kept in job.files):
            return deliver(job_service, job, terminal, target=target)
    with session.open_job_service() as job_service:
        job_service.fetch_again(job.id)
        return follow_and_write(job_service, [job], terminal, target=target)


def _has_rejected_file(job_service: JobService, job: Job) -> bool:
    """Does it rest with a file that our check refused?"""
    return (
        job.phase is Phase.PAUSED
        and rejected_files.has_importable(job)
        and not job_service.is_active(job.id)
    )


def list_jobs(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """The jobs in the journal, newest first."""
    with session.open_journal() as job_service:
        jobs = job_service.jobs()
        for job in jobs:
            terminal.result(
                job_record(job),
                f"{job.id}  {job.kind:5}  {job.title}:"
                f" {presenter.state(job)}{_in_parentheses(presenter.cost(job))}",
            )
        for each in job_service.unreadable():
            terminal.result(
                {"event": "unreadable", "job": each.id}, f"{each.id}  {presenter.UNREADABLE}"
            )
        if not jobs and not job_service.unreadable():
            terminal.note("There are no jobs.")
        if (queue := job_service.refresh_queue()).count:
            terminal.note(_queued(queue, terminal))
    return Exit.DONE


def follow_and_write(
    job_service: JobService,
    jobs: list[Job],
    terminal: Terminal,
    *,
    approve: bool = False,
    target: Target | None = None,
) -> Exit:
    """Follow jobs to where they rest, then write the files that each was to become, or what
    `target` names instead; the status of the first that is not done.
    """
    away: StillUnreachable | None = None
    with terminal.progress() as display:
        listener = terminal.progress_listener(job_service, display)
        try:
            job_service.watch([job.id for job in jobs], listener)
            for job in jobs:
                session.follow(
                    job_service, job.id, listener, (lambda preview: "approve") if approve else None
                )
        except StillUnreachable as error:
            away = error
    statuses = [
        deliver(job_service, job_service.job(job.id), terminal, target=target)
        for job in jobs
        if not job_service.is_active(job.id)
    ]
    if away is not None:
        terminal.error(f"{away}\n  {terminal.command('resume')}")
        statuses.append(Exit.UNREACHABLE)
    return next((status for status in statuses if status is not Exit.DONE), Exit.DONE)


def deliver(
    job_service: JobService,
    job: Job,
    terminal: Terminal,
    *,
    line: int | None = None,
    target: Target | None = None,
    write: Write | None = None,
    raw: bool = False,
) -> Exit:
    """Write the result of a job that is ready, and say how it stands; `line` is its place in a
    batch, `target` another place, this once. `write`: how; as usual in this process, which a mark
    on disk then tells of. `raw`: also a file that our check refused.
    """
    status = exits.of_job(job)
    job = replace(job, target=target or job.target)
    said = False
    if (status is Exit.DONE or raw) and (job.target.output or job.target.render):
        status = _write(
            job_service, job, terminal, write or partial(_write_here, job_service, raw=raw)
        )
        said = status is not Exit.DONE
        job = job_service.job(job.id)
        job = replace(job, target=target or job.target)
    record = job_record(job, event="result") | ({} if line is None else {"line": line})
    if status is Exit.DONE:
        terminal.result(record, *_done_lines(job))
    else:
        terminal.event(record)
        if not said:
            terminal.note(
                f"{'' if line is None else f'line {line}: '}{job.title}:"
                f" {_stop_text(job, terminal)}"
            )
    return status


def _write_here(job_service: JobService, job: Job, *, raw: bool) -> tuple[str, ...]:
    with import_marks.importing(job_service.home, job.id):
        return delivery_write.write(job, raw=raw)


def _write(job_service: JobService, job: Job, terminal: Terminal, write: Write) -> Exit:
    try:
        notes = write(job)
    except delivery_write.DeliveryError as error:
        kept = "".join(f"\n  {kept.path}" for kept in (*job.files, *job.refused))
        terminal.error(
            f"{job.title} was downloaded, but could not be written. {error} Mint's files are"
            f" kept:{kept}",
            job=job.id,
        )
        job_service.mark_import_failed(job.id, str(error))
        return Exit.IMPORT
    job_service.mark_placed(job.id, *notes)
    return Exit.DONE


def _done_lines(job: Job) -> list[str]:
    """What was made, where it lies, and what it cost."""
    written = [
        text for text in (job.target.output, job.target.render) if text and Path(text).exists()
    ]
    where = written or [kept.path for kept in job.files]
    return [
        f"{job.title}: {presenter.state(job)}{_in_parentheses(presenter.cost(job))}",
        *(f"  {path}" for path in where),
        *(f"  {note}" for note in job.notes),
    ]


def _stop_text(job: Job, terminal: Terminal) -> str:
    """Why the job stands still, and the commands that move it."""
    if job.phase is Phase.REVIEW:
        sentence = (
            f"The Preview is ready: {job.previews[-1].path if job.previews else '(no picture)'}"
        )
    elif job.phase in BUSY:
        sentence = f"{presenter.state(job)}. Another process is working on it."
    else:
        sentence = job.trouble.sentence if job.trouble else f"{presenter.state(job)}."
    more = {Verb.REVISE: ['"what should change"']}
    commands = [
        terminal.command(verb.value, job.id, *more.get(verb, [])) for verb in presenter.verbs(job)
    ]
    if rejected_files.has_importable(job) and job.phase is Phase.PAUSED:
        commands.append(terminal.command("place", job.id, "--raw", "-o", "FILE"))
    return "\n  ".join([sentence, *job.notes, *commands])


def _of_another_account(count: int) -> str:
    if count == 1:
        return (
            "1 unfinished job belongs to another account. It goes on with that account's key and"
            " address."
        )
    return (
        f"{count} unfinished jobs belong to another account. They go on with that account's key and"
        " address."
    )


def _queued(queue: Queue, terminal: Terminal) -> str:
    """What an earlier session has left in line, and the command that sends it."""
    told = (
        "1 queued job was never sent. To send it"
        if queue.count == 1
        else f"{queue.count} queued jobs were never sent. To send them"
    )
    price = f" (about {queue.credits:,.0f} Credits)" if queue.credits else ""
    return f"{told}{price}: {terminal.command('resume')}"


def _in_parentheses(text: str) -> str:
    return f" ({text})" if text else ""


def path_text(path: Path | None) -> str | None:
    return None if path is None else str(path)
