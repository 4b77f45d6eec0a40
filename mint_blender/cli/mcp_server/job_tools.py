# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools `job`, `jobs` and `wait`: look at jobs, and wait for what needs somebody."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Literal

import anyio
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import BaseModel, Field

from ...jobs.service import JobService
from .decisions import JobId
from .job_state import JobState, job_state, result_with_pictures
from .state import ToolContext, note_seen, state_of, with_jobs
from .tools import Tool

LOCAL = ToolAnnotations(read_only_hint=True, open_world_hint=False)
"""The tool reads what is on this computer."""

INTERVAL = 0.25
"""Seconds between two looks at the jobs."""
PROGRESS_INTERVAL = 2.0
"""Seconds between two notifications of progress."""
LONGEST = 60
"""Seconds of one wait: clients end calls that take much longer."""
MOST_PICTURES = 4


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobState]
    has_more: Annotated[bool, Field(description="There are older jobs")]


class WaitResult(BaseModel):
    """The jobs that were waited for."""

    ended: Annotated[
        Literal["change", "time", "nothing to wait for"],
        Field(description="change: the jobs in `changed` need somebody, or are over"),
    ]
    changed: Annotated[list[str], Field(description="The ids of these jobs")]
    jobs: list[JobState]


async def job(context: ToolContext, job: JobId) -> Annotated[CallToolResult, JobState]:
    """Return one job, with its newest Preview as a picture. Free."""
    state = await with_jobs(context, lambda jobs: job_state(jobs, jobs.job(job)))
    note_seen(context, state)
    return await result_with_pictures(state, [state])


async def jobs(
    context: ToolContext,
    only_open: Annotated[bool, Field(description="Without jobs that are over")] = False,
    most: Annotated[int, Field(ge=1, le=100, description="The most jobs to return")] = 20,
) -> JobList:
    """Return the jobs on this computer, newest first, also those that Blender has started. Free."""

    def read(job_service: JobService) -> JobList:
        listed = [
            job
            for job in job_service.jobs()
            if not only_open or job.phase not in {"placed", "canceled", "failed"}
        ]
        has_more = len(listed) > most or (job_service.cache.has_older and not only_open)
        states = [job_state(job_service, job) for job in listed[:most]]
        return JobList(jobs=states, has_more=has_more)

    found = await with_jobs(context, read)
    note_seen(context, *found.jobs)
    return found


async def wait(
    context: ToolContext,
    jobs: Annotated[list[JobId], Field(min_length=1, max_length=50, description="Ids of jobs")],
    seconds: Annotated[float, Field(gt=0, le=LONGEST)] = LONGEST,
) -> Annotated[CallToolResult, WaitResult]:
    """Wait until a job needs somebody: a Preview, a result, a problem. Free.

    It ends at the first such change, with the new Previews as pictures, or after some seconds. Call
    it again to wait longer. If nothing can change, it returns at once.
    """
    before = {job: state_of(context).seen.get(job) for job in jobs}
    started = told = time.monotonic()
    while True:
        states = await with_jobs(context, lambda service: _read(service, jobs))
        changed = [each for each in states if _is_news(each, before)]
        elapsed = time.monotonic() - started
        is_over = all(each.is_waiting_for_somebody for each in states)
        if changed or is_over or elapsed >= seconds:
            break
        if time.monotonic() >= told:
            told = time.monotonic() + PROGRESS_INTERVAL
            await context.report_progress(min(elapsed, seconds), seconds, _progress_text(states))
        await anyio.sleep(min(INTERVAL, seconds - elapsed))
    note_seen(context, *states)
    result = WaitResult(
        ended="change" if changed else "nothing to wait for" if is_over else "time",
        changed=[each.job for each in changed],
        jobs=states,
    )
    return await result_with_pictures(result, changed[:MOST_PICTURES])


def _read(job_service: JobService, ids: Sequence[str]) -> list[JobState]:
    return [job_state(job_service, job_service.job(each)) for each in dict.fromkeys(ids)]


def _is_news(state: JobState, seen: dict[str, str | None]) -> bool:
    """Return whether a job needs somebody who does not know it yet."""
    known = seen.get(state.job)
    return state.is_waiting_for_somebody and state.change_key != known


def _progress_text(states: Sequence[JobState]) -> str:
    return "; ".join(f"{each.title}: {each.state}" for each in states)


TOOLS = (
    Tool(job, "Show a job", LOCAL),
    Tool(jobs, "List jobs", LOCAL),
    Tool(wait, "Wait for jobs", LOCAL),
)
