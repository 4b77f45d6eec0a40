# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands about jobs in the journal: list, decide, resume and place them."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..application import results, reviews, session
from ..delivery import write_files
from ..jobs import rejected_files
from ..jobs.job import Job, is_looking
from ..jobs.job_values import Delivery, DeliveryResult, Hold, Role
from ..jobs.phases import BUSY, HAS_RESULT, Phase, Verb
from ..jobs.presentation import action_checks
from ..jobs.presentation.job_view import UNREADABLE
from ..jobs.service import JobService, NotPossible
from ..jobs.storage import import_marks
from ..jobs.storage.serialization import Unreadable
from ..mint.schema import Asset, Kind
from . import exits, prices, reports
from .exits import Exit, Refused
from .terminal import Terminal

_MAYBE_CANCELED = (
    "Mint may have started this. Nothing more is sent for it. Looking in your library in ten"
    " minutes tells whether it is canceled:"
)


def resume(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Resume one job, or all that were interrupted or are still queued.

    Jobs that wait for a decision are only shown.
    """
    is_decided = arguments.use is not None or arguments.once_more
    if is_decided and len(arguments.jobs) != 1:
        raise Refused("--use and --once-more need one job.")
    with prices.open_service(arguments, terminal) as job_service:
        if not arguments.jobs:
            return _resume_all(job_service, arguments, terminal)
        return _resume_some(job_service, arguments, terminal)


def _resume_some(
    job_service: JobService, arguments: argparse.Namespace, terminal: Terminal
) -> Exit:
    jobs = [_with_new_limit(job_service.job(name), arguments) for name in arguments.jobs]
    is_free = arguments.use is not None or arguments.once_more
    title = f"Resume {', '.join(job.title for job in jobs)}"
    if not _may_resume(job_service, [] if is_free else jobs, title, arguments, terminal):
        return Exit.DONE
    for job in jobs:
        results.with_limit(job_service, job.id, arguments.max_credits)
        if arguments.use is not None:
            job_service.use_candidate(job.id, arguments.use)
        elif arguments.once_more:
            job_service.send_once_more(job.id)
        elif was_interrupted(job) or job.phase is Phase.BILLING or job.hold is not None:
            job_service.resume(job.id)
    return reports.follow_and_write(job_service, jobs, terminal)


def _resume_all(job_service: JobService, arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Resume all interrupted jobs, and write the files of those without theirs."""
    unfinished = [job for job in job_service.jobs() if was_interrupted(job) or _is_unwritten(job)]
    title = f"Resume {len(unfinished)} {'job' if len(unfinished) == 1 else 'jobs'}"
    if not _may_resume(job_service, unfinished, title, arguments, terminal):
        return Exit.DONE
    for job in unfinished:
        if was_interrupted(job):
            job_service.resume(job.id)
    # A job that another process owns was not interrupted.
    jobs = [job for job in unfinished if job_service.is_active(job.id) or _is_unwritten(job)]
    crashed = [job for job in job_service.jobs() if job.phase is Phase.READY and has_crashed(job)]
    statuses = []
    for job in crashed:
        if reports.may_be_imported_by_itself(job):
            statuses.append(reports.import_after_crash(job_service, job, terminal))
        else:
            statuses.append(Exit.IMPORT)
            problem = job.problem.message if job.problem else import_marks.CRASHED
            terminal.note(f"{job.title}: {problem} {terminal.command('resume', job.id)}")
    if not jobs and not crashed:
        terminal.note("No jobs were interrupted.")
    if foreign := sum(job.hold is Hold.FOREIGN and job.phase in BUSY for job in job_service.jobs()):
        belong, them = ("job belongs", "it") if foreign == 1 else ("jobs belong", "them")
        terminal.note(
            f"{foreign} unfinished {belong} to another account. Use that account's key and address"
            f" to continue {them}."
        )
    statuses.insert(0, reports.follow_and_write(job_service, jobs, terminal))
    return next((status for status in statuses if status is not Exit.DONE), Exit.DONE)


def _may_resume(
    job_service: JobService,
    jobs: list[Job],
    title: str,
    arguments: argparse.Namespace,
    terminal: Terminal,
) -> bool:
    """Return whether these jobs are resumed, as `prices.may_start` does."""
    parts = [prices.of_click(job_service, job, Verb.RESUME) for job in jobs]
    return prices.may_start(job_service, arguments, terminal, title, *parts)


def _with_new_limit(job: Job, arguments: argparse.Namespace) -> Job:
    """Return the job as it will be with the limit of a command, which is not stored yet."""
    limit = arguments.max_credits
    return job if limit is None else replace(job, max_credits=limit)


def was_interrupted(job: Job) -> bool:
    """Return whether the job was interrupted, so that resuming decides nothing new."""
    return job.is_resumable or (job.phase is Phase.PAUSED and job.hold is None)


def _is_unwritten(job: Job) -> bool:
    """Return whether the job is downloaded but its output files are not written yet.

    A job that crashed Blender is only tried again when the user names it.
    """
    is_elsewhere = job.delivery.line is not None and job.delivery.has_files  # written by a farm
    is_due = job.phase is Phase.READY and bool(job.delivery.files)
    return is_due and not is_elsewhere and not has_crashed(job)


def has_crashed(job: Job) -> bool:
    """Return whether the last import of this job crashed Blender."""
    codes = {import_marks.CRASHED_CODE, import_marks.CRASHED_AGAIN_CODE}
    return job.problem is not None and job.problem.code in codes


def decide(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Approve or revise the Preview, or start a new attempt at a failed job; wait for its end."""
    verb = Verb(arguments.command)
    with prices.open_service(arguments, terminal) as job_service:
        job = job_service.job(arguments.job)
        if job.decision is not None and job.hold is None:  # its command was killed
            raise NotPossible(
                f"{job.title}: an earlier decision ({job.decision.verb}) is saved, and Mint has"
                " not confirmed it yet. To carry it out:"
                f" {terminal.command('resume', job.id)}"
            )
        if verb is Verb.RETRY and job.phase is Phase.CANCELED:
            command = terminal.command("variation", job.id)
            raise NotPossible(f"{job.title} was canceled. To generate it after all: {command}")
        if verb not in job_service.view(job).verbs:
            raise action_checks.refusal(job, verb)
        part = prices.of_click(job_service, _with_new_limit(job, arguments), verb)
        title = f"{verb.value.capitalize()} {job.title}"
        if not prices.may_start(job_service, arguments, terminal, title, part):
            return Exit.DONE
        job = results.with_limit(job_service, job.id, arguments.max_credits)
        if verb is Verb.APPROVE:
            job_service.approve(job.id)
        elif verb is Verb.REVISE:
            job_service.revise(job.id, arguments.feedback)
        else:
            job_service.retry(job.id)
        return reports.follow_and_write(job_service, [job], terminal)


def cancel(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Cancel jobs; return the first status that is not done.

    When Mint cannot cancel one, the command says so and does not wait for the job.
    """
    if bool(arguments.jobs) == arguments.all:
        raise Refused("Name the jobs to cancel, or use --all.")
    with session.open_job_service() as job_service:
        if arguments.all:
            jobs = [job for job in job_service.jobs() if job_service.view(job).can_be_canceled]
        else:
            jobs = [job_service.job(name) for name in arguments.jobs]
        statuses = [_cancel(job_service, job, terminal) for job in jobs]
    if not jobs:
        terminal.note("No job can be canceled.")
    return next((status for status in statuses if status is not Exit.DONE), Exit.DONE)


def _cancel(job_service: JobService, job: Job, terminal: Terminal) -> Exit:
    job_service.cancel(job.id)
    reviews.wait_for_other_process(job_service, job.id, terminal.note)
    with reports.progress_listener(terminal, job_service) as listener:
        reviews.wait_for_decision(job_service, job.id, listener)
    job = job_service.job(job.id)
    if job.decision is not None and is_looking(job):
        terminal.event(job_service.view(job).to_json(event="result"))
        resume = terminal.command("resume", job.id)
        terminal.note(f"{job.title}: {_MAYBE_CANCELED}\n  {resume}")
        return Exit.FAILED
    if job.decision is None and job.phase is Phase.WORKING:
        terminal.event(job_service.view(job).to_json(event="result"))
        terminal.note(
            f"{job.title}: {job.notes[-1] if job.notes else job_service.view(job).state}\n "
            f" {terminal.command('resume', job.id)}"
        )
        return Exit.FAILED
    status = reports.follow_and_write(job_service, [job], terminal)
    return Exit.DONE if job_service.job(job.id).phase is Phase.CANCELED else status


def dismiss(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Remove jobs from the list."""
    with session.open_journal() as job_service:
        for name in arguments.jobs:
            _dismiss(job_service, name, terminal)
    return Exit.DONE


def _dismiss(job_service: JobService, name: str, terminal: Terminal) -> None:
    if any(job.id == name for job in job_service.cache.unreadable):
        job_service.dismiss(name)
        sentence = f"Removed {name} from the list. Its record stays in the journal."
        terminal.result({"event": "dismissed", "job": name}, sentence)
        return
    job = job_service.job(name)
    job_service.dismiss(job.id)
    record = job_service.view(job).to_json(event="dismissed")
    terminal.result(record, f"Removed {job.title} from the list. Its files are kept.")


def place(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Write a finished job's result into a file."""
    if arguments.output is None and arguments.render is None:
        raise Refused("No output file. Use -o FILE.blend, -o FILE.glb or --render FILE.png.")
    with session.open_journal() as job_service:
        job = results.job_or_asset(job_service, arguments.job)
        if isinstance(job, Asset):
            return _place_asset(job, arguments, terminal)
        results.check_places(job)
        delivery = replace(job.delivery, **reports.file_options(arguments))
        if job.motion is None:
            delivery = replace(delivery, motions=())
        # the only model file may be one that our check refused: another program may read it
        is_copied = replace(job, delivery=delivery).is_copied and job.file(Role.MODEL) is None
        raw = arguments.raw or (is_copied and rejected_files.has_importable(job))
        # the job may have stopped with a file that our check refused
        can_copy = raw and job.phase is Phase.PAUSED and rejected_files.has_importable(job)
        if job.phase not in HAS_RESULT and (not can_copy or job_service.is_active(job.id)):
            why = reports.stop_text(job, terminal)
            terminal.error(f"{job.title} is not ready to place. {why}", job=job.id)
            return exits.of_job(job)
        # Blender writes a character in any case, as it does a World
        kind = Kind.MODEL if raw else Kind.WORLD if job.motion else job.kind
        placed = replace(job, delivery=delivery)
        output = arguments.output
        is_unasked = output and not (arguments.overwrite or arguments.render)
        if is_unasked and write_files.has_written(job, output):
            results.note_written(job_service, job.id, output, DeliveryResult())
            written = replace(job_service.job(job.id), delivery=placed.delivery)
            return reports.report_job(written, terminal)
        reports.check_outputs(kind, arguments, terminal)
        if raw:
            return reports.deliver(job_service, placed, terminal, raw=True)
        if job.delivery.line is None:
            # A batch finds its files and its record through the job's own delivery.
            job_service.set_delivery(job.id, delivery)
        parts = [job, *filter(results.is_finished, job_service.motions_of(job))]
        if all(part.is_on_disk for part in parts):
            return reports.deliver(job_service, placed, terminal)
    with session.open_job_service() as job_service:
        if job.motion is None:
            job_service.fetch_again(job.id)
        return reports.follow_and_write(job_service, [job], terminal, delivery=delivery)


def _place_asset(asset: Asset, arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """Write a model or World of the library into a file; free."""
    reports.check_outputs(asset.kind, arguments, terminal)
    delivery = Delivery(**reports.file_options(arguments))
    with session.open_job_service(on_wait=terminal.wait) as job_service:
        job = results.placeable_job(job_service, asset, delivery)
        results.fetch_files_again(job_service, [job])
        return reports.follow_and_write(job_service, [job], terminal, delivery=delivery)


def list_jobs(arguments: argparse.Namespace, terminal: Terminal) -> Exit:
    """List the jobs in the journal, newest first."""
    with session.open_journal() as job_service:
        queued = len(job_service.unfinished.refresh_queue())
        count = 0
        for job in job_service.journal.records():
            if not _is_listed(job, arguments):
                continue
            if count == arguments.limit:
                break
            count += 1
            if isinstance(job, Unreadable):
                text = f"{job.id}  {UNREADABLE}"
                terminal.result({"event": "unreadable", "job": job.id}, text)
                continue
            view = job_service.view(job)
            cost = reports.in_parentheses(view.cost)
            terminal.result(
                view.to_json(),
                f"{job.id}  {job.kind:5}  {job.title}: {view.state}{cost}",
                *(f"    {reports.candidate_text(candidate)}" for candidate in job.candidates),
            )
        if not count:
            terminal.note("There are no jobs.")
        if queued:
            credits = job_service.unfinished.queue_credits
            terminal.note(queued_text(queued, credits, terminal))
    return Exit.DONE


def _is_listed(job: Job | Unreadable, arguments: argparse.Namespace) -> bool:
    if isinstance(job, Unreadable):
        return arguments.phase is None and arguments.since is None
    is_recent = arguments.since is None or (
        job.created_at >= session.moment(arguments.since).timestamp()
    )
    return is_recent and arguments.phase in {None, job.phase.value}


def queued_text(count: int, credits: float, terminal: Terminal) -> str:
    """Return a sentence about jobs that an earlier session left in the queue."""
    were, them = ("job was", "it") if count == 1 else ("jobs were", "them")
    price = f" (about {credits:,.0f} Credits)" if credits else " (this costs Credits)"
    return f"{count} queued {were} never sent. To send {them}{price}: {terminal.command('resume')}"
