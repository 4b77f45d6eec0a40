# SPDX-License-Identifier: GPL-3.0-or-later
"""The request that something was generated from: to generate it again, or something like it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ..dataclass import dataclass
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
    motions: tuple[str, ...] = ()
    """The words of the motions that were ordered together with it."""

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


def of_job(job: Job, jobs: Collection[Job] = ()) -> RequestTemplate:
    """Return the request of a job, or of what it downloaded."""
    if job.source_asset_id is None:
        # without what belongs to one run: files, batch line, earlier results
        names = ("output", "render", "folder", "line", "original", "group")
        delivery = replace(job.delivery, **dict.fromkeys(names), replaces=False)  # type: ignore[arg-type]
        motions = _ordered_with(job, jobs)
        return RequestTemplate(job.request, delivery, job.optimize, motions=motions)
    return (
        of_asset(job.asset, jobs)
        if job.asset is not None
        else RequestTemplate(job.request, is_complete=False)
    )


def of_asset(asset: Asset, jobs: Collection[Job]) -> RequestTemplate:
    """Return the request of a Model or World.

    It comes from the job that made it, if that is among these, else from what Mint returns.
    """
    made = next(
        (job for job in jobs if job.source_asset_id is None and asset_of(job) == asset.id), None
    )
    return (
        of_job(made, jobs)
        if made is not None
        else RequestTemplate(request_for(asset), is_complete=False)
    )


def _ordered_with(job: Job, jobs: Collection[Job]) -> tuple[str, ...]:
    """Return the words of the motions that were ordered with a generation, in that order."""
    group = job.delivery.group
    found = sorted((each for each in jobs if each.motion), key=lambda each: each.created_at)
    return tuple(
        each.motion.words
        for each in found
        if each.motion and group and each.delivery.group == group
    )
