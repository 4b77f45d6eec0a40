# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Mint that are older than what it has said before: a Preview that was decided about
already. Pure.
"""

from __future__ import annotations

from ...files import urls
from ...mint.schema import Operation
from ..job import Job
from ..job_values import DecidedPreview
from ..phases import Verb


def decided(job: Job, verb: Verb) -> DecidedPreview | None:
    """What to remember of the Preview that a job shows, now that Mint has taken this decision about
    it.
    """
    operation = job.operation
    if operation is None:
        return None
    before = job.decided_preview
    earlier = before.pictures if before is not None and before.operation_id == operation.id else ()
    shown = _picture(operation)
    pictures = dict.fromkeys(
        [
            *earlier,
            *(urls.content_key(kept.url) for kept in job.previews),
            *([shown] if shown else []),
        ]
    )
    return DecidedPreview(operation.id, verb, tuple(pictures), operation.raw.get("updatedAt"))


def is_late(job: Job, operation: Operation) -> bool:
    """Does Mint show a Preview that was decided about already?

    Then it works on, whatever it says: it is asked again.
    """
    before = job.decided_preview
    if before is None or before.operation_id != operation.id or not operation.awaits_review:
        return False
    picture = _picture(operation)
    if picture is not None:
        return picture in before.pictures
    # Without a picture: after an approval there is no other Preview; after a revision only the time
    # tells.
    told = operation.raw.get("updatedAt")
    return before.verb is Verb.APPROVE or (told is not None and told == before.updated_at)


def is_stuck(job: Job, operation: Operation) -> bool:
    """Is what Mint shows after a revision still an earlier Preview?

    After an approval there is nothing to decide about.
    """
    return (
        job.decided_preview is not None
        and job.decided_preview.verb is Verb.REVISE
        and is_late(job, operation)
    )


def is_earlier(job: Job, url: str) -> bool:
    """Is this the picture of an earlier Preview of the job?"""
    return urls.content_key(url) in {urls.content_key(kept.url) for kept in job.previews}


def _picture(operation: Operation) -> str | None:
    """Named so that a fresh link to the same picture is the same picture."""
    url = operation.assets.preview_image_url if operation.assets else None
    return urls.content_key(url) if url else None
