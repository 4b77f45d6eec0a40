# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting jobs with a job service, and finding them by their id."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from .fast_config import fast_config
from .service_helpers import LAMP, put, refused
from .workflow_harness import a_job

# -- starting
# --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            GenerationRequest(Kind.MODEL, "   "),
            "The prompt is empty. Describe what to generate.",
        ),
        (
            GenerationRequest(Kind.WORLD, "x" * 4001),
            "The prompt has 4001 characters; Mint accepts at most 4000 for a world.",
        ),
        (
            GenerationRequest(Kind.MODEL, "x", images=("http://a.example/b.png",)),
            "A reference image's address must start with https://.",
        ),
    ],
)
def test_an_invalid_request_is_refused(
    offline_job_service: JobService, request_: GenerationRequest, sentence: str
) -> None:
    """Nothing is stored or sent for a request that cannot succeed."""
    assert refused(lambda: offline_job_service.start(request_)) == sentence
    assert offline_job_service.jobs() == []


@pytest.mark.covers("C7-stored")
def test_start_commits_before_it_returns(offline_job_service: JobService, home: Path) -> None:
    """The job is in the journal with its key when `start` returns."""
    job = offline_job_service.start(LAMP, Delivery(output="lamp.blend"))
    journal = Journal(home)
    assert journal.job(job.id) == job
    journal.close()
    assert offline_job_service.jobs() == [job]


def test_many_jobs_are_committed_at_once(offline_job_service: JobService, home: Path) -> None:
    """Hundreds of jobs are one commit in their order, or none is stored."""
    wishes = [
        (GenerationRequest(Kind.MODEL, f"lamp {number}"), Delivery()) for number in range(200)
    ]
    with pytest.raises(NotPossible, match="The prompt is empty"):
        offline_job_service.start_all([*wishes, (GenerationRequest(Kind.MODEL, ""), Delivery())])
    assert offline_job_service.jobs() == []
    journal = Journal(home)
    before = journal.revision()
    jobs = offline_job_service.start_all(wishes)
    assert journal.revision() == before + 1
    assert [journal.job(job.id) for job in jobs] == jobs
    journal.close()
    assert [job.request.prompt for job in reversed(offline_job_service.jobs())] == [
        f"lamp {number}" for number in range(200)
    ]


# -- finding
# ---------------------------------------------------------------------------------------------------------------------


def test_a_job_is_found_by_the_beginning_of_its_id(home: Path) -> None:
    """An unambiguous prefix is enough; otherwise a message says what is wrong."""
    put(home, *(replace(a_job(), id=id) for id in ("abc123", "abd456")))
    job_service = JobService(fast_config(home), Account("key"))
    assert job_service.job("abc").id == "abc123"
    assert job_service.job("abd456").id == "abd456"
    assert refused(lambda: job_service.job("ab")) == 'More than one job begins with "ab".'
    assert refused(lambda: job_service.job("x")) == 'There is no job "x" in the journal.'
    assert refused(lambda: job_service.job("")) == 'There is no job "" in the journal.'
    job_service.close()
