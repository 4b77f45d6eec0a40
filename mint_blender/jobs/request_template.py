# SPDX-License-Identifier: GPL-3.0-or-later
"""What was wished for when something was made: to wish for it once more, or to begin something like
it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..mint.generation_request import GenerationRequest
from ..mint.schema import Asset, OptimizationLevel
from .job import Job, Target, asset_of, request_for


@dataclass(frozen=True)
class Wish:
    """A request with what belongs to it.

    `is_whole`: the settings are known, not only what Mint tells with a result.
    """

    request: GenerationRequest
    target: Target = Target()
    optimize: OptimizationLevel | None = None
    is_whole: bool = True

    def varied(self, prompt: str) -> Wish:
        """The same with another prompt; with an empty one the same."""
        return replace(
            self, request=replace(self.request, prompt=prompt.strip() or self.request.prompt)
        )

    @property
    def gone(self) -> tuple[str, ...]:
        """The local pictures that are no longer on disk. Looks at the disk."""
        return tuple(
            image
            for image in self.request.images
            if "://" not in image and not Path(image).is_file()
        )


def of_job(job: Job, jobs: Iterable[Job] = ()) -> Wish:
    """What a job was to make. One that only fetched knows no more than what it fetched."""
    if job.existing is None:
        return Wish(job.request, _for_once(job.target), job.optimize)
    return of_asset(job.asset, jobs) if job.asset is not None else Wish(job.request, is_whole=False)


def of_asset(asset: Asset, jobs: Iterable[Job]) -> Wish:
    """What a model or world was made of: by the job that made it, where it is among these, else as
    far as Mint tells.
    """
    made = next((job for job in jobs if job.existing is None and asset_of(job) == asset.id), None)
    return of_job(made) if made is not None else Wish(request_for(asset), is_whole=False)


def _for_once(target: Target) -> Target:
    """Files that were written, lines of a batch and versions that were replaced belong to that one
    time.
    """
    return replace(target, output=None, render=None, folder=None, line=None, replaces=False)
