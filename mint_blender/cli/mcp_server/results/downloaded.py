# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the job of a result, and wait until its files are on this computer."""

from __future__ import annotations

import time
from pathlib import Path

import anyio

from ....jobs.job import Job
from ....jobs.job_values import Role
from ....jobs.phases import BUSY, Phase
from ....jobs.presentation import action_checks, presenter
from ....jobs.service import JobService, NotPossible
from ....mint.schema import Asset, Kind, is_valid_id
from ..state import ToolContext, with_jobs

INTERVAL = 0.2
"""Seconds between two looks at a job."""
LONGEST = 40.0
"""Seconds that a call waits for a download: clients end calls that take much longer."""
PLACED_ROLES = frozenset({Role.MODEL, Role.COLLIDER, Role.PANORAMA, Role.SPLATS})


def job_of_asset(job_service: JobService, kind: Kind, asset_id: str) -> Job:
    """Return a job that has the files of a Model or World, or that downloads them. Free.

    Raises:
        NotPossible: The id is not valid.
    """
    if not is_valid_id(asset_id):
        raise NotPossible("Not a valid Mint ID. IDs contain only letters, digits, _ and -.")
    known = (job for job in job_service.jobs_of_asset(asset_id) if _has_asset(job, kind))
    job = next(known, None)
    return job or job_service.fetch(Asset.from_json(kind, {"id": asset_id}))


def _has_asset(job: Job, kind: Kind) -> bool:
    """Return whether a job has the unchanged asset, or is downloading it."""
    phases = {Phase.WAITING, Phase.FETCHING, Phase.READY, Phase.PLACED}
    is_plain = job.kind is kind and not job.convert and job.optimize is None
    return is_plain and job.hold is None and job.phase in phases


async def wait_for_files(context: ToolContext, job_id: str, *, longest: float = LONGEST) -> Job:
    """Return a job, which may still be downloading after `longest` seconds.

    Files that are gone are downloaded again.

    Raises:
        NotPossible: It has no result that can be placed, or not yet.
    """
    until = time.monotonic() + longest
    job = await with_jobs(context, lambda jobs: _with_files(jobs, job_id))
    while job.phase in BUSY and time.monotonic() < until:
        await anyio.sleep(INTERVAL)
        job = await with_jobs(context, lambda jobs: jobs.job(job_id))
    if job.phase not in BUSY:
        _check(job)
    return job


def _with_files(job_service: JobService, job_id: str) -> Job:
    """Return the job; have its files downloaded again if one is gone."""
    job = job_service.job(job_id)
    if job.hold is not None:
        raise action_checks.refusal(job)
    is_download = job.phase in BUSY and job.source_asset_id is not None
    if not (is_download or job.phase is Phase.FETCHING):
        _check(job)
    if job.phase in {Phase.READY, Phase.PLACED} and not _has_all_files(job):
        job_service.fetch_again(job.id)
        return job_service.job(job.id)
    return job


def _has_all_files(job: Job) -> bool:
    return all(Path(file.path).is_file() for file in job.files if file.role in PLACED_ROLES)


def _check(job: Job) -> None:
    """Raise NotPossible unless the job has a result."""
    if job.convert:
        raise NotPossible(
            f"{job.title}: this job only saves other formats. Place the job that generated the"
            " model."
        )
    if job.phase not in {Phase.READY, Phase.PLACED}:
        raise NotPossible(f"{job.title} is not ready to place: {presenter.state(job)}.")
