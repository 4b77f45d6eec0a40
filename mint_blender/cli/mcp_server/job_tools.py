# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools about jobs: look at them, wait for what needs somebody, and decide.

A decision (`approve`, `revise`, `resume`, `retry`, `cancel`) takes the revision that the agent has
seen. If the job has changed since, nothing is done: a person may have decided in Blender meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

import anyio
from mcp.server.mcpserver import Resolve
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from ...jobs.phases import Verb
from ...jobs.service import JobService, NotPossible
from ...mint.generation_request import feedback_error
from .answers import JobState, answer_with_jobs, change_key, job_state
from .spending import (
    ApprovedCredits,
    Click,
    Decision,
    Question,
    apply_click,
    check_click,
    is_approved,
)
from .tools import IRREVERSIBLE, Tool, ToolContext, state_of, with_jobs, with_sentences

LOCAL = ToolAnnotations(read_only_hint=True, open_world_hint=False)
"""The tool reads what is on this computer."""

INTERVAL = 0.25
"""Seconds between two looks at the jobs."""
PROGRESS_INTERVAL = 2.0
"""Seconds between two notifications of progress."""
LONGEST = 60
"""Seconds of one wait: clients end calls that take much longer."""
MOST_PICTURES = 4

JobId: TypeAlias = Annotated[str, Field(min_length=1, description="The id of the job")]
Revision: TypeAlias = Annotated[
    str, Field(description="The revision of the job that you have seen")
]
Check: TypeAlias = Callable[..., Awaitable[Question]]
Feedback: TypeAlias = Annotated[str, Field(description="What should change")]


async def jobs(
    context: ToolContext,
    only_open: Annotated[bool, Field(description="Without jobs that are over")] = False,
    most: Annotated[int, Field(ge=1, le=100, description="The most jobs to return")] = 20,
) -> CallToolResult:
    """Return the jobs on this computer, newest first, also those that Blender has started. Free."""

    def read(job_service: JobService) -> tuple[list[JobState], bool]:
        listed = [
            job
            for job in job_service.jobs()
            if not only_open or job.phase not in {"placed", "canceled", "failed"}
        ]
        has_more = len(listed) > most or (job_service.cache.has_older and not only_open)
        return [job_state(job_service, job) for job in listed[:most]], has_more

    states, has_more = await with_jobs(context, read)
    return await answer_with_jobs(context, {"jobs": states, "has_more": has_more}, states)


async def wait(
    context: ToolContext,
    jobs: Annotated[list[JobId], Field(min_length=1, max_length=50, description="Ids of jobs")],
    seconds: Annotated[
        float, Field(ge=0, le=LONGEST, description="0: only look, also at Previews seen before")
    ] = LONGEST,
) -> CallToolResult:
    """Wait until a job needs somebody: a Preview, a result, a problem. Free.

    It ends at the first such change, with the new Previews as pictures, or after some seconds. Call
    it again to wait longer. If nothing can change, it returns at once.

    Of each job it says how far it is (phase, and state for a person), what to do next, which
    decisions are possible and the revision that they take, its files, what it has cost, and the
    most that it may cost in total (credits, approved_credits).
    """

    def read(job_service: JobService) -> list[JobState]:
        return [job_state(job_service, job_service.job(job_id)) for job_id in dict.fromkeys(jobs)]

    before = state_of(context).seen.copy()
    started = next_report = time.monotonic()
    while True:
        states = await with_jobs(context, read)
        # what needs somebody who does not know it yet
        changed = [
            state
            for state in states
            if state["is_waiting_for_somebody"] and change_key(state) != before.get(state["job"])
        ]
        elapsed = time.monotonic() - started
        is_over = all(state["is_waiting_for_somebody"] for state in states)
        if changed or is_over or elapsed >= seconds:
            break
        if time.monotonic() >= next_report:
            next_report = time.monotonic() + PROGRESS_INTERVAL
            text = "; ".join(f"{state['title']}: {state['state']}" for state in states)
            await context.report_progress(min(elapsed, seconds), seconds, text)
        await anyio.sleep(min(INTERVAL, seconds - elapsed))
    result = {
        "ended": "change" if changed else "nothing to wait for" if is_over else "time",
        "changed": [state["job"] for state in changed],
        "jobs": states,
    }
    shown = changed if seconds else states
    return await answer_with_jobs(context, result, states, shown[:MOST_PICTURES])


def _check_of(verb: Verb) -> Check:
    """Return what finds the question for a person before a decision, if any."""

    @with_sentences
    async def check(
        job: JobId, revision: Revision, approved_credits: ApprovedCredits, ctx: ToolContext
    ) -> Question:
        return await check_click(ctx, Click(job, revision, verb, approved_credits))

    return check


@with_sentences
async def check_revise(
    job: JobId,
    revision: Revision,
    feedback: Feedback,
    approved_credits: ApprovedCredits,
    ctx: ToolContext,
) -> Question:
    """Return the question for a person before a revision, if any."""
    if complaint := feedback_error(feedback):
        raise NotPossible(complaint)
    return await check_click(ctx, Click(job, revision, Verb.REVISE, approved_credits))


check_approve, check_resume, check_retry = map(_check_of, (Verb.APPROVE, Verb.RESUME, Verb.RETRY))


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
    return await _apply(context, Click(job, revision, Verb.APPROVE, approved_credits), decision)


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
    return await _apply(context, Click(job, revision, Verb.RESUME, approved_credits), decision)


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


async def _apply(
    context: ToolContext, click: Click, decision: Decision | None = None
) -> CallToolResult:
    is_agreed = decision is not None and is_approved(decision)

    def apply(job_service: JobService) -> tuple[bool, JobState]:
        is_done = apply_click(job_service, click, is_agreed=is_agreed)
        return is_done, job_state(job_service, job_service.job(click.job))

    is_done, state = await with_jobs(context, apply)
    if is_done:
        return await answer_with_jobs(context, state, [state])
    text = (
        f"{state['title']} has changed since you saw it: you saw {click.revision}, and it is now"
        f" {state['revision']} ({state['state']}). Nothing was done. Look at it again."
    )
    return await answer_with_jobs(context, state, [state], [state], is_error=True, text=text)


TOOLS = (
    Tool(jobs, "List jobs", LOCAL),
    Tool(wait, "Wait for jobs", LOCAL),
    Tool(approve, "Approve a Preview (spends Credits)", IRREVERSIBLE),
    Tool(revise, "Request another Preview (spends Credits)", IRREVERSIBLE),
    Tool(resume, "Resume a job", IRREVERSIBLE),
    Tool(retry, "Retry a failed job (spends Credits)", IRREVERSIBLE),
    Tool(cancel, "Cancel a job", IRREVERSIBLE),
)
