# SPDX-License-Identifier: GPL-3.0-or-later
"""How often the main thread reads the journal for a click and for an answer of Mint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import NamedTuple

import pytest

from mint_blender.jobs.engine.thread_messages import JobChanged
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.schema import Mode

from .service_helpers import LAMP
from .workflow_harness import a_job, operation


class Cost(NamedTuple):
    """Statements of SQLite, and records of jobs that were parsed."""

    statements: int
    records: int


Count = Callable[[Callable[[], object]], Cost]


@pytest.fixture
def job_service(offline_job_service: JobService, monkeypatch: pytest.MonkeyPatch) -> JobService:
    """Return a job service without a worker, with twenty finished jobs."""
    monkeypatch.setattr(offline_job_service.worker, "send", lambda command: None)
    offline_job_service.cache.add(*(replace(a_job(), phase=Phase.PLACED) for _ in range(20)))
    return offline_job_service


@pytest.fixture
def count(job_service: JobService, monkeypatch: pytest.MonkeyPatch) -> Count:
    """Return a function that counts what an act costs."""
    parsed: list[str] = []
    load = serialization.load

    def load_and_note(text: str, phase: Phase) -> Job:
        parsed.append(text)
        return load(text, phase)

    monkeypatch.setattr(serialization, "load", load_and_note)

    def cost(act: Callable[[], object]) -> Cost:
        parsed.clear()
        statements: list[str] = []
        connection = job_service.journal._db.connection
        connection.set_trace_callback(statements.append)
        act()
        connection.set_trace_callback(None)
        return Cost(len(statements), len(parsed))

    return cost


@pytest.fixture
def worker(job_service: JobService) -> Iterator[Journal]:
    """Yield the journal as the worker opens it."""
    with closing(Journal(job_service.home)) as journal:
        journal.set_account(job_service.account)
        yield journal


def test_a_click_parses_at_most_its_own_job(
    job_service: JobService, worker: Journal, count: Count
) -> None:
    """What a click has committed is not read again, neither at once nor at the next answer."""
    review = replace(
        a_job(),
        request=replace(LAMP, mode=Mode.REVIEW),
        phase=Phase.REVIEW,
        operation=operation("preview_ready", Mode.REVIEW),
    )
    job_service.cache.add(review)
    start = count(lambda: job_service.start(LAMP))
    assert start.records == 0 and start.statements <= 22
    approve = count(lambda: job_service.approve(review.id))
    assert approve.records == 1 and approve.statements <= 23
    worker.add(a_job())
    assert count(job_service.catch_up).records == 1
    assert {job.id: job for job in job_service.jobs()} == {
        job.id: job for job in job_service.journal.jobs()
    }


def test_a_commit_shows_what_it_has_changed_of_other_jobs(job_service: JobService) -> None:
    """Also if only a paid request of such a job was written."""
    (job,) = job_service.cache.add(new_job(LAMP, Delivery(), now=time.time()))
    (request,) = job.requests
    with job_service.cache.single_commit():
        job_service.cache.add(a_job())
        job_service.journal.close_request(request.key)
    (closed,) = job_service.job(job.id).requests
    assert closed.state is State.OVER
    assert job_service.job(job.id) == job_service.journal.job(job.id)


def test_a_change_of_one_job_is_parsed_once(
    job_service: JobService, worker: Journal, count: Count
) -> None:
    """However many answers have come since the last beat; a beat without one parses nothing."""
    job = replace(a_job(), phase=Phase.WORKING, operation=operation("running"))
    job_service.cache.add(job)
    for answers in (1, 3):
        for number in range(answers):
            worker.save(replace(job, estimate=float(10 * answers + number)))
            job_service.worker.events.put(JobChanged(job.id))
        cost = count(job_service.catch_up)
        assert cost.records == 1 and cost.statements <= 4
        assert job_service.job(job.id) == worker.job(job.id)
    assert count(job_service.catch_up).records == 0
