# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as a list shows them, in any phase. None of them was ever sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery, LocalFile, Role
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

URL = "https://files.example/model.glb"


def a_job(
    phase: Phase = Phase.PLACED,
    prompt: str = "a lamp",
    *,
    kind: Kind = Kind.MODEL,
    delivery: Delivery = Delivery(),
    now: float = 0.0,
    estimate: float | None = None,
    model: Path | None = None,
    **changes: Any,
) -> Job:
    """Return a job in a phase; `model` is its file on disk, `changes` are other fields."""
    job = new_job(GenerationRequest(kind, prompt), delivery, now=now, estimate=estimate)
    files = (LocalFile(Role.MODEL, str(model), URL),) if model else ()
    return replace(job, **{"phase": phase, "files": files, **changes})
