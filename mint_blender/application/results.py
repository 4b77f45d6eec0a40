# SPDX-License-Identifier: GPL-3.0-or-later
"""What all programs need of a job that has, or should have, a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

from ..jobs.job import Job, asset_of
from ..jobs.job_values import DeliveryResult
from ..jobs.phases import HAS_RESULT, Phase
from ..jobs.presentation.job_view import JobView
from ..jobs.service import JobService, NotPossible
from ..mint.schema import Asset, Kind, is_valid_id


def asset_named(job_service: JobService, id: str) -> Asset:
    """Return the asset of a job, or a model by its id. Raises NotPossible."""
    try:
        job = job_service.job(id)
    except NotPossible:
        if not is_valid_id(id):
            raise
        return Asset.from_json(Kind.MODEL, {"id": id})
    asset_id = asset_of(job)
    if asset_id is None:
        raise NotPossible(f"{job.title} has no model or World yet.")
    return job.asset or Asset.from_json(
        job.kind, {"id": asset_id, "name": job.request.name, "prompt": job.request.prompt}
    )


def fetch_files_again(job_service: JobService, jobs: Iterable[Job]) -> None:
    """Fetch the files of finished jobs again that are gone from the disk."""
    for job in jobs:
        if job.phase in HAS_RESULT and not job.is_on_disk:
            job_service.fetch_again(job.id)


def is_finished(job: Job | None) -> TypeGuard[Job]:
    """Return whether Mint has finished a job, so that its files can be written."""
    return job is not None and job.phase in HAS_RESULT


def note_written(job_service: JobService, job_id: str, file: Path, result: DeliveryResult) -> None:
    """Store that a result is in a file, unless it belongs to a scene or to a batch."""
    with job_service.cache.single_commit():
        now = job_service.job(job_id)
        is_free = now.delivery.document is None and now.delivery.line is None
        if now.phase is Phase.READY and is_free:
            job_service.set_delivery(job_id, replace(now.delivery, output=str(file)))
            job_service.record_delivery(job_id, result)


def not_written(job: Job, why: str) -> str:
    """Return why the files of a finished job were not written, and where Mint's are."""
    files = "".join(f"\n  {file.path}" for file in (*job.files, *job.refused))
    return f"{job.title} {why}" + (f" Mint's files are kept:{files}" if files else "")


def check_places(job: Job) -> None:
    """Raise NotPossible for a job whose result goes into no scene."""
    if job.convert:
        raise NotPossible(
            f"{job.title}: this job only saved other formats. Use the job that generated the model."
        )


def check_finished(job: Job) -> None:
    """Raise NotPossible for a job without a result that can be placed."""
    check_places(job)
    if job.phase not in HAS_RESULT:
        raise NotPossible(f"{job.title} is not ready to place: {JobView(job).state}.")


def with_limit(job_service: JobService, job_id: str, max_credits: float | None) -> Job:
    """Return a job, after setting its new limit, if there is one."""
    job = job_service.job(job_id)
    if max_credits is not None and max_credits != job.max_credits:
        job_service.set_limit(job.id, max_credits)
    return job_service.job(job.id)
