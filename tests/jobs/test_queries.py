# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions that are no jobs: an answer belongs to the account and the question that it was asked
with.
"""

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
    """A stand-in with three models."""
    with running_service(library={"models": 3}, credits=100) as running:
        yield running


@pytest.fixture
def other() -> Iterator[ThreadService]:
    """Another one, with another account: it has five."""
    with running_service(library={"models": 5}, credits=200) as running:
        yield running


@pytest.fixture
def job_service(home: Path, service: ThreadService) -> Iterator[JobService]:
    """A job service that begins with the first."""
    job_service = JobService(fast_config(home), account(service))
    yield job_service
    assert job_service.close()


def answered(job_service: JobService) -> None:
    """Wait until the worker has said something that nobody has listened to yet."""
    until = time.monotonic() + 20
    while job_service.worker.events.empty():
        assert time.monotonic() < until, "nothing was answered"
        time.sleep(0.005)


def test_an_answer_to_an_earlier_account_is_none(
    job_service: JobService, other: ThreadService
) -> None:
    """It was on its way when the account was changed: it is not taken in, and nothing is on its way
    any more.
    """
    job_service.queries.ask(MODELS)
    answered(job_service)
    job_service.set_account(account(other))
    assert not job_service.queries.is_pending(MODELS)
    assert not job_service.has_active_work
    job_service.catch_up()
    assert not job_service.queries.answers


def test_what_was_asked_before_and_after_is_answered_by_the_new_account(
    job_service: JobService, other: ThreadService
) -> None:
    """The first answer that comes is the earlier account's: the question counts as asked until the
    right one is here.
    """
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


def test_what_the_file_host_is_asked_is_answered_too(
    job_service: JobService, service: ThreadService
) -> None:
    """The pool brings the answer, with the number of its question."""
    query = Thumbnail(f"{service.files}/images/none.webp")
    job_service.ask_and_wait(query)
    assert "HTTP 404" in (job_service.queries.answers[query].error or "")
