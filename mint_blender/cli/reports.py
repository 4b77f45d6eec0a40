# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow jobs to their next stop, write their results, and report how each ended."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..application.batch.options import Options
from ..application.results import fetch_files_again, is_finished, not_written
from ..application.reviews import Approve, follow
from ..delivery import blender_runtime, write_files
from ..delivery.background import BlenderPool, write_result
from ..jobs import rejected_files
from ..jobs.batch_folder import line_files
from ..jobs.engine.task import StillUnreachable
from ..jobs.engine.thread_messages import Crashed, Event, JobChanged, Progress, RetryScheduled
from ..jobs.job import Job, asset_of
from ..jobs.job_values import Candidate, Cause, Delivery, DeliveryResult
from ..jobs.phases import BUSY, UNSUCCESSFUL, Phase
from ..jobs.presentation.job_view import JobView, duration
from ..jobs.service import JobService
from ..jobs.storage import import_marks
from ..mint.schema import Kind
from . import exits
from .exits import Exit, Refused
from .terminal import Display, Terminal


def follow_and_write(
    job_service: JobService,
    jobs: list[Job],
    terminal: Terminal,
    *,
    approve: bool = False,
    delivery: Delivery | None = None,
) -> Exit:
    """Follow jobs until they stop, then write their files.

    Args:
        job_service: The job service that runs the jobs.
        jobs: The jobs to follow.
        terminal: Where progress and results are printed.
        approve: Approve every Preview.
        delivery: Where to write, instead of each job's own delivery.

    Returns:
        The status of the first job that is not done.
    """
    unreachable: StillUnreachable | None = None
    targets = {job.id: delivery or job.delivery for job in jobs}
    parts = {
        motion.id
        for job in jobs
        if job.motion
        for motion in job_service.motions_of(replace(job, delivery=targets[job.id]))
        if is_finished(motion)
    }
    review = (lambda preview: Approve()) if approve else None
    fetch_files_again(job_service, map(job_service.job, parts))
    with progress_listener(terminal, job_service) as listener:
        try:
            job_service.watch([*targets, *parts], listener)
            for job in jobs:
                follow(job_service, job.id, listener, review)
        except StillUnreachable as error:
            unreachable = error
    stopped = [
        replace(job_service.job(job_id), delivery=target)
        for job_id, target in targets.items()
        if unreachable is None or not job_service.is_active(job_id)
    ]
    statuses = [deliver(job_service, job, terminal) for job in _each_file_once(stopped)]
    if unreachable is not None:
        terminal.error(f"{unreachable}\n  {terminal.command('resume')}")
        statuses.append(Exit.UNREACHABLE)
    return next((status for status in statuses if status is not Exit.DONE), Exit.DONE)


def _each_file_once(jobs: Iterable[Job]) -> Iterator[Job]:
    """Leave out motions that are written together with an earlier one."""
    written = set()
    for job in jobs:
        is_motion = job.motion is not None and is_to_write(job)
        target = (asset_of(job), job.delivery.output) if is_motion else job.id
        if target not in written:
            written.add(target)
            yield job


def deliver(job_service: JobService, job: Job, terminal: Terminal, *, raw: bool = False) -> Exit:
    """Write the files of a finished job where its delivery says, and report how the job stands.

    The job may not be finished. With `raw`, a file that our check refused is written, too.
    """
    try:
        return _deliver(job_service, job, terminal, raw)
    finally:
        note_line(job_service.job(job.id), terminal)


def may_be_imported_by_itself(job: Job) -> bool:
    """Return whether the import of a job has ended its Blender, once, and it has files to write."""
    is_first = job.problem is not None and job.problem.code == import_marks.CRASHED_CODE
    return is_first and is_to_write(job) and job.motion is None and not job.delivery.motions


def import_after_crash(job_service: JobService, job: Job, terminal: Terminal) -> Exit:
    """Write the files of a job in a child process, since its import has ended a Blender once.

    Should it end that one, too, or should this process be killed, a person decides.
    """
    code = import_marks.CRASHED_AGAIN_CODE
    job_service.mark_import_failed(job.id, import_marks.CRASHED, code=code)
    with BlenderPool(1) as blenders:
        result = blenders.submit(write_result, job).result()
    status = report_written(job_service, job, terminal, result)
    if result.problem is not None:
        job_service.mark_import_failed(job.id, result.problem, code=code)
        terminal.note(f"To import it once more: {terminal.command('resume', job.id)}")
    return status


def note_line(job: Job, terminal: Terminal) -> None:
    """Write into the folder of a batch how the job of a line is now, for other machines."""
    try:
        line_files.write_job(job)
    except OSError as error:
        terminal.note(f"{job.title}: Could not write its entry: {error.strerror or error}.")


