# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interface: `generate`, `usage`, `models` and `worlds`.

Each function blocks, and raises an exception with a sentence for the user.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from os import PathLike
from typing import TYPE_CHECKING

from .cli import session
from .cli.follow import Review, follow
from .cli.price_check import check_price
from .jobs.engine.retry_schedule import StillUnreachable
from .jobs.job import Job
from .jobs.job_values import Delivery
from .jobs.phases import Phase
from .jobs.presentation import presenter
from .jobs.service import JobService, NotPossible, TooExpensive
from .jobs.storage import import_marks
from .jobs.storage.journal import JournalError
from .mint.generation_request import GenerationRequest
from .mint.schema import Asset, Kind, Mode, OptimizationLevel, Usage

__all__ = ["GenerationStopped", "TooExpensive", "generate", "models", "usage", "worlds"]

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from .scene.place import PlacedResult


class GenerationStopped(RuntimeError):
    """The job ended without a result.

    `job_id` identifies it: what was paid for can be resumed.
    """

    def __init__(self, job: Job, reason: str = "") -> None:
        super().__init__(f"{job.title}: {reason or presenter.state(job)} (job {job.id})")
        self.job_id = job.id
        self.phase = job.phase.value


def generate(
    prompt: str,
    *,
    kind: str = "model",
    preset: str = "standard",
    mode: str = "auto",
    name: str | None = None,
    images: Iterable[str | PathLike[str]] = (),
    pose: str | None = None,
    splats: str | None = None,
    optimize: str | None = None,
    review: Review | None = None,
    max_credits: float | None = None,
) -> PlacedResult:
    """Generate a model or a World, place it in the current scene, and return it.

    `images` are paths or https URLs. In mode "review", `review` is called with each Preview and
    returns "approve", "cancel", or what should change. `optimize` ("light", "moderate" or
    "aggressive") costs more Credits. Nothing starts that would cost more than `max_credits`.

    Raises:
        GenerationStopped: The job failed, was canceled, or cannot continue.
        MintError: Mint refused a call or cannot be reached.
        TooExpensive: It would cost more than `max_credits` or a limit of the preferences.
        ValueError: Mint would refuse the request.
    """
    request = GenerationRequest.parse(
        kind=kind, prompt=prompt, preset=preset, mode=mode, name=name, images=images, pose=pose
    )
    level = OptimizationLevel(optimize) if optimize else None
    _check(request, level, review)
    with session.open_job_service() as job_service:
        check_price(job_service, request, level, max_credits)
        job = job_service.start(
            request, Delivery(splats=splats), optimize=level, max_credits=max_credits
        )
        return _place(job_service, _follow(job_service, job.id, review))


def usage() -> Usage:
    """Return the current Credits, subscription and totals."""
    with session.open_client() as client:
        return session.call_mint(client.usage)


def models() -> Iterator[Asset]:
    """Yield every model of this API project, newest first."""
    yield from _assets(Kind.MODEL)


def worlds() -> Iterator[Asset]:
    """Yield every World of this API project, newest first."""
    yield from _assets(Kind.WORLD)


def _follow(job_service: JobService, job_id: str, review: Review | None) -> Job:
    """Return the job once its files are here. Raises GenerationStopped."""
    try:
        job = follow(job_service, job_id, lambda news: None, review)
    except StillUnreachable as error:
        raise GenerationStopped(job_service.job(job_id), str(error)) from error
    if job.phase is not Phase.READY:
        raise GenerationStopped(job)
    return job


def _place(job_service: JobService, job: Job) -> PlacedResult:
    from .delivery import import_job

    with import_marks.importing(job_service.home, job.id):
        placed = import_job.place(job)
    try:
        job_service.mark_placed(job.id, *placed.notes)
    # It is in the scene: a script that sees an error here would pay for it a second time.
    except JournalError as error:
        log.warning("Job %s was placed, which could not be recorded: %s", job.id, error)
    return placed


def _assets(kind: Kind) -> Iterator[Asset]:
    with session.open_client() as client:
        yield from session.assets(client, kind)


def _check(
    request: GenerationRequest, level: OptimizationLevel | None, review: Review | None
) -> None:
    """Raise ValueError for a request that makes no sense or that Mint would refuse."""
    if level is not None and request.kind is not Kind.MODEL:
        raise ValueError("Only models can be optimized.")
    if request.mode is Mode.REVIEW and review is None:
        raise ValueError(
            'mode "review" needs a function review(preview) that returns "approve", "cancel", or'
            " what should change."
        )
    try:
        session.check_request(request)
    except NotPossible as error:
        raise ValueError(str(error)) from error
