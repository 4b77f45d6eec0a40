# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools `approve`, `revise`, `resume`, `retry` and `cancel`: decisions about a job.

Each takes the revision that the agent has seen. If the job has changed since, nothing is done: a
person may have decided in Blender meanwhile.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from mcp.server.mcpserver import Elicit, Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from ...jobs.job import Job
from ...jobs.phases import Verb
from ...jobs.queries import prices_of_click
from ...jobs.service import JobService, NotPossible
from ...mint.generation_request import feedback_error
from .job_state import JobState, answer_with_jobs, job_state
from .spending import approval, click_limits
from .spending.approval import Approval, ApprovedCredits, Decision, WithinLimits
from .spending.click_limits import Click
from .spending.prices import ask_prices
from .state import ToolContext, with_jobs
from .tools import PAID_ONCE, Tool, with_sentences

CANCEL = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=True
)

JobId: TypeAlias = Annotated[str, Field(min_length=1, description="The id of the job")]
Revision: TypeAlias = Annotated[
    str, Field(description="The revision of the job that you have seen")
]
Feedback: TypeAlias = Annotated[str, Field(description="What should change")]


@with_sentences
async def check_approve(
    job: JobId, revision: Revision, approved_credits: ApprovedCredits, ctx: ToolContext
) -> Elicit[Approval] | WithinLimits:
    """Return the question for a person before an approval, if any."""
    return await _check(ctx, Click(job, revision, Verb.APPROVE, approved_credits))


@with_sentences
async def check_revise(
    job: JobId,
    revision: Revision,
    feedback: Feedback,
    approved_credits: ApprovedCredits,
    ctx: ToolContext,
) -> Elicit[Approval] | WithinLimits:
    """Return the question for a person before a revision, if any."""
    if complaint := feedback_error(feedback):
        raise NotPossible(complaint)
    return await _check(ctx, Click(job, revision, Verb.REVISE, approved_credits))


@with_sentences
async def check_resume(
    job: JobId, revision: Revision, approved_credits: ApprovedCredits, ctx: ToolContext
) -> Elicit[Approval] | WithinLimits:
    """Return the question for a person before a job is resumed, if any."""
    return await _check(ctx, Click(job, revision, Verb.RESUME, approved_credits))


@with_sentences
async def check_retry(
    job: JobId, revision: Revision, approved_credits: ApprovedCredits, ctx: ToolContext
) -> Elicit[Approval] | WithinLimits:
    """Return the question for a person before a new attempt, if any."""
    return await _check(ctx, Click(job, revision, Verb.RETRY, approved_credits))


async def approve(
    context: ToolContext,
    job: JobId,
    revision: Revision,
    approved_credits: ApprovedCredits,
    decision: Annotated[Decision, Resolve(check_approve)],
) -> CallToolResult:
    """Approve the Preview, which starts the expensive stage. This spends Credits.

    Show the Preview and the price to the person first. Refused if the job has changed since you saw
    it; the answer then has the new state and its picture.
    """
    click = Click(job, revision, Verb.APPROVE, approved_credits)
    return await _apply(context, click, decision)


async def revise(
    context: ToolContext,
    job: JobId,
    revision: Revision,
    feedback: Feedback,
    approved_credits: ApprovedCredits,
    decision: Annotated[Decision, Resolve(check_revise)],
) -> CallToolResult:
    """Request another Preview, with other words. This spends Credits.

    Show the Preview and the price to the person first. Refused if the job has changed since you saw
    it; the answer then has the new state and its picture.
    """
    click = Click(job, revision, Verb.REVISE, approved_credits, feedback)
    return await _apply(context, click, decision)


async def resume(
    context: ToolContext,
    job: JobId,
    revision: Revision,
    decision: Annotated[Decision, Resolve(check_resume)],
    approved_credits: ApprovedCredits = 0.0,
) -> CallToolResult:
    """Resume a job that is paused or has waited for Credits.

    It spends Credits only if the job needs them; approved_credits is then the most that it may cost
    in total. Nothing is paid twice.
    """
    click = Click(job, revision, Verb.RESUME, approved_credits)
    return await _apply(context, click, decision)


async def retry(
    context: ToolContext,
    job: JobId,
    revision: Revision,
    approved_credits: ApprovedCredits,
    decision: Annotated[Decision, Resolve(check_retry)],
) -> CallToolResult:
    """Start a new attempt at a job that has failed. This spends Credits again.

    Tell the person why it has failed and what another attempt costs, and ask. approved_credits
    includes what the job has cost before. Refused if the job has changed since you saw it.
    """
    return await _apply(context, Click(job, revision, Verb.RETRY, approved_credits), decision)


async def cancel(context: ToolContext, job: JobId, revision: Revision) -> CallToolResult:
    """Cancel a job, here and at Mint. Credits that were spent for a Preview do not come back.

    Ask the person first. Mint cannot cancel everything: call wait to see what has become of it.
    """
    return await _apply(context, Click(job, revision, Verb.CANCEL))


async def _check(context: ToolContext, click: Click) -> Elicit[Approval] | WithinLimits:
    """Return the question for a person, if any; a stale decision is refused by the tool itself."""
    seen = await with_jobs(context, lambda jobs: jobs.job(click.job))
    if click_limits.is_stale(seen, click):
        return WithinLimits()
    await ask_prices(context, prices_of_click(seen, click.verb))

    def ask(job_service: JobService) -> Elicit[Approval] | WithinLimits:
        job = job_service.job(click.job)
        cost = click_limits.cost_of(job_service, job, click)
        if cost is None:
            return WithinLimits()
        what = click_limits.question_text(job, click, cost)
        return approval.question(context, what, cost.reason)

    return await with_jobs(context, ask)


async def _apply(
    context: ToolContext, click: Click, decision: Decision | None = None
) -> CallToolResult:
    is_approved = decision is not None and approval.is_approved(decision)

    def apply(job_service: JobService) -> tuple[Job, JobState, bool]:
        job, is_done = click_limits.apply(job_service, click, is_approved=is_approved)
        return job, job_state(job_service, job), is_done

    job, state, is_done = await with_jobs(context, apply)
    if is_done:
        return await answer_with_jobs(context, state, [state])
    text = (
        f"{job.title} has changed since you saw it: you saw {click.revision}, and it is now"
        f" {state['revision']} ({state['state']}). Nothing was done. Look at it again."
    )
    return await answer_with_jobs(context, state, [state], [state], is_error=True, text=text)


TOOLS = (
    Tool(approve, "Approve a Preview (spends Credits)", PAID_ONCE),
    Tool(revise, "Request another Preview (spends Credits)", PAID_ONCE),
    Tool(resume, "Resume a job", PAID_ONCE),
    Tool(retry, "Retry a failed job (spends Credits)", PAID_ONCE),
    Tool(cancel, "Cancel a job", CANCEL),
)
