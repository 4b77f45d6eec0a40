# SPDX-License-Identifier: GPL-3.0-or-later
"""Start what was quoted: once for each request of the client, and within what was approved."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated, TypeAlias

from mcp.server.mcpserver import Elicit
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from ....jobs.job import Job
from ....jobs.job_values import ClientRequest
from ....jobs.paid_requests.record import of_client_request
from ....jobs.service import JobService, NotPossible
from ..job_state import JobState, job_state
from ..state import ToolContext, state_of, with_jobs
from ..tools import with_sentences
from . import approval, prices
from .approval import Approval, ApprovedCredits, WithinLimits
from .quotes import ASK_AGAIN, Quote, Quotes

QuoteId: TypeAlias = Annotated[str, Field(description="From estimate", min_length=1)]
RequestId: TypeAlias = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description=(
            "A new id of your own for each thing the person wants, such as a UUID. Use the same one"
            " to repeat a call after a timeout or a restart: it returns the same job"
        ),
    ),
]


@with_sentences
async def check_start(
    quote_id: QuoteId, approved_credits: ApprovedCredits, request_id: RequestId, ctx: ToolContext
) -> Elicit[Approval] | WithinLimits:
    """Check a quote before it is used, and return the question for a person, if any.

    Raises:
        ToolError: It cannot be used, or costs more than was approved.
    """
    quotes = state_of(ctx).quotes
    known = await with_jobs(ctx, lambda jobs: _known_request(quotes, jobs, request_id, quote_id))
    if known is not None:
        return WithinLimits()
    quote = await with_jobs(ctx, lambda jobs: quotes.usable(quote_id))
    await _check_price(ctx, quote, approved_credits)
    reason = await with_jobs(ctx, lambda jobs: reason_to_ask(jobs, quote))
    return approval.question(ctx, _question_text(quote, approved_credits), reason)


async def start_quoted(
    context: ToolContext,
    quote_id: str,
    approved_credits: float,
    request_id: str,
    decision: approval.Decision,
) -> JobState:
    """Start what was quoted, or return the job that this request has started before.

    Raises:
        ToolError: A person has not agreed, or the quote cannot be used.
        TooExpensive: It is above a limit.
    """
    is_approved = approval.is_approved(decision)
    return await with_jobs(
        context,
        lambda jobs: _start_once(
            state_of(context).quotes, jobs, quote_id, request_id, approved_credits, is_approved
        ),
    )


def reason_to_ask(job_service: JobService, quote: Quote) -> str | None:
    """Return why a person has to decide; None if nobody has to."""
    prices = quote.purchase.prices
    expense = job_service.budget.of_start(prices)
    return approval.reason_to_ask(job_service, expense) if prices else None  # else it is free


def _start_once(
    quotes: Quotes,
    job_service: JobService,
    quote_id: str,
    request_id: str,
    approved_credits: float,
    is_approved: bool,
) -> JobState:
    """Commit the job together with the id of the request, if that has not started one before."""
    with job_service.cache.single_commit():
        known = _known_request(quotes, job_service, request_id, quote_id)
        if known is None:
            quote = quotes.usable(quote_id)
            most = approved_credits
            if not is_approved:
                most = approval.without_person(job_service, approved_credits)
            own_limit = None if quote.credits is None else most
            subject = of_client_request(request_id)
            with job_service.budget.without_limits() if is_approved else nullcontext():
                job = quote.purchase.start(job_service, own_limit, subject)
            request = ClientRequest(request_id, quote.content, quote.id)
            job = replace(job, client_request=request)
            job_service.cache.save(job)
    if known is None:
        quotes.note_use(quote, job.id)
    else:
        job = _started_before(job_service, known)
    return job_state(job_service, job)


def _question_text(quote: Quote, approved_credits: float) -> str:
    """Return what a person is asked about, with all that the person agrees to."""
    if quote.credits is None or approved_credits <= quote.credits:
        return quote.text
    return f"{quote.text} With revisions, up to {approved_credits:,.0f} Credits in total."


async def _check_price(context: ToolContext, quote: Quote, approved_credits: float) -> None:
    """Raise ToolError if the price has risen since the quote, or is more than was approved."""
    if quote.credits is None:
        return
    if approved_credits < quote.credits:
        raise ToolError(
            f"{quote.text} That is more than the approved {approved_credits:,.0f} Credits. Nothing"
            " was started. Show the price to the person."
        )
    await prices.ask_prices(context, quote.purchase.prices)
    now = await with_jobs(context, lambda jobs: jobs.budget.total(quote.purchase.prices))
    if now is None or now > quote.credits:
        price = "is not known any more" if now is None else f"is now {now:,.0f} Credits"
        raise ToolError(f"The price has changed since the quote: it {price}. {ASK_AGAIN}")


def _known_request(
    quotes: Quotes, job_service: JobService, request_id: str, quote_id: str
) -> Job | None:
    """Return the job that this request has started before.

    Raises:
        ToolError: The id belongs to another request.
    """
    known = job_service.journal.job_of_client_request(request_id)
    before = known.client_request if known else None
    if known is None or before is None or before.quote == quote_id:
        return known
    quote = quotes.find(quote_id)
    if quote is not None and quote.content == before.content:
        return known
    raise ToolError(
        f"The request_id {request_id} has started the job {known.id} with another request."
        " Nothing was started. Use a new request_id for something new."
    )


def _started_before(job_service: JobService, known: Job) -> Job:
    """Return the job of an earlier request. If it was never sent, it is sent now."""
    try:
        job = job_service.job(known.id)
    except NotPossible:
        raise ToolError(
            f"The job {known.id} of this request_id was removed from the list. Nothing was"
            " started. Use a new request_id for something new."
        ) from None
    if job_service.unsent_jobs.holds_back(job) and not job_service.is_driven_elsewhere(job):
        job_service.budget.check([job_service.budget.of_queued(job)], job)
        job_service.resume(job.id)
        job = job_service.job(job.id)
    return job
