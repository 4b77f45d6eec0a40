# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a journal that an earlier version has written, and what happens on failure."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.budget import spending, totals
from mint_blender.jobs.diagnostics import journal_check
from mint_blender.jobs.job import Job, asset_of
from mint_blender.jobs.storage import migrations
from mint_blender.jobs.storage.database import Database, JournalError, journal_error
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.storage.journal_reader import journal_file
from mint_blender.mint.account import Account

from .engine_harness import KEY
from .old_journal import PROMPTS, WRITTEN, by_prompt, write


def content(path: Path) -> dict[str, Any]:
    """Return everything that a file holds."""
    with closing(sqlite3.connect(path)) as database:
        schema = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2")
        found: dict[str, Any] = {"schema": schema.fetchall()}
        found["version"] = database.execute("PRAGMA user_version").fetchall()
        for kind, name, _ in found["schema"]:
            if kind == "table":
                found[name] = database.execute(f'SELECT * FROM "{name}"').fetchall()
    return found


NEWER = "was written by a newer version of this add-on\\. Update the add-on\\."
WITHOUT_INDEXES = [
    f"DROP INDEX {name}"
    for name in ("listed_jobs", "open_jobs", "ended_jobs", "driven_jobs", "jobs_by_phase")
]
LATER_TABLES = ("summaries", "spending", "client_requests", "uploads", "moves", "changes")


@pytest.mark.parametrize(
    "columns",
    [
        ("process",),
        ("origin", "account"),
        ("process", "origin", "account"),
        ("process", "dismissed", "origin", "account", "decision"),
    ],
    ids="-".join,
)
def test_a_journal_of_an_earlier_landed_version_opens(home: Path, columns: tuple[str, ...]) -> None:
    """It lacks columns and tables that came later: it said "no such column: process"."""
    write(
        home,
        *WITHOUT_INDEXES,
        *(f"ALTER TABLE jobs DROP COLUMN {name}" for name in columns),
        *(f"DROP TABLE {name}" for name in LATER_TABLES),
    )
    with closing(Journal(home)) as journal:
        jobs = by_prompt(journal)
        assert set(jobs) == set(PROMPTS)
        assert (jobs["an approved lamp"].decision is None) is ("decision" in columns)
        assert jobs["a placed lamp"].start_request is not None
        process = ProcessLock(home)
        claimed = journal.claim(jobs["a queued lamp"].id, process)
        journal.dismiss(jobs["a placed lamp"].id)
        process.close()
        assert claimed is not None and len(journal.jobs()) == len(PROMPTS)


@pytest.mark.parametrize("version", [1, 2])
def test_a_migrated_journal_has_the_tables_of_a_new_one(
    home: Path, tmp_path: Path, version: int
) -> None:
    """Each column is there, in whatever order; nothing of the old tables is left."""
    write(home, version=version)
    for folder in (home, tmp_path / "new"):
        Journal(folder).close()
    assert tables(journal_file(home)) == tables(journal_file(tmp_path / "new"))


