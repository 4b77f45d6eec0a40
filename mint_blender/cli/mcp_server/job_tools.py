# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools `jobs` and `wait`: look at jobs, and wait for what needs somebody."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

import anyio
from mcp_types import CallToolResult, ToolAnnotations
from pydantic import Field

from ...jobs.service import JobService
from .decisions import JobId
from .job_state import JobState, answer_with_jobs, change_key, job_state
from .state import ToolContext, state_of, with_jobs
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
    before = state_of(context).seen.copy()
    started = told = time.monotonic()
    while True:
        states = await with_jobs(context, lambda service: _read(service, jobs))
        changed = [each for each in states if _is_news(each, before)]
        elapsed = time.monotonic() - started
        is_over = all(each["is_waiting_for_somebody"] for each in states)
        if changed or is_over or elapsed >= seconds:
            break
        if time.monotonic() >= told:
            told = time.monotonic() + PROGRESS_INTERVAL
            await context.report_progress(min(elapsed, seconds), seconds, _progress_text(states))
        await anyio.sleep(min(INTERVAL, seconds - elapsed))
    result = {
        "ended": "change" if changed else "nothing to wait for" if is_over else "time",
        "changed": [each["job"] for each in changed],
        "jobs": states,
    }
    shown = changed if seconds else states
    return await answer_with_jobs(context, result, states, shown[:MOST_PICTURES])


def _read(job_service: JobService, ids: Sequence[str]) -> list[JobState]:
    return [job_state(job_service, job_service.job(each)) for each in dict.fromkeys(ids)]


def _is_news(state: JobState, seen: dict[str, str]) -> bool:
    """Return whether a job needs somebody who does not know it yet."""
    return state["is_waiting_for_somebody"] and change_key(state) != seen.get(state["job"])


def _progress_text(states: Sequence[JobState]) -> str:
    return "; ".join(f"{each['title']}: {each['state']}" for each in states)


TOOLS = (
    Tool(jobs, "List jobs", LOCAL),
    Tool(wait, "Wait for jobs", LOCAL),
)
