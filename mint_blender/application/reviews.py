# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow jobs to their next stop, and decide about the Previews on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..jobs.engine.thread_messages import Event
from ..jobs.job import Job, is_looking
from ..jobs.phases import Phase
from ..jobs.service import JobService
from ..mint.generation_request import feedback_error

ProgressListener = Callable[[Event], None]
DECISION_POLL_INTERVAL = 0.2  # seconds
DECISION_TIMEOUT = 20.0  # seconds that another process has to carry out a decision


@dataclass(frozen=True)
class Preview:
    """A Preview that waits for a decision.

    Attributes:
        path: Its picture, or None when Mint sent none.
        number: 1 for the first Preview of a job.
        job_id: The job that waits.
    """

    path: Path | None
    number: int
    job_id: str


@dataclass(frozen=True)
class Approve:
    """The answer of a review: go on with this Preview. It costs the rest of the price."""


@dataclass(frozen=True)
class Cancel:
    """The answer of a review: cancel the job."""


@dataclass(frozen=True)
class Revise:
    """The answer of a review: make another Preview, with these changes. It costs Credits.

    Raises:
        ValueError: Mint would refuse the feedback.
    """

    feedback: str

    def __post_init__(self) -> None:
        if complaint := feedback_error(self.feedback):
            raise ValueError(complaint)


Answer = Approve | Cancel | Revise
Review = Callable[[Preview], Answer | str]
_WORDS: dict[object, Answer] = {"approve": Approve(), "cancel": Cancel()}


def answer_of(value: object, preview: Preview) -> Answer:
    """Return what a review has decided.

    Raises:
        ValueError: It is none of the answers.
    """
    answer = _WORDS.get(value) if isinstance(value, str) else value
    if isinstance(answer, Approve | Cancel | Revise):
        return answer
    raise ValueError(
        f'The review has returned {value!r:.200}. Return Approve(), Cancel() or Revise("…"), or'
        ' exactly "approve" or "cancel". Nothing was sent, and the Preview still waits (job'
        f" {preview.job_id})."
    )


def follow(
    job_service: JobService, job_id: str, listener: ProgressListener, review: Review | None = None
) -> Job:
    """Watch a job until it stops, and return it.

    With `review`, each Preview is decided on the way.

    Raises:
        ValueError: The review has returned something else than a decision; nothing was sent.
    """
    while True:
        job_service.watch([job_id], listener)
        job = job_service.job(job_id)
        is_decided = job.decision is not None  # and not sent: the journal could not be written
        if review is None or job.phase is not Phase.REVIEW or is_decided:
            return job
        preview = preview_of(job)
        answer = answer_of(review(preview), preview)
        if isinstance(answer, Approve):
            job_service.approve(job.id, seen=job)
        elif isinstance(answer, Cancel):
            job_service.cancel(job.id)
        else:
            job_service.revise(job.id, answer.feedback, seen=job)


def preview_of(job: Job) -> Preview:
    """Return the newest Preview of a job."""
    newest = job.previews[-1] if job.previews else None
    return Preview(Path(newest.path) if newest else None, job.revision + 1, job.id)


def wait_for_decision(job_service: JobService, job_id: str, listener: ProgressListener) -> None:
    """Watch a job until Mint has answered the decision, or the job is not active here.

    A job that waits for minutes to look into Mint's list is not watched any longer.
    """
    while job_service.is_active(job_id) and (job := job_service.job(job_id)).decision is not None:
        if is_looking(job):
            return
        listener(job_service.next_event())


def wait_for_other_process(
    job_service: JobService, job_id: str, note: Callable[[str], None]
) -> None:
    """Wait until the process that owns this job has carried out the decision.

    If that process ends first, the decision is carried out here. The wait is limited, since that
    process may be waiting for Mint itself. `note` is called with the reason for a wait, and if the
    decision is still open at its end, with what happens next.
    """

    def is_theirs() -> bool:
        return job_service.job(job_id).decision is not None and not job_service.is_active(job_id)

    for attempt in range(round(DECISION_TIMEOUT / DECISION_POLL_INTERVAL)):
        if not is_theirs():
            return
        if attempt == 0:
            note(
                "Another process is working on this job. Waiting up to"
                f" {DECISION_TIMEOUT:.0f} s for it to carry out your decision."
            )
        time.sleep(DECISION_POLL_INTERVAL)
        job_service.catch_up()
        if job_service.job(job_id).decision is not None:
            job_service.resume(job_id)
    if is_theirs():
        note(
            "The other process has not carried out your decision yet. It may be waiting for Mint."
            " Your decision is saved and will be carried out as soon as possible."
        )
