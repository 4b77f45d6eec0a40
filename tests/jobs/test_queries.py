# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries belong to the account and the number they were sent with."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.queries import Balance, ListPage, Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.mint.schema import Kind, Page, Usage

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config

MODELS = ListPage(Kind.MODEL)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a service with three models."""
    with running_service(library={"models": 3}, credits=100) as running:
        yield running


@pytest.fixture
def other() -> Iterator[ThreadService]:
    """Yield a service with another account and five models."""
    with running_service(library={"models": 5}, credits=200) as running:
        yield running


@pytest.fixture
def job_service(home: Path, service: ThreadService) -> Iterator[JobService]:
    """Yield a job service that starts with the first service."""
    job_service = JobService(fast_config(home), account(service))
    yield job_service
    assert job_service.close()


def answered(job_service: JobService) -> None:
    """Wait for the next answer to a query."""
    until = time.monotonic() + 20
    while job_service.worker.events.empty():
        assert time.monotonic() < until, "nothing was answered"
        time.sleep(0.005)


def test_an_answer_for_an_earlier_account_is_dropped(
    job_service: JobService, other: ThreadService
) -> None:
    """No query is pending after the account was changed."""
    job_service.queries.ask(MODELS)
    answered(job_service)
    job_service.set_account(account(other))
    assert not job_service.queries.is_pending(MODELS)
    assert not job_service.has_active_work
    job_service.catch_up()
    assert not job_service.queries.answers


def test_a_repeated_query_is_answered_by_the_new_account(
    job_service: JobService, other: ThreadService
) -> None:
    """The query stays pending until the answer for the new account arrives."""
    queries = (MODELS, Balance())
    for query in queries:
        job_service.queries.ask(query)
    answered(job_service)
    job_service.set_account(account(other))
    for query in queries:
        job_service.ask_and_wait(query)
    models, balance = (job_service.queries.answers[query].answer for query in queries)
    assert isinstance(models, Page)
    assert isinstance(balance, Usage)
    assert (len(models.data), balance.credits.total_available) == (5, 200)


def test_a_file_query_is_answered(job_service: JobService, service: ThreadService) -> None:
    """The answer has the number of its query."""
    query = Thumbnail(f"{service.files}/images/none.webp")
    job_service.ask_and_wait(query)
    assert "HTTP 404" in (job_service.queries.answers[query].error or "")