def tables(path: Path) -> dict[str, set[str]]:
    """Return the columns of each table, and the names of the indexes."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT type, name FROM sqlite_master").fetchall()
        names = [name for kind, name in rows if kind == "table"]
        found = {
            name: {column for _, column, *_ in database.execute(f"PRAGMA table_info({name})")}
            for name in names
        }
    return found | {"indexes": {name for kind, name in rows if kind == "index"}}


def test_a_journal_is_migrated_once(home: Path) -> None:
    """The next program that opens it changes nothing."""
    path = write(home)
    Journal(home).close()
    before = content(path)
    Journal(home).close()
    assert content(path) == before and before["version"] == [(migrations.VERSION,)]


def test_two_programs_may_open_an_old_journal_at_once(home: Path) -> None:
    """The second one finds it migrated when it gets the lock."""
    write(home)
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            Journal(home).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with closing(Journal(home)) as journal:
        assert set(by_prompt(journal)) == set(PROMPTS)


def test_an_older_program_refuses_a_newer_journal(home: Path) -> None:
    """It says so in a sentence, and changes nothing."""
    Journal(home).close()
    path = journal_file(home)
    before = content(path)
    for version, known in ((migrations.VERSION, 1), (migrations.VERSION, migrations.VERSION - 1)):
        database = Database(path)
        with pytest.raises(JournalError, match=NEWER):
            database.prepare(known, {}, "CREATE TABLE other (name TEXT)")
        assert content(path) == before, version
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {migrations.VERSION + 1}")
    with pytest.raises(JournalError, match=NEWER):
        Journal(home)


def test_each_version_leads_to_the_next() -> None:
    """No step from the first version to the latest one is missing."""
    assert set(migrations.MIGRATIONS) == set(range(1, migrations.VERSION))


@pytest.mark.parametrize(
    ("version", "statement"),
    [
        (1, "jobs ADD COLUMN cancel"),
        (1, "INSERT"),
        (1, "DROP COLUMN"),
        (1, "DROP TABLE"),
        (2, "ADD COLUMN cost"),
        (2, "UPDATE paid_requests SET cost"),
        (2, "- 1, ?, ?, 'start'"),
        (2, "DROP TABLE IF EXISTS spending"),
    ],
)
def test_a_failed_migration_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, version: int, statement: str
) -> None:
    """A full disk at any statement: the earlier version can still be used."""
    path = write(home, version=version)
    before = content(path)
    rows = Database.rows
    failed: list[str] = []

    def fail(self: Database, query: str, *values: object) -> Any:
        if statement in query and query.startswith(("ALTER", "INSERT", "DROP", "UPDATE")):
            failed.append(query)
            raise journal_error(path, sqlite3.OperationalError("database or disk is full"))
        return rows(self, query, *values)

    monkeypatch.setattr(Database, "rows", fail)
    with pytest.raises(JournalError, match="database or disk is full"):
        Journal(home)
    monkeypatch.undo()
    assert failed and content(path) == before
    with closing(Journal(home)) as journal:
        assert set(by_prompt(journal)) >= (set(PROMPTS) if version == 1 else {"a queued lamp"})


def test_a_damaged_record_stops_no_migration(home: Path) -> None:
    """It stays as it is, and nothing drives it; the others are migrated."""
    write(
        home,
        "UPDATE jobs SET record = '{' WHERE record LIKE '%a queued lamp\",%'",
        "UPDATE jobs SET record = '[]' WHERE record LIKE '%a canceled lamp%'",
        "UPDATE jobs SET decision = '7' WHERE record LIKE '%an approved lamp%'",
        "UPDATE jobs SET decision = '{\"verb\": \"sing\"}' WHERE record LIKE '%a revised lamp%'",
    )
    with closing(Journal(home)) as journal:
        found = by_prompt(journal)
        assert set(found) == set(PROMPTS) - {"a queued lamp", "a canceled lamp"}
        assert sum(not isinstance(each, Job) for each in journal.records()) == 2
        assert found["an approved lamp"].decision is None
        assert found["a revised lamp"].decision is None


def test_what_jobs_have_cost_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each day counts what version 2 has counted, also for jobs that are dismissed or damaged."""
    write(home, version=2)
    monkeypatch.setattr(time, "time", lambda: WRITTEN)
    with closing(Journal(home)) as journal:
        journal.set_account(Account(KEY))
        today = spending.date_of(WRITTEN)
        counted = {
            (today - day.date).days: (day.count, day.credits, day.done, day.failed)
            for day in totals.month(journal).days
            if day.count
        }
        assert counted == {
            5: (2, 21.0, 2, 0),  # one of them was dismissed
            2: (2, 410.0, 2, 0),  # both were retried: 40 and 30 Credits are of earlier attempts
            1: (3, 333.0, 1, 1),  # 35 are of an optimization, 50 of a start without an answer
            0: (5, 430.0, 1, 0),  # what waits counts now, and so does what was sent just before
        }
        assert journal.last_optimization() == 35.0
        jobs = by_prompt(journal)
        for prompt, cost in (("a retried lamp", 280.0), ("a lamp retried long ago", 130.0)):
            job = jobs[prompt]
            journal.save(job)
            assert journal.job(job.id) == job and job.cost == cost
            assert journal.jobs_of_asset(asset_of(job) or "") == [job]
        assert len(journal.jobs_of_lines("/out#3/")) == 1
    content = journal_check.read(home)
    assert content is not None and content.wrong_jobs == ()