def _deliver(job_service: JobService, job: Job, terminal: Terminal, raw: bool) -> Exit:
    if is_to_write(job) or (raw and job.delivery.files):
        motions = job_service.motions_of(job)
        if job.motion is None and not all(is_finished(motion) for motion in motions):
            terminal.event(result_record(job))
            terminal.note(f"{job.title}: {_MOTIONS_MISSING}")
            return next(
                (exits.of_job(motion) for motion in motions if motion and not is_finished(motion)),
                Exit.BUSY,
            )
        together = list(filter(is_finished, motions))
        first, *others = [replace(motion, delivery=job.delivery) for motion in together] or [job]
        with import_marks.importing(job_service.home, job.id, blender_runtime.crash_log()):
            result = write_files.write(first, raw=raw, others=others)
        statuses = [
            report_written(job_service, written, terminal, result)
            for written in ([first, *others] if job.motion else [job])
        ]
        return statuses[0]
    if _is_interrupted(job_service, job):
        terminal.event(result_record(job))
        command = terminal.command("resume", job.id)
        terminal.note(f"{job.title} was interrupted. Resume it at no extra cost:\n  {command}")
        return Exit.BROKEN
    return report_job(job, terminal)


_MOTIONS_MISSING = (
    "Its motions are not all here, so it is not written yet. Run the same batch again."
)


def _is_interrupted(job_service: JobService, job: Job) -> bool:
    """Return whether nothing works on a job that is not over: the journal could not be written."""
    return (
        (job.phase in BUSY or job.decision is not None)
        and job.hold is None
        and not job_service.is_active(job.id)
        and not job_service.is_driven_elsewhere(job)
    )


def is_to_write(job: Job) -> bool:
    """Return whether a job is finished at Mint, and its delivery names files."""
    return exits.of_job(job) is Exit.DONE and bool(job.delivery.files)


def report_written(
    job_service: JobService,
    job: Job,
    terminal: Terminal,
    result: DeliveryResult,
    *,
    line: int | None = None,
) -> Exit:
    """Store what became of a job's files, and report it. `line` is its number in a batch file."""
    if result.problem is not None:
        report_failure(job, terminal, result.problem)
    # the placement that a job keeps is that in a scene
    job_service.record_delivery(job.id, replace(result, placement=None))
    job = replace(job_service.job(job.id), delivery=job.delivery)
    if result.problem is None:
        return report_job(job, terminal, line=line)
    terminal.event(result_record(job, line))
    return exits.of_problem(result.problem)


def report_failure(job: Job, terminal: Terminal, problem: str) -> None:
    """Report why the files of a finished job could not be written."""
    why = f"was downloaded, but could not be written. {problem}"
    terminal.error(not_written(job, why), job=job.id)


def report_job(job: Job, terminal: Terminal, *, line: int | None = None) -> Exit:
    """Report a job that is done, or why it has stopped; return its status."""
    status = exits.of_job(job)
    if status is Exit.DONE:
        terminal.result(result_record(job, line), *_done_lines(job))
        return status
    terminal.event(result_record(job, line))
    prefix = "" if line is None else f"line {line}: "
    terminal.note(f"{prefix}{job.title}: {stop_text(job, terminal)}")
    return status


def result_record(job: Job, line: int | None = None) -> dict[str, Any]:
    """Return what `--json` prints of a result; one of a batch has its line, and a record beside."""
    result = JobView(job).to_json(event="result")
    if line is not None:
        output = job.delivery.output
        record = str(Path(output).with_suffix(".json")) if output else None
        result |= {"line": line, "record": record}
    return result


def check_outputs(kind: Kind, arguments: argparse.Namespace, terminal: Terminal) -> None:
    """Raise Refused if the files that a command names cannot be written.

    On a terminal, a person is asked about files that exist. With --dry-run none is written.
    """
    if getattr(arguments, "dry_run", False):
        return
    files = (arguments.output, getattr(arguments, "render", None))
    if problem := write_files.output_problem(kind, *files):
        raise Refused(problem, Exit.IMPORT)
    for file in files:
        is_kept = not arguments.overwrite and file is not None and file.is_file()
        if is_kept and not terminal.asks(f"{file} exists. Replace it?"):
            raise Refused(f"{file} exists already. Nothing was started. --overwrite replaces it.")


