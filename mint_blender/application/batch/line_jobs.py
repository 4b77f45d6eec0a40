# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the job of each line of a batch, whichever machine has started it.

What is read from the folder is only polled, fetched and written. What a line costs comes from the
batch file of this machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from ...files.file_lock import file_lock
from ...jobs.batch_folder import batch_lease, finished_lines, line_files
from ...jobs.batch_folder.line_files import Batch, StartedLine
from ...jobs.batch_lines import Line, request_part
from ...jobs.job import Job
from ...jobs.job_values import DeliveryResult, Hold
from ...jobs.new_jobs import new_job
from ...jobs.paid_requests.record import PaidRequest, PaidVerb, State, new_request, of_line
from ...jobs.phases import HAS_RESULT, Phase
from ...jobs.presentation import error_messages
from ...jobs.queries import KeyOwner
from ...jobs.service import JobService, NotPossible
from ...mint.errors import MintError
from ...mint.schema import Operation
from ..results import fetch_files_again, is_finished


class RefusalCause(Enum):
    """Why a line is left alone."""

    ACCOUNT = auto()  # it belongs to another one
    ELSEWHERE = auto()  # another machine works on it
    UNCLEAR = auto()  # it may have been made, and is not certainly known


@dataclass(frozen=True)
class Refusal:
    """Why a line that was started before is neither continued nor started again here."""

    sentence: str
    cause: RefusalCause


_FOREIGN = Refusal(
    "This line belongs to another Mint account. Run the batch with that account's key and address."
    " Nothing was sent.",
    RefusalCause.ACCOUNT,
)
_ELSEWHERE = Refusal(
    "This line was canceled here. Another machine has started it. Continue the batch there."
    " Nothing was sent.",
    RefusalCause.ELSEWHERE,
)


@contextmanager
def lock_folder(folder: Path) -> Iterator[batch_lease.Lease]:
    """Lock the folder, so that two batches never start the same line twice.

    Raises:
        FileInUse: Another batch works on the folder.
        OSError: The folder cannot be used.
    """
    place = folder / line_files.FOLDER
    place.mkdir(parents=True, exist_ok=True)
    with file_lock(place / "lock"), batch_lease.held(place / "lease") as lease:
        yield lease


def started_tags(job_service: JobService, folder: Path, lines: list[Line]) -> frozenset[str]:
    """Return the tags of the lines that have a job; changes nothing. Raises OSError."""
    found = {
        *line_files.starts(folder),
        *_in_journal(job_service, folder, dismissed=True),
        *_in_journal(job_service, folder),
    }
    return frozenset(match(lines, found))


def match(lines: Iterable[Line], tags: Iterable[str]) -> dict[str, str]:
    """Return the started tag of each line that has one, by the line's own tag.

    If that tag was not started, one that was and no longer is in the file counts, provided that
    Mint was asked for the same: a new height or another format is not paid for.
    """
    lines = list(lines)
    tags = list(tags)
    started = set(tags)
    own = {line.tag for line in lines}
    spare: dict[str, deque[str]] = {}
    for tag in tags:
        if tag not in own:
            spare.setdefault(request_part(tag), deque()).append(tag)
    found = {}
    for line in lines:
        others = spare.get(request_part(line.tag))
        if line.tag in started:
            found[line.tag] = line.tag
        elif others:
            found[line.tag] = others.popleft()
    return found


def finished_jobs(
    job_service: JobService, folder: Path, lines: list[Line], chosen: list[Line]
) -> dict[str, Job]:
    """Return the job of each chosen line that was started, by its tag; changes nothing.

    `lines` are all of the file. Raises OSError.
    """
    here = _in_journal(job_service, folder)
    started = match(lines, {**line_files.starts(folder), **here})
    found = {
        line.tag: here.get(started[line.tag]) or line_files.read_job(folder, started[line.tag])
        for line in chosen
        if line.tag in started
    }
    return {tag: job for tag, job in found.items() if job is not None}


def motions_of(job_service: JobService, folder: Path, line: Line, job: Job) -> list[Job | None]:
    """Return the motions of a line, in its order; None for one that is not known.

    From this journal, or as another machine has published them: those are finished.
    """
    words = tuple(each.words for each in line.motions)
    here = job_service.motions_of(replace(job, delivery=replace(job.delivery, motions=words)))
    if all(map(is_finished, here)):
        return here
    there = [each for each in finished_lines.published_motions(job, folder) if is_finished(each)]
    return [
        own
        if is_finished(own)
        else next((each for each in there if each.motion and motion.is_like(each.motion)), own)
        for motion, own in zip(line.motions, here, strict=True)
    ]


def known_motions(job_service: JobService, folder: Path, line: Line, job: Job | None) -> list[Job]:
    """Return the motions of a line that are known; `job` is that of the line."""
    if job is None or not line.motions:
        return []
    return list(filter(None, motions_of(job_service, folder, line, job)))


MOTIONS_ELSEWHERE = (
    "The motions of this line can only be started where its model was, since another machine may"
    " have paid for them. Continue the batch there. Nothing was sent."
)


