# SPDX-License-Identifier: GPL-3.0-or-later
"""A job that Mint may have started: what the library shows can be used for it."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = [pytest.mark.blender, pytest.mark.usefixtures("enabled")]

from mint_blender.jobs.job_values import Candidate  # noqa: E402
from mint_blender.jobs.phases import Phase  # noqa: E402
from mint_blender.jobs.presentation import error_messages  # noqa: E402
from mint_blender.ui import session  # noqa: E402

from .sample_jobs import a_job  # noqa: E402
from .test_finished_line import in_menu  # noqa: E402

MINT = {"library": {"models": 1}}


def test_what_the_library_shows_is_used(service: ThreadService) -> None:
    """The menu shows it with its name; one click brings it into the scene, at no cost."""
    (made,) = service.resources()
    yesterday = time.time() - 24 * 3600
    job = a_job(Phase.WAITING, now=yesterday, estimate=798.0)
    (start,) = job.requests
    sent = replace(start, attempts=1, attempted=start.born, body="{}", credential="of this key")
    candidates = (Candidate(made.id, "a small ceramic lamp", yesterday),)
    job = replace(job, requests=(sent,), candidates=candidates)
    job = job.moved(Phase.PAUSED, problem=error_messages.unanswered(job))
    session.service().cache.add(job)
    menu = in_menu(job)
    assert (menu["a small ceramic lamp"], menu["mint.use_candidate"]) == (1, 1)
    before = len(service.requests("POST"))
    assert bpy.ops.mint.use_candidate(job_id=job.id, asset_id=made.id) == {"FINISHED"}
    assert session.service().job(job.id).phase is Phase.PLACED
    assert len(service.requests("POST")) == before