def _done_lines(job: Job) -> list[str]:
    """Return what was made, the paths of its files, and its cost."""
    view = JobView(job)
    written = [path for path in job.delivery.files if Path(path).exists()]
    paths = written or [file.path for file in job.files]
    return [
        f"{job.title}: {view.state}{in_parentheses(view.cost)}",
        *(f"  {path}" for path in paths),
        *(f"  {note}" for note in job.notes),
    ]


def stop_text(job: Job, terminal: Terminal) -> str:
    """Return why the job has stopped, and the commands that continue it."""
    view = JobView(job)
    if job.phase is Phase.REVIEW:
        sentence = (
            f"The Preview is ready: {job.previews[-1].path if job.previews else '(no picture)'}"
        )
    elif job.phase in BUSY:
        sentence = f"{view.state}. Another process is working on it."
    else:
        sentence = view.problem or f"{view.state}."
    commands = [terminal.decision(verb, job.id) for verb in view.verbs]
    if view.may_be_sent_once_more:
        commands.append(terminal.command("resume", job.id, "--once-more"))
    if rejected_files.has_importable(job) and job.phase is Phase.PAUSED:
        commands.append(terminal.command("place", job.id, "--raw", "-o", "FILE"))
    uses = [
        f"{candidate_text(shown)}\n    {terminal.command('resume', job.id, '--use', shown.id)}"
        for shown in job.candidates
    ]
    return "\n  ".join([sentence, *job.notes, *uses, *commands])


def candidate_text(candidate: Candidate) -> str:
    """Return the id, name and time of an asset that a start without an answer may have made."""
    at = datetime.fromtimestamp(candidate.created_at).astimezone()
    return f"{candidate.id}  {candidate.name or '(no name)'}  {at:%Y-%m-%d %H:%M}"


def in_parentheses(text: str) -> str:
    """Return " (text)", or an empty string for an empty text."""
    return f" ({text})" if text else ""


def file_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the members of a delivery that a command's options say: its files and the picture."""
    return {
        "output": arguments.output and str(arguments.output),
        "render": arguments.render and str(arguments.render),
        **picture_options(arguments),
    }


def picture_options(options: argparse.Namespace | Options) -> dict[str, Any]:
    """Return the members of a delivery that say how a picture is rendered."""
    names = ("render_size", "render_samples", "render_engine")
    return {name: getattr(options, name) for name in names}


@contextmanager
def progress_listener(terminal: Terminal, job_service: JobService) -> Iterator[ProgressReporter]:
    """Yield a listener for the worker's events, and show progress while inside."""
    with terminal.progress() as display:
        yield ProgressReporter(terminal, job_service, display)


class ProgressReporter:
    """Shows each event of the worker, and prints what programs read about it."""

    def __init__(self, terminal: Terminal, job_service: JobService, display: Display) -> None:
        self._terminal = terminal
        self._job_service = job_service
        self.display = display
        self._shown: dict[str, str] = {}
        self._slow: set[str] = set()  # jobs reported as taking longer than usual

    def __call__(self, event: Event) -> None:
        """Show one event: a changed state, a download, a retry, or a crash."""
        if isinstance(event, Crashed):
            self._terminal.error(event.message)
        elif isinstance(event, JobChanged | Progress | RetryScheduled) and (
            job := self._job_service.cache.get(event.job_id)  # unless it was dismissed
        ):
            self._show(event, job)

    def _show(self, event: JobChanged | Progress | RetryScheduled, job: Job) -> None:
        if isinstance(event, JobChanged):
            self._show_state(self._job_service.view(job))
        elif isinstance(event, Progress):
            text = f"Downloading the {event.role}"
            self.display.show(job.id, job.title, text, event.done, event.total)
        else:
            text = f"{event.message} Retrying in {event.seconds:.0f} s."
            self.display.show(job.id, job.title, text)
            record = {"event": "hitch", "job": job.id, "message": event.message}
            self._terminal.event(record | {"seconds": round(event.seconds, 1)})

    def _show_state(self, view: JobView) -> None:
        job = view.job
        error = view.job.problem
        if self._shown.get(job.id) != view.state:
            self._shown[job.id] = view.state
            usual = self._job_service.outlook(job).usual if job.phase is Phase.WORKING else None
            more = f" (usually {duration(usual)})" if usual is not None and usual >= 1 else ""
            if job.phase in UNSUCCESSFUL:
                self.display.hide(job.id)  # the command ends with why
            else:
                self.display.show(job.id, job.title, view.state + more)
            self._terminal.event(view.to_json(event="state"))
        if error is not None and error.cause is Cause.PATIENCE and job.id not in self._slow:
            self._slow.add(job.id)
            self._terminal.note(f"{job.title}: {error.message}")
            self._terminal.event(view.to_json(event="state"))
