# SPDX-License-Identifier: GPL-3.0-or-later
"""What costs Credits when it is started: commands show its price, and agents get a quote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..delivery import write_files
from ..jobs import new_jobs
from ..jobs.job import Job
from ..jobs.job_values import Delivery
from ..jobs.library import view_model
from ..jobs.queries import AnimationPrice, OptimizationPrice, PriceQuery, prices_of
from ..jobs.service import JobService, NotPossible
from ..mint.generation_request import GenerationRequest
from ..mint.motion_request import MotionRequest
from ..mint.schema import Asset, Assets, Format, OptimizationLevel
from . import client_requests
from .offers import generation_title

PriceQueries = Sequence[PriceQuery | None]
"""None stands for something that Mint returns no price for; without any it is free."""
Start = Callable[[JobService, float | None, str | None], list[Job]]
"""Starts the jobs with their own limit of Credits (None: without one), as what was ordered."""


@dataclass(frozen=True)
class Purchase:
    """Something that costs Credits when it is started.

    Attributes:
        title: What is started, for a person: 'Generate the model "a lamp" (fast, review)'.
        content: Returns a digest of everything that is requested, also of local files.
        prices: The queries for its price.
        start: Commits the jobs.
    """

    title: str
    content: Callable[[], str]
    prices: PriceQueries
    start: Start


def generation(
    request: GenerationRequest,
    delivery: Delivery = Delivery(),
    level: OptimizationLevel | None = None,
) -> Purchase:
    """Return the generation of a request."""

    def start(job_service: JobService, limit: float | None, subject: str | None) -> list[Job]:
        job = job_service.start(
            request, delivery, optimize=level, max_credits=limit, subject=subject
        )
        return [job]

    return Purchase(
        title=generation_title(request),
        content=partial(client_requests.content_of, request, level),
        prices=prices_of(request, level),
        start=start,
    )


def conversion(model: Asset, formats: Sequence[Format], folder: Path) -> Purchase:
    """Return the conversion of a model, whose files go into a folder.

    Mint returns no price for it; formats that exist are free.
    """
    known = model.assets or Assets()
    is_paid = any(known.converted_url(format) is None for format in formats)
    names = ", ".join(format.value.upper() for format in formats)

    def start(job_service: JobService, limit: float | None, subject: str | None) -> list[Job]:
        if problem := write_files.folder_problem(folder):
            raise NotPossible(problem)
        return [job_service.convert(model, formats, folder)]

    return Purchase(
        title=f'Save the model "{view_model.title(model)}" as {names} in {folder}',
        content=lambda: f"convert {model.id} {names} {folder}",
        prices=(None,) if is_paid else (),
        start=start,
    )


def optimization(
    model: Asset, level: OptimizationLevel, delivery: Delivery = Delivery()
) -> Purchase:
    """Return the optimization of a model; one that is optimized already is only downloaded."""
    is_paid = (model.assets or Assets()).optimized_glb_url is None
    title = f'the model "{view_model.title(model)}"'

    def start(job_service: JobService, limit: float | None, subject: str | None) -> list[Job]:
        return [job_service.fetch(model, delivery, optimize=level, max_credits=limit)]

    return Purchase(
        title=f"Optimize {title} ({level})" if is_paid else f"Download {title}, optimized already",
        content=lambda: f"optimize {model.id} {level}",
        prices=(OptimizationPrice(model.id),) if is_paid else (),
        start=start,
    )


def animation(
    model: Asset,
    motions: Sequence[MotionRequest],
    before: Sequence[Job],
    delivery: Delivery,
    *,
    pay_again: bool = False,
) -> Purchase:
    """Return the motions of a model; `before` are those that were ordered and cost nothing."""
    unpaid, _ = new_jobs.not_ordered(motions, before)
    words = ", ".join(motion.words for motion in motions)

    def start(job_service: JobService, limit: float | None, subject: str | None) -> list[Job]:
        return job_service.animate(model, motions, delivery, max_credits=limit, pay_again=pay_again)

    return Purchase(
        title=f'Animate the model "{view_model.title(model)}": {words}',
        content=lambda: f"animate {model.id} {motions}",
        prices=(AnimationPrice(model.id),) * len(unpaid),
        start=start,
    )
