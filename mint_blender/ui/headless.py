# SPDX-License-Identifier: GPL-3.0-or-later
"""Background mode: wait for a job and place its result.

There is no window that could freeze, and no timer runs.
"""

from __future__ import annotations

from ..jobs.engine.task import StillUnreachable
from ..jobs.phases import Phase
from ..jobs.service import JobService
from ..message import Message, lines
from .job_list import auto_import


class Stopped(Exception):
    """The job ended without a result; the message says why."""


def wait_for_jobs(service: JobService, job_ids: list[str], *, place: bool) -> None:
    """Wait for many jobs, and place their results in this order.

    One that fails does not stop the others.

    Raises:
        Stopped: Some jobs ended without a result; the message lists them.
    """
    _watch(service, job_ids)
    reasons = []
    for job_id in job_ids:
        try:
            wait_for_job(service, job_id, place=place)
        except Stopped as error:
            reasons.append(str(error))
    if reasons:
        headline = Message(
            "{count} of {total} jobs failed:", count=len(reasons), total=len(job_ids)
        )
        raise Stopped(lines(headline, *reasons))


def wait_for_job(service: JobService, job_id: str, *, place: bool = True) -> None:
    """Block until the job needs a decision or has ended, and place its result if `place`.

    Raises:
        Stopped: The job ended without a result or a Preview.
    """
    _watch(service, [job_id])
    job = service.job(job_id)
    if job.phase is Phase.READY:
        if place and (error := auto_import.import_result(service, job)):
            raise Stopped(error)
    elif job.phase not in {Phase.REVIEW, Phase.PLACED}:
        raise Stopped(
            Message(
                "{title}: {state} (job {id})",
                title=job.title,
                state=service.view(job).state,
                id=job.id,
            )
        )


def _watch(service: JobService, job_ids: list[str]) -> None:
    try:
        service.watch(job_ids)
    except StillUnreachable as away:
        raise Stopped(str(away)) from away
