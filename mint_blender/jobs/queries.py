# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries to Mint, or to its file host, that are not jobs: they start and cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..mint.errors import ProblemError
from ..mint.generation_request import GenerationRequest
from ..mint.schema import Estimate, Kind, Me, Mode, OptimizationLevel, Page, Preset, Usage
from .job import Job, has_failed_at_mint
from .job_values import ABOVE_OWN_LIMIT
from .phases import Phase, Verb

if TYPE_CHECKING:
    from ..files.glb.header import Glb
    from ..mint.client import Client

PAGE_SIZE = 30  # entries of a page that is shown, as in Mint's own client
LARGEST_PAGE = 100  # the most that Mint returns at once, for searches


@dataclass(frozen=True)
class KeyOwner:
    """Whether the API key is accepted, and whose it is."""


@dataclass(frozen=True)
class Balance:
    """Credits, subscription and totals."""


@dataclass(frozen=True)
class Price:
    """What a generation would cost. The estimate is empty where Mint returns no prices."""

    kind: Kind
    preset: Preset
    mode: Mode

    @classmethod
    def of(cls, request: GenerationRequest) -> Price:
        """Return the query for the price of this request."""
        return cls(request.kind, request.preset, request.mode)


@dataclass(frozen=True)
class OptimizationPrice:
    """What optimizing a model would cost; answered like `Price`.

    Mint has prices only for models that exist. Without an id, for a model that is not made yet, the
    price of another model of the API project is used.
    """

    model_id: str | None = None


PriceQuery = Price | OptimizationPrice


def prices_of(
    request: GenerationRequest, optimize: OptimizationLevel | None
) -> tuple[PriceQuery, ...]:
    """Return the price queries of a generation and of the optimization that follows it."""
    return (Price.of(request), *([OptimizationPrice()] if optimize else []))


def prices_of_retry(job: Job) -> tuple[PriceQuery | None, ...]:
    """Return the price queries of a new attempt; none where it only fetches.

    None stands for a conversion, whose price Mint does not return.
    """
    if job.convert:
        return (None,)
    if job.source_asset_id is not None and not has_failed_at_mint(job):
        return (OptimizationPrice(job.source_asset_id),) if job.optimize else ()
    return prices_of(job.request, job.optimize)


def prices_of_click(job: Job, verb: Verb) -> tuple[PriceQuery | None, ...]:
    """Return the price queries of a job that costs more after this decision; none if it is free."""
    if verb is Verb.RETRY:
        return prices_of_retry(job)
    is_above_limit = (
        job.phase is Phase.PAUSED
        and job.problem is not None
        and job.problem.code == ABOVE_OWN_LIMIT
    )
    is_paid = verb in {Verb.APPROVE, Verb.REVISE} or (
        verb is Verb.RESUME and (is_above_limit or job.phase is Phase.BILLING)
    )
    return (
        prices_of(job.request, job.optimize if job.optimization is None else None)
        if is_paid and not job.convert
        else ()
    )


@dataclass(frozen=True)
class ListPage:
    """One page of the API project's models or worlds; the first one without a cursor."""

    kind: Kind
    cursor: str | None = None
    size: int = PAGE_SIZE


@dataclass(frozen=True)
class Thumbnail:
    """A small picture from the file host; the answer is its path in the cache."""

    url: str


@dataclass(frozen=True)
class RemoteGlbHeader:
    """The header of a GLB at the file host, read without downloading the file."""

    url: str


Query = KeyOwner | Balance | Price | OptimizationPrice | ListPage | Thumbnail | RemoteGlbHeader
Answer: TypeAlias = "Me | Usage | Estimate | Page | Path | Glb"


def answer(
    client: Client, query: KeyOwner | Balance | Price | OptimizationPrice | ListPage
) -> Answer:
    """Return Mint's answer. Raises MintError."""
    if isinstance(query, ListPage):
        return client.page(query.kind, cursor=query.cursor, limit=query.size)
    if isinstance(query, KeyOwner):
        return client.me()
    if isinstance(query, Balance):
        return client.usage()
    return quote(client, query)


def quote(client: Client, query: PriceQuery) -> Estimate:
    """Return what something would cost, or an empty estimate. Raises MintError."""
    try:
        if isinstance(query, OptimizationPrice):
            return _price_of_optimizing(client, query.model_id)
        return client.estimate(query.kind, query.preset, query.mode)
    except ProblemError as error:
        if error.problem.status not in {404, 405}:
            raise
        return Estimate(None, None, None)


def _price_of_optimizing(client: Client, model_id: str | None) -> Estimate:
    if model_id is None:
        usable = [asset for asset in client.page(Kind.MODEL).data if asset.is_usable]
        # The price of a model that is optimized already may be 0 or missing.
        usable.sort(
            key=lambda asset: (
                asset.assets is not None and asset.assets.optimized_glb_url is not None
            )
        )
        model_id = usable[0].id if usable else None
    return client.estimate_optimization(model_id) if model_id else Estimate(None, None, None)
