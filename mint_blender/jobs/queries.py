# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries to Mint, or to its file host, that are not jobs: they start and cost nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..mint.errors import ProblemError
from ..mint.generation_request import GenerationRequest
from ..mint.schema import Estimate, Kind, Me, Mode, OptimizationLevel, Page, Preset, Usage
from .job import Job, is_unanswered
from .paid_requests.costs import Attempt
from .paid_requests.record import PaidRequest, PaidVerb
from .phases import Verb

if TYPE_CHECKING:
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


@dataclass(frozen=True)
class AnimationPrice:
    """What a motion of a model would cost; answered like `OptimizationPrice`.

    Nobody knows whether Mint has such prices: without one, the estimate is empty.
    """

    model_id: str | None = None


PriceQuery = Price | OptimizationPrice | AnimationPrice


def prices_of(
    request: GenerationRequest, optimize: OptimizationLevel | None, motions: int = 0
) -> tuple[PriceQuery, ...]:
    """Return the price queries of a generation, and of what follows it.

    That may be an optimization, and a number of motions.
    """
    extra = [OptimizationPrice()] if optimize else []
    return (Price.of(request), *extra, *[AnimationPrice()] * motions)


def prices_of_click(job: Job, verb: Verb) -> tuple[PriceQuery | None, ...]:
    """Return the price queries of a job that costs more after this decision; none if it is free.

    None stands for a conversion, whose price Mint does not return.
    """
    if verb is Verb.RETRY:
        orders = orders_of_retry(job)
        asset_id = None if PaidVerb.RETRY in orders else job.source_asset_id
        queries: dict[PaidVerb, PriceQuery | None] = {
            PaidVerb.START: Price.of(job.request),
            PaidVerb.RETRY: Price.of(job.request),
            PaidVerb.CONVERT: None,
            PaidVerb.ANIMATE: AnimationPrice(asset_id),
            PaidVerb.OPTIMIZE: OptimizationPrice(asset_id),
        }
        return tuple(queries[order] for order in orders)
    takes_more = verb in {Verb.APPROVE, Verb.REVISE} or (
        verb is Verb.RESUME and any(map(_takes_more_when_resumed, job.attempts))
    )
    if not takes_more or job.convert:
        return ()
    if job.motion:
        return (AnimationPrice(job.source_asset_id),)
    return prices_of(job.request, job.optimize if job.optimization is None else None)


def _takes_more_when_resumed(attempt: Attempt) -> bool:
    """Return whether *Resume* takes Credits for a start: it was not sent, or Credits lack."""
    if attempt.first.verb is PaidVerb.OPTIMIZE:
        return False
    if attempt.answer is None:
        return attempt.first.is_still_to_be_sent
    return attempt.answer.awaits_payment


def orders_of_retry(job: Job) -> list[PaidVerb]:
    """Return what Mint is asked for when a job is started again; nothing if it only downloads."""
    verb = PaidVerb.RETRY if job.failed_asset_id else PaidVerb.START
    verb = PaidVerb.CONVERT if job.convert else PaidVerb.ANIMATE if job.motion else verb
    orders = [] if verb is PaidVerb.START and job.source_asset_id is not None else [verb]
    return [*orders, PaidVerb.OPTIMIZE] if job.optimize else orders


def request_to_repeat(job: Job, order: PaidVerb) -> PaidRequest | None:
    """Return the request that is sent in place of another one when a job is started again.

    That is one that is still open, unless a person was told that Mint may have carried it out.
    """
    request = job.paid_request(order)
    is_over = order is not PaidVerb.OPTIMIZE and is_unanswered(job)
    return request if request is not None and request.is_open and not is_over else None


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


Query = KeyOwner | Balance | PriceQuery | ListPage | Thumbnail
Answer: TypeAlias = "Me | Usage | Estimate | Page | Path"


@dataclass(frozen=True)
class QueryAnswered:
    """The answer to a query, or the reason why there is none."""

    query: Query
    answer: Answer | None
    error: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now().astimezone())
    # of the `Ask`; if the query was sent again since, this answer is late
    number: int = 0
    # why the API key is of no use, in a short sentence; None if that is not known
    key_problem: str | None = None


def answer(client: Client, query: KeyOwner | Balance | PriceQuery | ListPage) -> Answer:
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
        if isinstance(query, Price):
            return client.estimate(query.kind, query.preset, query.mode)
        model_id = query.model_id or _some_model(client)
        if model_id is None:
            return NO_PRICE
        if isinstance(query, AnimationPrice):
            return client.estimate_animation(model_id)
        return client.estimate_optimization(model_id)
    except ProblemError as error:
        # what an older Mint does not know is no price either
        unknown = {400, 422} if isinstance(query, AnimationPrice) else set()
        if error.problem.status not in {404, 405, *unknown}:
            raise
        return NO_PRICE


NO_PRICE = Estimate(None, None, None)


def _some_model(client: Client) -> str | None:
    """Return a finished model, whose price stands for one that is not made yet."""
    usable = [asset for asset in client.page(Kind.MODEL).data if asset.is_usable]
    # The price of a model that is optimized already may be 0 or missing.
    usable.sort(
        key=lambda asset: asset.assets is not None and asset.assets.optimized_glb_url is not None
    )
    return usable[0].id if usable else None
