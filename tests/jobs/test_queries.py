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
from mint_blender.mint.account_schema import Usage
from mint_blender.mint.schema import Kind, Page

from ..mint_service.running import ThreadService, running_service
from .quick import account, quick

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
def board(home: Path, service: ThreadService) -> Iterator[JobService]:
    """A board that begins with the first."""
    board = JobService(quick(home), account(service))
    yield board
    assert board.close()


def answered(board: JobService) -> None:
    """Wait until the worker has said something that nobody has listened to yet."""
    until = time.monotonic() + 20
    while board.worker.news.empty():
        assert time.monotonic() < until, "nothing was answered"
        time.sleep(0.005)


def test_an_answer_to_an_earlier_account_is_none(board: JobService, other: ThreadService) -> None:
    """It was on its way when the account was changed: it is not taken in, and nothing is on its way
    any more.
    """
    board.ask(MODELS)
    answered(board)
    board.use(account(other))
    assert not board.is_asked(MODELS)
    assert not board.is_active_at_all
    board.catch_up()
    assert not board.answers


def test_what_was_asked_before_and_after_is_answered_by_the_new_account(
    board: JobService, other: ThreadService
) -> None:
    """The first answer that comes is the earlier account's: the question counts as asked until the
    right one is here.
    """
    questions = (MODELS, Balance())
    for question in questions:
        board.ask(question)
    answered(board)
    board.use(account(other))
    for question in questions:
        board.find_out(question)
    models, balance = (board.answers[question].answer for question in questions)
    assert isinstance(models, Page)
    assert isinstance(balance, Usage)
    assert (len(models.data), balance.credits.total_available) == (5, 200)


def test_what_the_file_host_is_asked_is_answered_too(
    board: JobService, service: ThreadService
) -> None:
    """The pool brings the answer, with the number of its question."""
    question = Thumbnail(f"{service.files}/images/none.webp")
    board.find_out(question)
    assert "HTTP 404" in (board.answers[question].complaint or "")