def with_files(job_service: JobService, folder: Path, motions: Iterable[Job]) -> list[Job]:
    """Return finished motions, whose files are fetched again, or are in the folder.

    Raises:
        NotPossible: Another machine has them.
    """
    found: list[Job] = []
    for motion in motions:
        own = job_service.journal.job(motion.id)
        if own is not None and own.motion != motion.motion:
            own = None  # the folder may say anything
        there = own or finished_lines.published(motion, folder)
        if there is None:
            raise NotPossible(MOTIONS_ELSEWHERE)
        found.append(there)
        if own is not None:
            fetch_files_again(job_service, [own])
    return found


def take_over_files(job_service: JobService, folder: Path, jobs: dict[str, Job]) -> None:
    """Store what other machines have written for these jobs since the last run here."""
    known = finished_lines.recorded_jobs(folder)
    for tag, job in jobs.items():
        if job.id not in known or job.phase not in HAS_RESULT:
            continue
        record = finished_lines.read_record(folder, job.id)
        if record.has_files and record.is_news_about(job):
            with suppress(NotPossible):  # another process is working on it
                job_service.save(record.applied_to(job_service.job(job.id)))
                jobs[tag] = job_service.job(job.id)


def load_jobs(
    job_service: JobService, folder: Path, lines: list[Line]
) -> tuple[dict[str, Job], dict[str, Refusal]]:
    """Return the job of each started line, and the lines to leave alone, by tag.

    A line that another machine has started gets a job in this journal, too.

    Raises:
        OSError: The folder cannot be read.
    """
    batch = line_files.open_batch(folder, job_service.journal.mint_now())
    jobs = _restored(job_service, folder)
    _add_moved(job_service, folder, batch, jobs)
    found = line_files.started(folder)
    matched = match(lines, [*found, *(tag for tag in jobs if tag not in found)])
    by_tag = {matched[line.tag]: line for line in lines if line.tag in matched}
    foreign = _foreign_lines(job_service, found)
    elsewhere = set[str]()
    for tag, started in found.items():
        if tag not in by_tag or tag in foreign:
            continue
        here = job_service.journal.paid_requests.latest(of_line(batch.id, tag), PaidVerb.START)
        if here is None or here.number < started.number:
            jobs[tag] = _adopt(job_service, folder, batch, by_tag[tag], tag, started)
        elif tag in jobs and here.number == started.number and started.home != here.journal:
            if here.is_answered or here.attempts:
                pass  # it was sent from here, too
            elif jobs[tag].phase is Phase.CANCELED:
                elsewhere.add(tag)
            else:
                jobs[tag] = _follow(job_service, jobs[tag], here, started)
    take_over_files(job_service, folder, jobs)
    refused = {line.tag: _FOREIGN for line in lines if matched.get(line.tag) in foreign}
    refused |= {line.tag: _ELSEWHERE for line in lines if matched.get(line.tag) in elsewhere}
    # by the tags of the lines instead of the tags that were started
    moved = {tag: jobs[to] for tag, to in matched.items() if to in jobs}
    used = {*matched.values()}
    others = {tag: job for tag, job in jobs.items() if tag not in used}
    return others | moved, refused


def look_for_given_up(job_service: JobService, jobs: dict[str, Job]) -> None:
    """Pause the jobs that were given up before this copy of the journal was made, to look for them.

    What the original was told does not count: it may have ordered the same line again since.
    """
    for tag, job in jobs.items():
        request = job.start_request
        is_unclear = request is not None and request.is_left_in_doubt and not request.is_looked_for
        if job.phase is Phase.CANCELED and is_unclear:
            with suppress(NotPossible):  # another process is working on it
                jobs[tag] = job_service.update(job.id, _pause)


def _pause(job: Job) -> Job:
    return replace(job, phase=Phase.PAUSED, problem=error_messages.STARTED_ELSEWHERE)


class OwnerUnknown(MintError):
    """Mint could not be asked whose key is in use."""

    retryable = True


def _foreign_lines(job_service: JobService, found: dict[str, StartedLine]) -> frozenset[str]:
    """Return the tags of the lines that another account has started.

    May block to ask Mint whose key is in use.

    Raises:
        OwnerUnknown: It depends on that, and Mint could not be asked.
    """
    owned = {tag: line.owner for tag, line in found.items() if line.owner is not None}
    current = job_service.journal.look_up_account()
    if owned and current is not None and not current.is_identified and job_service.account.key:
        job_service.ask_and_wait(KeyOwner())
        job_service.reread()
        answer = job_service.queries.answers.get(KeyOwner())
        if answer is not None and answer.error and not answer.key_problem:
            raise OwnerUnknown(answer.error)
        current = job_service.journal.look_up_account()
    if current is None:
        return frozenset()
    return frozenset(tag for tag, owner in owned.items() if current.hold(owner) is Hold.FOREIGN)


