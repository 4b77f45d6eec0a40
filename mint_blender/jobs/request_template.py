# SPDX-License-Identifier: GPL-3.0-or-later
"""The request that something was generated from: to generate it again, or something like it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..mint.generation_request import GenerationRequest
from ..mint.schema import Asset, OptimizationLevel
from .job import Job, asset_of
from .job_values import Delivery
from .new_jobs import request_for


@dataclass(frozen=True)
class RequestTemplate:
    """A request with its delivery and optimization."""

    request: GenerationRequest
    delivery: Delivery = Delivery()
    optimize: OptimizationLevel | None = None
    is_complete: bool = True
    """Whether all settings are known, not only what Mint returns with a result."""

    def with_prompt(self, prompt: str) -> RequestTemplate:
        """Return a copy with another prompt; an empty one changes nothing."""
        return replace(
            self, request=replace(self.request, prompt=prompt.strip() or self.request.prompt)
        )

    @property
    def gone(self) -> tuple[str, ...]:
        """Return the local pictures that are no longer on disk. Reads the disk."""
        return tuple(
            image
            for image in self.request.images
            if "://" not in image and not Path(image).is_file()
        )


def of_job(job: Job, jobs: Iterable[Job] = ()) -> RequestTemplate:
    """Return the request of a job, or of what it downloaded."""
    if job.source_asset_id is None:
        # without what belongs to one run: files, batch line, earlier results
        files = dict.fromkeys(("output", "render", "folder", "line", "original"))
        delivery = replace(job.delivery, **files, replaces=False)  # type: ignore[arg-type]
        return RequestTemplate(job.request, delivery, job.optimize)
    return (
        of_asset(job.asset, jobs)
        if job.asset is not None
        else RequestTemplate(job.request, is_complete=False)
    )


def of_asset(asset: Asset, jobs: Iterable[Job]) -> RequestTemplate:
    """Return the request of a Model or World.

    It comes from the job that made it, if that is among these, else from what Mint returns.
    """
    made = next(
        (job for job in jobs if job.source_asset_id is None and asset_of(job) == asset.id), None
    )
    return (
        of_job(made) if made is not None else RequestTemplate(request_for(asset), is_complete=False)
    )
