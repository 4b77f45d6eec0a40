# SPDX-License-Identifier: GPL-3.0-or-later
"""What a beat costs when nothing has changed: the same, however many jobs there are."""

from __future__ import annotations

import pytest

from ..call_counts import calls_of
from .sample_jobs import a_job

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.service import JobService  # noqa: E402
from mint_blender.mint.generation_request import GenerationRequest  # noqa: E402
from mint_blender.mint.schema import Kind  # noqa: E402
from mint_blender.ui import heartbeat  # noqa: E402


def calls_of_beat(service: JobService, count: int) -> int:
    """Add jobs of several phases; return how many functions a later beat calls."""
    for phase in (Phase.READY, Phase.PLACED, Phase.PAUSED, Phase.REVIEW):
        service.cache.add(*(a_job(phase, f"lamp {number}", now=number) for number in range(count)))
    for _ in range(3):
        heartbeat.beat()
    # at the end of a second, panels are redrawn too
    return min(calls_of(heartbeat.beat) for _ in range(5))


@pytest.mark.parametrize("is_active", [False, True])
def test_a_beat_looks_at_no_job(job_service: JobService, is_active: bool) -> None:
    """A beat in which nothing has changed calls as many functions with 400 jobs as with 40."""
    if is_active:  # offline: it stays in the queue
        job_service.start(GenerationRequest(Kind.MODEL, "a lamp"))
    few = calls_of_beat(job_service, 10)
    assert calls_of_beat(job_service, 90) == few
