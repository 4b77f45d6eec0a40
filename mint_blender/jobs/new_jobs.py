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
from .phases import Phase


def new_key(action: str) -> str:
    """Return a new idempotency key: one for each click, for all tries of that click."""
    return f"mint-blender-{action}-{uuid.uuid4()}"


def new_job(
    request: GenerationRequest,
    delivery: Delivery,
    *,
    now: float,
    optimize: OptimizationLevel | None = None,
    estimate: float | None = None,
    optimize_estimate: float | None = None,
) -> Job:
    """Return the job of a new generation. Estimates are in Credits."""
    return Job(
        _new_id(),
        request,
        new_key("generate"),
        now,
        delivery,
        estimate=estimate,
        optimize=optimize,
        optimize_estimate=optimize_estimate,
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
        new_key("fetch"),
        now,
        delivery,
        estimate=estimate,
        source_asset_id=asset.id,
        asset=asset,
        optimize=optimize,
    )


def new_conversion(
    asset: Asset, formats: tuple[Format, ...], delivery: Delivery, *, now: float
) -> Job:
    """Return a job that saves a model in other formats to the folder of its delivery."""
    return Job(
        _new_id(),
        request_for(asset),
        new_key("convert"),
        now,
        delivery,
        source_asset_id=asset.id,
        asset=asset,
        convert=formats,
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
