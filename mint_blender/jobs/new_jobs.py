# SPDX-License-Identifier: GPL-3.0-or-later
"""Make new jobs: generate, fetch, convert or retry an asset."""

from __future__ import annotations

import uuid
from dataclasses import replace

from ..message import Message
from ..mint.generation_request import GenerationRequest
from ..mint.schema import Asset, Format, OptimizationLevel
from .job import Job
from .job_values import Cause, Delivery, Problem
from .paid_requests.record import PaidRequest, PaidVerb, key_of, of_asset, of_job
from .phases import Phase


def new_job(
    request: GenerationRequest,
    delivery: Delivery,
    *,
    now: float,
    optimize: OptimizationLevel | None = None,
    estimate: float | None = None,
    optimize_estimate: float | None = None,
) -> Job:
    """Return the job of a new generation, with its paid request. Estimates are in Credits."""
    job_id = _new_id()
    start = new_request(of_job(job_id), PaidVerb.START, job_id, now=now)
    return Job(
        job_id,
        request,
        now,
        delivery,
        estimate=estimate,
        optimize=optimize,
        optimize_estimate=optimize_estimate,
        requests=(replace(start, credits=estimate, extra_credits=optimize_estimate),),
    )


def new_request(
    subject: str, verb: PaidVerb, job_id: str, *, now: float, number: int = 1
) -> PaidRequest:
    """Return the record of a paid request that was ordered now."""
    return PaidRequest(
        key_of(subject, verb, number), subject, verb, number, job_id, born=now, is_copied=False
    )


def new_fetch(
    asset: Asset,
    delivery: Delivery,
    *,
    now: float,
    optimize: OptimizationLevel | None = None,
    estimate: float | None = None,
) -> Job:
    """Return a job that fetches an existing asset, optimized first if `optimize` is set."""
    return Job(
        _new_id(),
        request_for(asset),
        now,
        delivery,
        estimate=estimate,
        source_asset_id=asset.id,
        asset=asset,
        optimize=optimize,
    )


def new_conversion(
    asset: Asset, formats: tuple[Format, ...], delivery: Delivery, *, now: float, number: int = 1
) -> Job:
    """Return a job that saves a model in other formats to the folder of its delivery.

    `number` is how many conversions of this model were ordered, this one included.
    """
    job_id = _new_id()
    subject = of_asset(asset.id)
    return Job(
        job_id,
        request_for(asset),
        now,
        delivery,
        source_asset_id=asset.id,
        asset=asset,
        convert=formats,
        requests=(new_request(subject, PaidVerb.CONVERT, job_id, now=now, number=number),),
    )


def new_attempt(asset: Asset, delivery: Delivery, *, now: float) -> Job:
    """Return a failed job, which can be retried, for an asset that failed at Mint."""
    failed = Problem(
        Cause.WORK,
        Message(
            "Mint did not finish this {kind} ({status}).", kind=asset.kind, status=asset.status
        ),
    )
    return replace(new_fetch(asset, delivery, now=now), phase=Phase.FAILED, problem=failed)


def request_for(asset: Asset) -> GenerationRequest:
    """Return the request of an asset, as far as Mint returns it."""
    return GenerationRequest(asset.kind, asset.prompt or "", name=asset.name)


def _new_id() -> str:
    return uuid.uuid4().hex[:12]
