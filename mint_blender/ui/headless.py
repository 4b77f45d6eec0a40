# SPDX-License-Identifier: GPL-3.0-or-later
"""Background mode: wait until a job rests, and place its result.

There is no window that could freeze, and no timer that would tick.
"""

from __future__ import annotations

from ..jobs import presenter
from ..jobs.engine.outage import StillUnreachable
from ..jobs.job import Phase
from ..jobs.service import JobService
from ..message import Message, lines
from .job_list import auto_import


class Stopped(Exception):
    """The job came to rest without a result: the sentence says why."""


def until_all_rest(service: JobService, job_ids: list[str], *, place: bool) -> None:
    """As `until_rest`, for many, placed in this order.

    What was not made does not stop the others, and is told at the end.
    """
    _watch(service, job_ids)
    reasons = []
    for job_id in job_ids:
        try:
            until_rest(service, job_id, place=place)
        except Stopped as trouble:
            reasons.append(str(trouble))
    if reasons:
        headline = Message(
            "{count} of {total} prompts came to nothing:", count=len(reasons), total=len(job_ids)
        )
        raise Stopped(lines(headline, *reasons))


def until_rest(service: JobService, job_id: str, *, place: bool = True) -> None:
    """Block until nothing goes on by itself.

    A result is placed (if wanted); a Preview waits; everything else raises Stopped.
    """
    _watch(service, [job_id])
    job = service.job(job_id)
    if job.phase is Phase.READY:
        if place and (trouble := auto_import.import_result(service, job)):
            raise Stopped(trouble)
    elif job.phase not in {Phase.REVIEW, Phase.PLACED}:
        raise Stopped(
            Message(
                "{title}: {state} (job {id})",
                title=job.title,
                state=presenter.state(job),
                id=job.id,
            )
        )


def _watch(service: JobService, job_ids: list[str]) -> None:
    try:
        service.watch(job_ids)
    except StillUnreachable as away:
        raise Stopped(str(away)) from away
