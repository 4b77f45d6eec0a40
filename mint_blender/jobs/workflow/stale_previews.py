# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognize outdated answers of Mint: a Preview that the user has decided about already. Pure."""

from __future__ import annotations

from ...files import urls
from ...mint.schema import Operation
from ..job import Job
from ..job_values import DecidedPreview
from ..phases import Verb


def decided(job: Job, verb: Verb) -> DecidedPreview | None:
    """Return what to remember of the Preview that a job shows, after this decision about it."""
    operation = job.operation
    if operation is None:
        return None
    before = job.decided_preview
    earlier = before.pictures if before is not None and before.operation_id == operation.id else ()
    current = _picture_key(operation)
    pictures = dict.fromkeys(
        [
            *earlier,
            *(urls.content_key(file.url) for file in job.previews),
            *([current] if current else []),
        ]
    )
    return DecidedPreview(operation.id, verb, tuple(pictures), operation.raw.get("updatedAt"))


def is_late(job: Job, operation: Operation) -> bool:
    """Return whether Mint shows a Preview that the user has decided about already.

    Then it continues to work, whatever it reports, and is polled again.
    """
    before = job.decided_preview
    if before is None or before.operation_id != operation.id or not operation.awaits_review:
        return False
    picture = _picture_key(operation)
    if picture is not None:
        return picture in before.pictures
    # Without a picture: after an approval there is no other Preview; after a revision only the time
    # tells.
    updated_at = operation.raw.get("updatedAt")
    return before.verb is Verb.APPROVE or (
        updated_at is not None and updated_at == before.updated_at
    )


def is_stuck(job: Job, operation: Operation) -> bool:
    """Return whether Mint still shows an earlier Preview after a revision.

    After an approval there is nothing to decide about.
    """
    return (
        job.decided_preview is not None
        and job.decided_preview.verb is Verb.REVISE
        and is_late(job, operation)
    )


def is_earlier(job: Job, url: str) -> bool:
    """Return whether this is the picture of an earlier Preview of the job."""
    return urls.content_key(url) in {urls.content_key(file.url) for file in job.previews}


def is_another(job: Job, url: str) -> bool:
    """Return whether this is certainly another picture than those of the job's Previews."""
    return not any(urls.same_file(file.url, url) for file in job.previews)


def _picture_key(operation: Operation) -> str | None:
    """Return a key of the picture, which is the same for a fresh link to the same picture."""
    url = operation.assets.preview_image_url if operation.assets else None
    return urls.content_key(url) if url else None
