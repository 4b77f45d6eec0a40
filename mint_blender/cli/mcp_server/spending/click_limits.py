# SPDX-License-Identifier: GPL-3.0-or-later
"""What a decision about a job would cost, and whether a person has to be asked first."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass, replace

from mcp.server.mcpserver.exceptions import ToolError

from ....jobs.budget.spending import Expense
from ....jobs.job import Job
from ....jobs.phases import Phase, Verb
from ....jobs.presentation import action_checks
from ....jobs.queries import prices_of_click
from ....jobs.service import JobService
from ..job_state import HELD_BACK, revision_of
from . import approval


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


@dataclass(frozen=True)
class Cost:
    """What a click costs: the expected total of the job in Credits; None if it is unknown.

    `reason` says why a person has to decide; None if nobody has to.
    """

    total: float | None
    reason: str | None


def is_stale(job: Job, click: Click) -> bool:
    """Return whether the job has changed since the agent saw it."""
    return revision_of(job) != click.revision


def cost_of(job_service: JobService, job: Job, click: Click) -> Cost | None:
    """Return what a click costs, by the prices that are known; None if it is free.

    Raises:
        NotPossible: The decision is not possible now.
        ToolError: It costs more than was approved.
    """
    if job.phase is Phase.WAITING and job_service.unsent_jobs.holds_back(job):
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
    return Cost(expense.total, _reason(job_service, job, click, expense))


def question_text(job: Job, click: Click, cost: Cost) -> str:
    """Return what a person is asked about: the decision, and what the job then costs."""
    return _what(job, click, cost.total)


def apply(job_service: JobService, click: Click, *, is_approved: bool) -> tuple[Job, bool]:
    """Commit a decision, unless it is stale; return the job, and whether it was done.

    Everything is checked in the commit: other programs decide about the same jobs.

    Raises:
        NotPossible: The decision is not possible now.
        ToolError: A person has to be asked again, or it costs more than was approved.
    """
    with job_service.cache.single_commit():
        job = job_service.job(click.job)
        if is_stale(job, click):
            return job, False
        cost = cost_of(job_service, job, click)
        if cost is not None and cost.reason and not is_approved:
            raise ToolError(f"{question_text(job, click, cost)} {cost.reason} Nothing was started.")
        if cost is not None:
            limit = cost.total if is_approved else _new_limit(job_service, job, click)
            if limit is not None and limit > (job.max_credits or math.inf):
                job_service.set_limit(job.id, limit)
        with job_service.budget.without_limits() if is_approved else nullcontext():
            _perform(job_service, job, click)
    return job_service.job(job.id), True


def _perform(job_service: JobService, job: Job, click: Click) -> None:
    if click.verb is Verb.APPROVE:
        job_service.approve(job.id)
    elif click.verb is Verb.REVISE:
        job_service.revise(job.id, click.feedback)
    elif click.verb is Verb.RESUME:
        job_service.resume(job.id)
    elif click.verb is Verb.RETRY:
        job_service.retry(job.id)
    else:
        job_service.cancel(job.id)


def _reason(job_service: JobService, job: Job, click: Click, expense: Expense) -> str | None:
    """Return why a person has to decide; None if nobody has to.

    What earlier attempts have cost counts for the limit of one generation, too.
    """
    if expense.total is not None:
        generation = max(expense.generation or 0.0, expense.total)
        expense = replace(expense, generation=generation)
    expense = replace(expense, most=_new_limit(job_service, job, click) or job.max_credits)
    agreed = job.max_credits if _is_of_agent(job) else None
    return approval.reason_to_ask(job_service, expense, job, agreed=agreed)


def _new_limit(job_service: JobService, job: Job, click: Click) -> float | None:
    """Return the job's own limit after this click, if the agent may raise it; else None.

    The agent may raise what it has set itself, within the limits of a person. What a person has
    set, only a person raises.
    """
    is_own = job.max_credits is not None and _is_of_agent(job)
    if not is_own or not job_service.budget.limits:
        return None
    approved = approval.without_person(job_service, click.approved_credits)
    return approved if approved > (job.max_credits or 0.0) else None


def _is_of_agent(job: Job) -> bool:
    """Return whether an agent has started the job, so that its own limit was approved there."""
    return job.client_request is not None


def _what(job: Job, click: Click, total: float | None) -> str:
    price = (
        "The price is unknown."
        if total is None
        else f"The job would cost up to {total:,.0f} Credits in total"
        + (f", {job.cost:,.0f} of them are spent or reserved." if job.cost else ".")
    )
    return f'{click.verb.capitalize()} "{" ".join(job.title.split())}". {price}'