def _follow(job_service: JobService, job: Job, request: PaidRequest, started: StartedLine) -> Job:
    """Return the job of a line that another machine has started.

    What was started is polled. Without an operation nothing is sent either: `take` fails.
    """
    if started.operation is None or job.hold is not None:
        return job
    with suppress(NotPossible), job_service.cache.single_commit():  # another process has the job
        job_service.check_idle(job)
        job_service.journal.paid_requests.answer(request.key, started.operation)
        phase = Phase.WAITING if job.phase is Phase.FAILED else job.phase
        job_service.cache.save(job.moved(phase, problem=None))
    job_service.reread()
    return job_service.job(job.id)


def _adopt(
    job_service: JobService,
    folder: Path,
    batch: Batch,
    line: Line,
    tag: str,
    started: StartedLine,
) -> Job:
    """Return the job of a line that another machine has started, stored in this journal.

    It is polled and fetched here. Where Mint has not answered there, it is looked for.
    """
    journal = job_service.journal
    there = started.job
    delivery = replace(line.delivery, line=line_files.line_id(folder, tag))
    if there is not None:
        delivery = replace(delivery, output=there.delivery.output, render=there.delivery.render)
    job = new_job(
        line.request,
        delivery,
        now=journal.mint_now(),
        optimize=line.optimize,
        job_id=there.id if there is not None and journal.job(there.id) is None else None,
    )
    optimizations = [request for request in job.requests if request.verb is PaidVerb.OPTIMIZE]
    request = new_request(
        of_line(batch.id, tag), PaidVerb.START, job.id, now=batch.created, number=started.number
    )
    if started.operation is not None:
        request = replace(request, operation=started.operation)
        job = replace(job, requests=(request, *optimizations))
    else:
        request = replace(request, journal=f"elsewhere {started.home}", closed=State.DROPPED)
        problem = error_messages.STARTED_ELSEWHERE
        requests = (request, *optimizations)
        job = replace(job, requests=requests, phase=Phase.PAUSED, problem=problem)
    if there is not None and started.operation is not None and there.phase in HAS_RESULT:
        answer = there.operation
        if answer is not None:  # it has cost nothing here
            free = {name: value for name, value in answer.raw.items() if name != "credits"}
            answer = Operation.from_json(free)
        # what is finished is not optimized once more, whatever the folder says about it
        job = replace(
            job,
            phase=there.phase,
            requests=(replace(request, answer=answer),),
            asset=there.asset,
            notes=there.notes,
            optimize=None,
        )
    return job_service.cache.add(replace(job, owner=started.owner))[0]


def _add_moved(job_service: JobService, folder: Path, batch: Batch, jobs: dict[str, Job]) -> None:
    """Add the jobs that this journal has for the batch under another folder: it was moved."""
    beginning = of_line(batch.id, "")
    for request in job_service.journal.paid_requests.beginning_with(beginning):
        tag = request.subject.removeprefix(beginning)
        job = job_service.journal.job(request.job)
        before = line_files.folder_and_tag(job.delivery.line)[0] if job else None
        if tag in jobs or job is None or before is None:
            continue
        output, render = (
            line_files.absolute(line_files.relative(text, before), folder)
            for text in (job.delivery.output, job.delivery.render)
        )
        line = line_files.line_id(folder, tag)
        delivery = replace(job.delivery, line=line, output=output, render=render)
        jobs[tag] = job
        with suppress(NotPossible):  # another process is working on it
            jobs[tag] = job_service.set_delivery(job.id, delivery)


def as_written_elsewhere(job_service: JobService, folder: Path, job: Job) -> Job:
    """Return a job that was fetched here as placed, if another machine has written its file.

    The user may have changed that file since.
    """
    if job.phase is not Phase.READY or not Path(job.delivery.output or folder / "-").is_file():
        return job
    there = line_files.read_job(folder, line_files.folder_and_tag(job.delivery.line)[1])
    if there is None or there.id != job.id or there.phase is not Phase.PLACED:
        return job
    job_service.record_delivery(job.id, DeliveryResult())
    return job_service.job(job.id)


def as_recorded(job: Job | None, folder: Path) -> Job | None:
    """Return a job of the ledger as it is with the files that any machine has written."""
    if not is_finished(job):
        return job
    return finished_lines.read_record(folder, job.id).applied_to(job)


def current_job(job_service: JobService, job: Job) -> Job:
    """Return the current state of a job, even if it was dismissed in the meantime."""
    try:
        return job_service.job(job.id)
    except NotPossible:
        job_service.cache.restore_dismissed(job.delivery.line or "")
        return job_service.job(job.id)


def _restored(job_service: JobService, folder: Path) -> dict[str, Job]:
    """Return the newest job of each line of this folder in the journal, also dismissed ones."""
    job_service.cache.restore_dismissed(line_files.line_id(folder))
    return _in_journal(job_service, folder)


def _in_journal(
    job_service: JobService, folder: Path, *, dismissed: bool = False
) -> dict[str, Job]:
    """Return the newest job of each line of this folder in the journal."""
    start = line_files.line_id(folder)
    jobs = job_service.journal.jobs_of_lines(start, dismissed=dismissed)
    return {(job.delivery.line or "").removeprefix(start): job for job in reversed(jobs)}
