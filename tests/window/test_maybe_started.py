# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a job that Mint may have started, as somebody sees it whose laptop slept."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Candidate, Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation import error_messages
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.client import connect
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset

from ..mint_service.runner import Service
from .blender_window import BlenderWindow
from .conftest import Since

pytestmark = pytest.mark.window

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "lamp.png"
DAY = 24 * 3600.0


def a_lost_start(*candidates: Candidate) -> Job:
    """Return a job whose start was sent yesterday and was not answered."""
    request = GenerationRequest(Kind.MODEL, "a small ceramic lamp", Preset.FAST)
    job = new_job(request, Delivery(), now=time.time() - DAY, estimate=798.0)
    (start,) = job.requests
    sent = replace(start, attempts=1, attempted=start.born, body="{}", credential="of this key")
    job = replace(job, requests=(sent,), candidates=candidates)
    return job.moved(Phase.PAUSED, problem=error_messages.unanswered(job))


def made(service: Service) -> str:
    """Make a model, and return its id."""
    client = connect(Account(service.key, service.api))
    started = client.start(Kind.MODEL, {"prompt": "a small ceramic lamp"}, key="lost")
    service.advance(2000)
    operation = client.operation(started.id)
    client.close()
    assert operation.resource is not None
    return operation.resource.id


HAS_CANDIDATE = (
    "next(job.id for job in job_service().jobs() if asset in [each.id for each in job.candidates])"
)


def test_what_the_library_shows_is_used(
    open_blender: Callable[..., BlenderWindow], service: Service, since: Since, tmp_path: Path
) -> None:
    """The menu shows it with its picture; one click brings it into the scene, at no cost."""
    found = Candidate(made(service), "a small ceramic lamp", time.time() - DAY, str(PICTURE))
    with closing(Journal(tmp_path / "home")) as journal:
        journal.add(a_lost_start(), a_lost_start(found))
    before = since.starts
    blender = open_blender()
    blender.open_sidebar()
    blender.wait("len(jobs()) == 2")
    blender.settle()
    blender.screenshot("maybe_started")
    job = blender.wait(HAS_CANDIDATE, asset=found.id)
    blender.until_it_shows(lambda: blender.click(f'mint.job_menu(job_id="{job}"'))
    blender.screenshot("maybe_started_menu")
    blender.key("Escape")
    blender.call("mint.use_candidate", job_id=job, asset_id=found.id)
    blender.wait("any(job['phase'] in ('ready', 'placed') for job in jobs())")
    blender.settle()
    blender.screenshot("maybe_started_is_used")
    assert since.starts == before
