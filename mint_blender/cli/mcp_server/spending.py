# SPDX-License-Identifier: GPL-3.0-or-later
"""Spend Credits for an agent: a quote that is started, or a decision about a job.

An agent may spend within limits that a person has set. Anything else is asked, in the client's own
dialog; a client that has none gets a refusal that says what a person can change. Everything is
checked again in the commit: other programs start jobs and decide about them, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, TypeAlias

import anyio.to_thread
from mcp.server.mcpserver import AcceptedElicitation, Elicit, ElicitationResult
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from ...application import client_requests, session
from ...application.purchases import PriceQueries
from ...jobs.budget.spending import Expense
from ...jobs.job import Job
from ...jobs.job_values import ClientRequest
from ...jobs.phases import Phase, Verb
from ...jobs.presentation import action_checks
from ...jobs.queries import prices_of_click
from ...jobs.service import JobService, TooExpensive
from ...jobs.storage.job_cache import holds_back
from ...mint.schema import Estimate
from .answers import HELD_BACK, JobState, job_state, revision_of
from .tools import (
    ASK_AGAIN,
    PATIENCE,
    Quote,
    Quotes,
    ToolContext,
    state_of,
    with_jobs,
    with_sentences,
)

NO_LIMIT = "No spending limit is set, so a person decides about each use of Credits."
NO_PRICE = "Mint did not return a price."
HOW_TO_ALLOW = (
    "This client cannot ask a person. To allow it, a person sets the limits of this server"
    f" ({session.LIMIT_EACH_VARIABLE} for one generation, {session.LIMIT_DAY_VARIABLE} for a day,"
    " in the environment of its configuration), or decides in Blender."
)

ApprovedCredits: TypeAlias = Annotated[
    float,
    Field(
        ge=0,
        allow_inf_nan=False,
        description="The most Credits that the person has agreed to, for this job in total",
    ),
]


class Approval(BaseModel):
    """What a person answers."""

    spend: Annotated[bool, Field(title="Spend these Credits")]


@dataclass(frozen=True)
class WithinLimits:
    """Nobody has to be asked."""


Question: TypeAlias = Elicit[Approval] | WithinLimits
"""What a person is asked before a tool is called."""

Decision: TypeAlias = ElicitationResult[Approval]
"""What the client brings back: an answer of a person, or `WithinLimits` in its place."""


def reason_to_ask(
    job_service: JobService, expense: Expense, *jobs: Job, agreed: float | None = None
) -> str | None:
    """Return why a person has to decide about an expense; None if nobody has to.

    `jobs` is its job, if that was started; `agreed` is what a person has agreed to for it in total.
    """
    if expense.total is None:
        return NO_PRICE
    if not job_service.budget.limits and (agreed is None or expense.total > agreed):
        return NO_LIMIT
    try:
        job_service.budget.check([expense], *jobs)
    except TooExpensive as error:
        return error.message
    return None


def without_person(job_service: JobService, approved_credits: float) -> float:
    """Return how much an agent may give a job alone: no more than a limit of a person."""
    limits = job_service.budget.limits
    return min(approved_credits, limits.each or limits.day or approved_credits)


def question(context: ToolContext, summary: str, reason: str | None) -> Question:
    """Return the question for a person, or that nobody has to be asked.

    Args:
        context: The call.
        summary: What is to be started, and its price.
        reason: Why a person has to decide; None if nobody has to.

    Raises:
        ToolError: A person has to be asked, and the client cannot do that.
    """
    if reason is None:
        return WithinLimits()
    capabilities = context.client_capabilities
    forms = capabilities.elicitation if capabilities else None
    # without members it means forms: there was nothing else at first
    if forms is None or (forms.form is None and forms.url is not None):
        raise ToolError(f"{summary} {reason} {HOW_TO_ALLOW} Nothing was started.")
    return Elicit(f"{summary} {reason} Spend these Credits?", Approval)


def is_approved(decision: Decision) -> bool:
    """Return whether a person was asked and has agreed; False: nobody had to be asked.

    Raises:
        ToolError: A person was asked, and has not agreed.
    """
    if isinstance(decision, AcceptedElicitation):
        answer: object = decision.data
        if isinstance(answer, WithinLimits):
            return False
        if isinstance(answer, Approval) and answer.spend:
            return True
    raise ToolError("The person has not agreed. Nothing was started, and no Credits were spent.")


async def ask_prices(context: ToolContext, wanted: PriceQueries) -> list[Estimate]:
    """Ask Mint for prices, tell them the job service, and return them; empty where there is none.

    Raises:
        MintError: Mint cannot be asked. An optimization then counts as without a price.
    """
    estimates = []
    for query in wanted:
        if query is None:
            estimates.append(Estimate(None, None, None))
        else:
            ask = partial(session.ask_price, query, patience=PATIENCE)
            estimates.append(await anyio.to_thread.run_sync(ask, abandon_on_cancel=True))

    def cache(job_service: JobService) -> None:
        for query, estimate in zip(wanted, estimates, strict=True):
            if query is not None:
                job_service.queries.cache_answer(query, estimate)

    await with_jobs(context, cache)
    return estimates


# -- starting a quote


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
) -> Question:
    """Check a quote before it is used, and return the question for a person, if any.

    Raises:
        ToolError: It cannot be used, or costs more than was approved.
    """
    quotes = state_of(ctx).quotes
    wanted = _wanted(quotes, request_id, quote_id)
    job = await with_jobs(ctx, lambda jobs: client_requests.find(jobs, wanted))
    if job is not None:
        return WithinLimits()
    quote = await with_jobs(ctx, lambda jobs: quotes.usable(quote_id))
    await _check_price(ctx, quote, approved_credits)
    reason = await with_jobs(ctx, lambda jobs: reason_to_ask_about(jobs, quote))
    summary = quote.text
    if quote.credits is not None and approved_credits > quote.credits:  # all that is agreed to
        summary = f"{summary} With revisions, up to {approved_credits:,.0f} Credits in total."
    return question(ctx, summary, reason)


async def start_quoted(
    context: ToolContext,
    quote_id: str,
    approved_credits: float,
    request_id: str,
    decision: Decision,
) -> JobState:
    """Start what was quoted, or return the job that this request has started before.

    Raises:
        ToolError: A person has not agreed, or the quote cannot be used.
        TooExpensive: It is above a limit.
    """
    is_agreed = is_approved(decision)
    quotes = state_of(context).quotes

    def start(job_service: JobService) -> JobState:
        def order(subject: str) -> Job:
            quote = quotes.usable(quote_id)
            limit = approved_credits
            if not is_agreed:
                limit = without_person(job_service, approved_credits)
            own_limit = None if quote.credits is None else limit
            with job_service.budget.without_limits() if is_agreed else nullcontext():
                jobs = quote.purchase.start(job_service, own_limit, subject)
            # the one that other motions follow
            return next((job for job in jobs if job_service.followers(job)), jobs[0])

        wanted = _wanted(quotes, request_id, quote_id)
        job, is_new = client_requests.start_once(job_service, wanted, order)
        if is_new:
            quotes[quote_id].used_for = job.id
        return job_state(job_service, job)

    return await with_jobs(context, start)


def reason_to_ask_about(job_service: JobService, quote: Quote) -> str | None:
    """Return why a person has to decide about a quote; None if nobody has to."""
    prices = quote.purchase.prices
    expense = job_service.budget.of_start(prices)
    return reason_to_ask(job_service, expense) if prices else None  # else it is free


async def _check_price(context: ToolContext, quote: Quote, approved_credits: float) -> None:
    """Raise ToolError if the price has risen since the quote, or is more than was approved."""
    if quote.credits is None:
        return
    if approved_credits < quote.credits:
        raise ToolError(
            f"{quote.text} That is more than the approved {approved_credits:,.0f} Credits. Nothing"
            " was started. Show the price to the person."
        )
    await ask_prices(context, quote.purchase.prices)
    now = await with_jobs(context, lambda jobs: jobs.budget.total(quote.purchase.prices))
    if now is None or now > quote.credits:
        price = "is not known any more" if now is None else f"is now {now:,.0f} Credits"
        raise ToolError(f"The price has changed since the quote: it {price}. {ASK_AGAIN}")


def _wanted(quotes: Quotes, request_id: str, quote_id: str) -> ClientRequest:
    """Return what a call wants to start; a quote that the server has forgotten has no content."""
    quote = quotes.get(quote_id)
    return ClientRequest(request_id, quote.content if quote else "", quote_id)


# -- decisions


@dataclass(frozen=True)
class Click:
    """A decision about a job, as the agent requests it.

    Attributes:
        job: The id of the job.
        revision: What the agent has seen.
        verb: The decision.
        approved_credits: The most that the job may cost in total.
        feedback: What should change, for a revision.
    """

    job: str
    revision: str
    verb: Verb
    approved_credits: float = 0.0
    feedback: str = ""


async def check_click(context: ToolContext, click: Click) -> Question:
    """Return the question for a person, if any; a stale decision is refused by the tool itself."""
    job = await with_jobs(context, lambda jobs: jobs.job(click.job))
    if revision_of(job) != click.revision:
        return WithinLimits()
    await ask_prices(context, prices_of_click(job, click.verb))

    def ask(job_service: JobService) -> Question:
        job = job_service.job(click.job)
        expense = _expense(job_service, job, click)
        if expense is None:
            return WithinLimits()
        reason = _reason(job_service, job, click, expense)
        return question(context, _what(job, click, expense.total), reason)

    return await with_jobs(context, ask)


def apply_click(job_service: JobService, click: Click, *, is_agreed: bool) -> bool:
    """Commit a decision, unless it is stale; return whether it was done.

    Raises:
        NotPossible: The decision is not possible now.
        ToolError: A person has to be asked again, or it costs more than was approved.
    """
    with job_service.cache.single_commit():
        job = job_service.job(click.job)
        if revision_of(job) != click.revision:
            return False
        expense = _expense(job_service, job, click)
        if expense is not None:
            reason = _reason(job_service, job, click, expense)
            if reason and not is_agreed:
                summary = _what(job, click, expense.total)
                raise ToolError(f"{summary} {reason} Nothing was started.")
            limit = expense.total if is_agreed else _new_limit(job_service, job, click)
            if limit is not None and limit > (job.max_credits or math.inf):
                job_service.set_limit(job.id, limit)
        with job_service.budget.without_limits() if is_agreed else nullcontext():
            decide: dict[Verb, Callable[[str], None]] = {
                Verb.APPROVE: job_service.approve,
                Verb.REVISE: partial(job_service.revise, feedback=click.feedback),
                Verb.RESUME: job_service.resume,
                Verb.RETRY: job_service.retry,
                Verb.CANCEL: job_service.cancel,
            }
            decide[click.verb](job.id)
    return True


def _expense(job_service: JobService, job: Job, click: Click) -> Expense | None:
    """Return what a click costs, by the prices that are known; None if it is free.

    Raises:
        NotPossible: The decision is not possible now.
        ToolError: It costs more than was approved.
    """
    if job.phase is Phase.WAITING and holds_back(job):
        if click.verb is not Verb.CANCEL:
            raise ToolError(f"{job.title}: {click.verb} is not possible now. {HELD_BACK}")
        return None
    if click.verb not in job_service.view(job).verbs:
        raise action_checks.refusal(job, click.verb)
    queries = prices_of_click(job, click.verb)
    if not queries:
        return None
    expense = job_service.budget.of_click(job, click.verb, queries)
    if expense.total is not None and expense.total > click.approved_credits:
        raise ToolError(
            f"{_what(job, click, expense.total)} That is more than the approved"
            f" {click.approved_credits:,.0f} Credits. Nothing was started. Show the price to the"
            " person."
        )
    return expense


def _reason(job_service: JobService, job: Job, click: Click, expense: Expense) -> str | None:
    """Return why a person has to decide; None if nobody has to.

    What earlier attempts have cost counts for the limit of one generation, too.
    """
    if expense.total is not None:
        generation = max(expense.generation or 0.0, expense.total)
        expense = replace(expense, generation=generation)
    expense = replace(expense, most=_new_limit(job_service, job, click) or job.max_credits)
    agreed = job.max_credits if job.client_request is not None else None
    return reason_to_ask(job_service, expense, job, agreed=agreed)


def _new_limit(job_service: JobService, job: Job, click: Click) -> float | None:
    """Return the job's own limit after this click, if the agent may raise it; else None.

    The agent may raise what it has set itself, within the limits of a person. What a person has
    set, only a person raises.
    """
    is_own = job.max_credits is not None and job.client_request is not None
    if not is_own or not job_service.budget.limits:
        return None
    approved = without_person(job_service, click.approved_credits)
    return approved if approved > (job.max_credits or 0.0) else None


def _what(job: Job, click: Click, total: float | None) -> str:
    """Return what a person is asked about: the decision, and what the job then costs."""
    price = "The price is unknown."
    if total is not None:
        paid = f", {job.cost:,.0f} of them are spent or reserved." if job.cost else "."
        price = f"The job would cost up to {total:,.0f} Credits in total{paid}"
    return f'{click.verb.capitalize()} "{" ".join(job.title.split())}". {price}'
