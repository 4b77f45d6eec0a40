# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs and prices for tests of spending."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import QueryAnswered
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Mode, Preset

from .paid_requests import records
from .workflow_harness import a_job, operation, with_operation

LAMP = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)


def costing(
    phase: Phase,
    *,
    status: str = "running",
    resource: str = "res_1",
    estimate: float | None = None,
    **credits: float | None,
) -> Job:
    """Return a job in a phase with these Credits in its operation."""
    said: dict[str, Any] = {"credits": credits} if credits else {}
    in_review = phase is Phase.REVIEW
    mode = Mode.REVIEW if in_review else Mode.AUTO
    run = operation("preview_ready" if in_review else status, mode, resource=resource, **said)
    return with_operation(replace(a_job(), phase=phase).with_prices(estimate, None), run)


def paid_before(job: Job, credits: float) -> Job:
    """Return a job with an earlier attempt that has cost this."""
    spent = operation("failed", id="op_0", credits={"finalized": credits})
    earlier = records.sent(job=job.id, key="earlier", operation="op_0", answer=spent)
    return replace(job, requests=(earlier, *job.requests))


# -- what is known


def answered(
    query: Any, answer: Any, *, ago: float = 0.0, error: str | None = None
) -> QueryAnswered:
    """Return an answer that arrived some seconds ago."""
    return QueryAnswered(query, answer, error, datetime.now().astimezone() - timedelta(seconds=ago))
