# SPDX-License-Identifier: GPL-3.0-or-later
"""The job cache matches the journal, also after it could not be read or written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal, JournalError

from .workflow_harness import a_job


@pytest.fixture
def job_service(offline_job_service: JobService) -> JobService:
    """Yield a job service without Mint."""
    return offline_job_service


@pytest.fixture
def other(job_service: JobService, home: Path) -> Iterator[Journal]:
    """Return the journal as another process opens it."""
    journal = Journal(home)
    yield journal
    journal.close()


@contextmanager
def no_commit(job_service: JobService, home: Path) -> Iterator[None]:
    """Make every change of a job fail when it is committed.

    A deferred foreign key is violated, which SQLite notices at the commit.
    """
    job_service.journal._db.connection.execute("PRAGMA foreign_keys = ON")
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.execute(
            "CREATE TABLE debts (to_whom INTEGER REFERENCES creditors (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        database.execute("CREATE TABLE creditors (id INTEGER PRIMARY KEY)")
        database.execute(
            "CREATE TRIGGER owe AFTER UPDATE ON jobs BEGIN INSERT INTO debts VALUES (1); END"
        )
        yield
        database.execute("DROP TRIGGER owe")


@pytest.mark.parametrize(
    ("phase", "act"),
    [(Phase.WAITING, JobService.cancel_waiting), (Phase.PLACED, JobService.dismiss_finished)],
)
def test_a_failed_commit_changes_no_job(
    job_service: JobService, home: Path, phase: Phase, act: Callable[[JobService], None]
) -> None:
    """When the disk is full, all jobs stay as they were and the click can be repeated."""
    job_service.cache.add(*(replace(a_job(), phase=phase) for _ in range(3)))
    before = job_service.jobs()
    with (
        no_commit(job_service, home),
        pytest.raises(JournalError, match="cannot be read or written"),
    ):
        act(job_service)
    assert job_service.jobs() == job_service.journal.jobs() == before
    act(job_service)
    assert job_service.jobs() == job_service.journal.jobs() != before


def test_only_finished_jobs_are_dismissed(job_service: JobService, other: Journal) -> None:
    """A job that another process continued meanwhile is kept."""
    (job,) = job_service.cache.add(replace(a_job(), phase=Phase.PLACED))
    fetching = replace(job, phase=Phase.FETCHING)
    other.save(fetching)
    job_service.dismiss_finished()
    assert job_service.jobs() == job_service.journal.jobs() == [fetching]


def test_a_failed_read_is_repeated(
    job_service: JobService, other: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change is found later when the journal was locked."""
    (job,) = other.add(a_job())

    def locked(since: int, known: object) -> None:
        raise JournalError("The job journal cannot be read or written (database is locked).")

    with monkeypatch.context() as patch:
        patch.setattr(job_service.journal, "changes", locked)
        with pytest.raises(JournalError, match="locked"):
            job_service.catch_up()
    assert job_service.catch_up()
    assert job_service.jobs() == [job]


def test_the_moves_of_a_changed_job_are_read_again(job_service: JobService, other: Journal) -> None:
    """So the cost of a job is counted on the day on which it was sent."""
    job, unchanged = job_service.cache.add(a_job(), a_job())
    for phase in (Phase.SENDING, Phase.WORKING):
        other.save(replace(job, phase=phase))
        job_service.catch_up()
    assert [phase for phase, _ in job_service.cache.moves(job)][-2:] == [
        Phase.SENDING,
        Phase.WORKING,
    ]
    assert len(job_service.cache.moves(unchanged)) <= 1


def test_a_job_that_is_still_to_be_sent_costs_now(job_service: JobService) -> None:
    """Its cost belongs to the day on which it is sent, whenever it was created."""
    job_service.cache.add(replace(a_job(), created_at=1.0, phase=Phase.WAITING, estimate=80.0))
    assert job_service.spending.today() == 80.0
