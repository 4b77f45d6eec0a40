# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs in memory are what the journal says: also where it could not be read or written for a
moment.
"""

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
def job_service(quiet: JobService) -> JobService:
    """Nothing here needs a Mint."""
    return quiet


@pytest.fixture
def other(job_service: JobService, home: Path) -> Iterator[Journal]:
    """The journal, as another process has it open."""
    journal = Journal(home)
    yield journal
    journal.close()


@contextmanager
def no_commit(job_service: JobService, home: Path) -> Iterator[None]:
    """Every change of a job owes something that is never paid: SQLite notices that only when it is
    to be committed.
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
def test_what_is_not_committed_has_not_happened(
    job_service: JobService, home: Path, phase: Phase, act: Callable[[JobService], None]
) -> None:
    """The disk is full when many jobs are changed at once: each is as it was, on the list too, and
    the same click can be made again.
    """
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


def test_only_what_is_finished_now_leaves_the_list(job_service: JobService, other: Journal) -> None:
    """Another process has gone on with a job meanwhile: it stays, though the list here does not say
    so yet.
    """
    (job,) = job_service.cache.add(replace(a_job(), phase=Phase.PLACED))
    fetching = replace(job, phase=Phase.FETCHING)
    other.save(fetching)
    job_service.dismiss_finished()
    assert job_service.jobs() == job_service.journal.jobs() == [fetching]


def test_what_could_not_be_read_is_read_the_next_time(
    job_service: JobService, other: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process has written, and the journal is locked when it is looked for: the change is
    found later.
    """
    job = a_job()
    other.add(job)

    def locked(since: int) -> None:
        raise JournalError("The job journal cannot be read or written (database is locked).")

    with monkeypatch.context() as patch:
        patch.setattr(job_service.journal, "changes", locked)
        with pytest.raises(JournalError, match="locked"):
            job_service.catch_up()
    assert job_service.catch_up()
    assert job_service.jobs() == [job]
