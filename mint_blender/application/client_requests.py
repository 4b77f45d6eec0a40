# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs start under ids of their own: the same id means the same job, and is paid once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from ..jobs.errors import NotPossible
from ..jobs.job import Job
from ..jobs.job_values import ClientRequest
from ..jobs.paid_requests.record import of_client_request
from ..jobs.service import JobService
from ..jobs.storage.job_cache import holds_back
from ..jobs.storage.serialization import Unreadable
from ..mint.generation_request import GenerationRequest
from ..mint.schema import OptimizationLevel


def content_of(request: GenerationRequest, optimize: OptimizationLevel | None = None) -> str:
    """Return a digest of what is ordered, with its local pictures."""
    pictures = [_digest(image) for image in request.images if "://" not in image]
    parts = ["generate", asdict(request), pictures, *filter(None, [optimize])]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _digest(image: str) -> str:
    try:
        return hashlib.sha256(Path(image).read_bytes()).hexdigest()
    except OSError:
        return "missing"


def find(job_service: JobService, wanted: ClientRequest) -> Job | None:
    """Return the job that was started under this id, or None.

    Raises:
        NotPossible: The id belongs to another request, or its job cannot be read.
    """
    earlier = job_service.journal.job_of_client_request(wanted.id)
    if isinstance(earlier, Unreadable):
        raise NotPossible(
            f"The job {earlier.id} of this request_id cannot be read. Nothing was started. It may"
            " have cost Credits: look in your library before you use another request_id."
        )
    before = earlier.client_request if earlier else None
    is_same = before is None or (
        before.content == wanted.content or (wanted.quote and before.quote == wanted.quote)
    )
    if earlier is None or is_same:
        return earlier
    raise NotPossible(
        f"The request_id {wanted.id} has started the job {earlier.id} with another request. Nothing"
        " was started. Use a new request_id for something new."
    )


def start_once(
    job_service: JobService, wanted: ClientRequest, start: Callable[[str], Job]
) -> tuple[Job, bool]:
    """Return the job of a request, and whether it is new. Of two that race, one starts it.

    `start` is called with the subject of its paid request, and must not wait for Mint: nobody else
    can write to the journal meanwhile.

    Raises:
        NotPossible: The id belongs to another request, or its job was removed from the list.
        TooExpensive: It would cost more than a limit.
    """
    with job_service.cache.single_commit():
        earlier = find(job_service, wanted)
        if earlier is None:
            subject = of_client_request(wanted.id, wanted.content)
            job = replace(start(subject), client_request=wanted)
            job_service.cache.save(job)
            return job, True
    return _send(job_service, earlier), False


def _send(job_service: JobService, earlier: Job) -> Job:
    """Return the job of an earlier request. If it was never sent, it is sent now."""
    try:
        job = job_service.job(earlier.id)
    except NotPossible:
        raise NotPossible(
            f"The job {earlier.id} of this request_id was removed from the list. Nothing was"
            " started. Use a new request_id for something new."
        ) from None
    send_held_back(job_service, job)
    return job_service.job(job.id)


def send_held_back(job_service: JobService, job: Job) -> None:
    """Send a job that an earlier session has not sent. Raises TooExpensive."""
    if holds_back(job) and not job_service.is_driven_elsewhere(job):
        job_service.budget.check([job_service.budget.of_queued(job)], job)
        job_service.resume(job.id)
