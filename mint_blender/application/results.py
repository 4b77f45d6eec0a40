# SPDX-License-Identifier: GPL-3.0-or-later
"""What all programs need of a job that has, or should have, a result."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from ..delivery import engine_export
from ..jobs.job import Job, asset_of
from ..jobs.job_values import Delivery, DeliveryResult
from ..jobs.library import view_model
from ..jobs.phases import HAS_RESULT, Phase
from ..jobs.presentation.job_view import JobView
from ..jobs.service import JobService, NotPossible
from ..mint.errors import NotFound
from ..mint.schema import Asset, Kind, is_valid_id
from . import session


def asset_named(job_service: JobService, what: str) -> Asset:
    """Return the asset of a job, or one of the library: by its id, or its address at mint.gg.

    Raises:
        NotPossible: There is no such job, model or World, or the job has none yet.
        MintError: Mint cannot be asked.
    """
    job = job_or_asset(job_service, what)
    if isinstance(job, Asset):
        return job
    asset_id = asset_of(job)
    if asset_id is None:
        raise NotPossible(f"{job.title} has no model or World yet.")
    return job.asset or Asset.from_json(
        job.kind, {"id": asset_id, "name": job.request.name, "prompt": job.request.prompt}
    )


def usable_model(job_service: JobService, what: str | Asset) -> Asset:
    """Return a finished model as Mint lists it now; `what` is as in `asset_named`, or an asset.

    Raises:
        NotPossible: There is no such model, or it is not finished.
        MintError: Mint cannot be asked.
    """
    asset = what if isinstance(what, Asset) else asset_named(job_service, what)
    if asset.kind is not Kind.MODEL:
        raise NotPossible("Only models can be optimized.")
    with session.open_client() as client:
        model = session.call_mint(partial(client.asset, Kind.MODEL, asset.id))
    if not model.is_usable:
        raise NotPossible(f"{view_model.title(model)} is not finished, so it cannot be optimized.")
    return model


def job_or_asset(job_service: JobService, what: str) -> Job | Asset:
    """Return a job, or else a model or World of the library, by its id or its address at mint.gg.

    Raises:
        NotPossible: There is none.
        MintError: Mint cannot be asked.
    """
    address = urlsplit(what)
    is_ours = address.scheme == "https" and address.hostname == "mint.gg"
    asset_id = address.path.rstrip("/").rpartition("/")[2] if is_ours else what
    try:
        return job_service.job(asset_id)
    except NotPossible:
        if not is_valid_id(asset_id):
            raise
    with session.open_client() as client:
        for kind in Kind:
            with suppress(NotFound):
                return session.call_mint(partial(client.asset, kind, asset_id))
    raise NotPossible(
        f"There is no job {asset_id} on this computer, and no such model or World in your library."
    )


def placeable_job(job_service: JobService, asset: Asset, delivery: Delivery = Delivery()) -> Job:
    """Return a job that has the files of a model or a World, or that downloads them. Free.

    Raises:
        NotPossible: It is not finished.
    """
    phases = {Phase.WAITING, Phase.FETCHING, *HAS_RESULT}
    for job in job_service.journal.jobs_of_asset(asset.id):
        if job.optimize is not None and job.phase in HAS_RESULT:
            break  # older files are the original ones; which file can be opened is chosen anew
        is_other = job.convert or job.motion or job.optimize is not None or job.delivery.line
        if job.kind is asset.kind and not is_other and job.hold is None and job.phase in phases:
            return job
    if asset.raw.get("status") is not None and not asset.is_usable:
        raise NotPossible(f"{view_model.title(asset)} is not finished, so it cannot be placed.")
    return job_service.fetch(asset, delivery)


def what_to_export(name: str | PathLike[str]) -> dict[str, Any]:
    """Return what names the models of a .blend, of a job, or of the library; missing files come.

    Raises:
        NotPossible: There is no such file, job or model, or it is not finished.
        MintError: Mint cannot be asked.
    """
    path = Path(name).expanduser()
    if path.suffix.lower() == ".blend":
        if not path.is_file():
            raise NotPossible(f"There is no file {path}.")
        return engine_export.of_blend(path)
    with session.open_journal() as journal:
        found = job_or_asset(journal, str(name))
        if isinstance(found, Job):
            check_finished(found)
            parts = [found, *filter(is_finished, journal.motions_of(found))]
            if all(part.is_on_disk for part in parts):
                return engine_export.of_job(found, parts[1:])
    with session.open_job_service() as job_service:
        job = placeable_job(job_service, found) if isinstance(found, Asset) else found
        parts = [job, *filter(is_finished, job_service.motions_of(job))]
        fetch_files_again(job_service, parts)
        job_service.watch([part.id for part in parts])
        job, *motions = [job_service.job(part.id) for part in parts]
        check_finished(job)
        return engine_export.of_job(job, motions)


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
