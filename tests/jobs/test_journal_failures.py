# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged, full and locked journals, and those of other versions: nothing is lost."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.database import STATE, Database
from mint_blender.jobs.diagnostics import checks
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, JournalError, Unreadable, journal_file
from mint_blender.jobs.storage.tables import VERSION
from mint_blender.mint.account import Account

from .fast_config import fast_config
from .workflow_harness import a_job, job_in_review

pytestmark = pytest.mark.windows

DAMAGES = {
    "half a record": "UPDATE jobs SET record = substr(record, 1, 40) WHERE id = ?",
    "another phase": "UPDATE jobs SET phase = 'dreaming' WHERE id = ?",
    "another kind": """UPDATE jobs SET record = replace(record, '"model"', '"hologram"') WHERE id = ?""",
    "another verb": "UPDATE paid_requests SET verb = 'sing' WHERE job = ?",
    "another end": "UPDATE paid_requests SET closed = 'sulking' WHERE job = ?",
    "half a click": "UPDATE paid_requests SET body = '{' WHERE job = ? AND verb = 'approve'",
    "a click that is no object": "UPDATE paid_requests SET body = '7' WHERE job = ? AND verb = 'approve'",
    "no text": "UPDATE jobs SET record = CAST(x'c3282fff' AS TEXT) WHERE id = ?",
    "another job's": "UPDATE jobs SET record = (SELECT record FROM jobs WHERE id != ?1 LIMIT 1) WHERE id = ?1",
    "odd values": """UPDATE jobs SET record = replace(record, '"max_credits": null', '"max_credits": "much"') WHERE id = ?""",
}


@pytest.fixture
def journal(home: Path) -> Iterator[Journal]:
    """Yield a journal in an empty home."""
    journal = Journal(home)
    yield journal
    journal.close()


def damage(home: Path, job_id: str, how: str) -> tuple[object, ...]:
    """Change a stored record and return it."""
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")  # a disk knows no rules
        database.execute(DAMAGES[how], (job_id,))
        database.execute("INSERT OR REPLACE INTO changes (job) VALUES (?)", (job_id,))
    return row(home, job_id)


def row(home: Path, job_id: str) -> tuple[object, ...]:
    """Return what is stored about a job."""
    query = "SELECT record, phase, cancel, process FROM jobs WHERE id = ?"
    requests = "SELECT * FROM paid_requests WHERE job = ? ORDER BY rowid"
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.text_factory = bytes
        found = database.execute(query, (job_id,)).fetchone()
        return (*found, *database.execute(requests, (job_id,)).fetchall())


@pytest.mark.covers("R-unreadable")
@pytest.mark.parametrize("how", DAMAGES)
def test_an_unreadable_record_hides_no_other_job(journal: Journal, home: Path, how: str) -> None:
    """It is listed as unreadable, cannot be claimed or decided, and is not changed."""
    serial = journal.changes(0)[0]
    good, bad = journal.add(
        replace(job_in_review(), created_at=1.0), replace(job_in_review(), created_at=2.0)
    )
    assert journal.decide(bad.id, Decision(Verb.APPROVE))
    before = damage(home, bad.id, how)
    lost = Unreadable(bad.id, 2.0)
    process = ProcessLock(home)
    assert journal.jobs() == [good]
    assert list(journal.records()) == [lost, good]
    assert journal.changes(serial)[1] == {good.id: good, bad.id: lost}
    assert journal.job(bad.id) is None
    assert journal.claim(bad.id, process) is None
    assert not journal.decide(bad.id, Decision(Verb.CANCEL))
    assert journal.pending_decisions(process) == {}
    assert journal.claim(good.id, process) == good
    assert [phase for phase, _ in journal.moves([good.id, bad.id])[good.id]] == [Phase.REVIEW]
    journal.restore_dismissed("")
    process.close()
    assert row(home, bad.id) == before


def test_the_service_lists_unreadable_records(home: Path, offline: JobService) -> None:
    """Only an explicit dismiss removes the entry, and its record is kept.

    A newer version may write an unknown phase while the job is shown.
    """
    paused = [replace(a_job(), phase=Phase.PAUSED) for _ in range(2)]
    good, bad = (job.id for job in offline.cache.add(*paused))
    before = damage(home, bad, "another phase")
    assert offline.catch_up()
    assert [job.id for job in offline.jobs()] == [good]
    offline.cache.save(replace(offline.job(good), phase=Phase.PLACED))
    offline.unfinished.resume_all()
    offline.unfinished.take_over()
    offline.dismiss_finished()
    assert offline.jobs() == []
    assert [each.id for each in offline.cache.unreadable] == [bad]
    offline.dismiss(bad)
    assert offline.cache.unreadable == []
    assert row(home, bad) == before


# -- failures


def full(journal: Journal) -> None:
    """Let the disk be full."""
    ((pages,),) = journal._db.rows("PRAGMA page_count")
    journal._db.rows(f"PRAGMA max_page_count = {pages}")


def locked(journal: Journal) -> sqlite3.Connection:
    """Let another program hold the lock for longer than the time limit; return its connection."""
    journal._db.rows("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def read_only(journal: Journal) -> None:
    """Let nobody write."""
    journal._db.rows("PRAGMA query_only = ON")


@pytest.mark.parametrize(
    ("fail", "said"),
    [
        (
            full,
            r"\(database or disk is full\)\. The disk is full\. Free some space, then try again\.$",
        ),
        (locked, r"\(database is locked\)\. Another program is using it"),
        (read_only, r"Allow writing to it and its folder, or set MINT_BLENDER_HOME\.$"),
    ],
)
def test_a_failed_write_is_reported_and_loses_nothing(
    journal: Journal, fail: Callable[[Journal], sqlite3.Connection | None], said: str
) -> None:
    """Committed jobs are kept and can be read, and writing works again afterwards."""
    job = journal.add(a_job())[0]
    other = fail(journal)
    with pytest.raises(JournalError, match=said):
        journal.add(*(a_job("x" * 4000) for _ in range(20)))
    assert [each.id for each in journal.jobs()] == [job.id]
    if other is not None:
        other.close()
    for undo in ("query_only = OFF", "max_page_count = 1000000"):
        journal._db.rows(f"PRAGMA {undo}")
    journal.add(a_job())
    assert len(journal.jobs()) == 2


FILES_OF_NO_USE: dict[str, Callable[[bytes], bytes] | None] = {
    "noise": lambda data: os.urandom(20_000),
    "truncated": lambda data: data[: len(data) * 6 // 10],
    "overwritten": lambda data: data[:4096] + os.urandom(len(data) - 4096),
    "a folder": None,
}


@pytest.mark.covers("S-foreign")
@pytest.mark.parametrize("name", FILES_OF_NO_USE)
def test_a_damaged_file_raises_only_journal_errors(home: Path, name: str) -> None:
    """Each call returns or raises a JournalError, never another error of SQLite."""
    with closing(Journal(home)) as journal:
        jobs = journal.add(*(a_job("x" * 500) for _ in range(40)))
    path, change = home / "journal.sqlite3", FILES_OF_NO_USE[name]
    for rest in home.glob("journal.sqlite3-*"):
        rest.unlink()
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(change(data)) if change else path.mkdir()
    kept = path.read_bytes() if path.is_file() else b""
    calls: list[Callable[[Journal], object]] = [
        Journal.jobs,
        lambda journal: journal.moves([jobs[0].id]),
        lambda journal: journal.changes(0),
        lambda journal: journal.spent((0.0, 2e9)),
        lambda journal: journal.add(a_job()),
        lambda journal: journal.save(replace(jobs[0], phase=Phase.SENDING)),
    ]
    sentences = []
    for call in calls:
        try:
            with closing(Journal(home)) as journal:
                call(journal)
        except JournalError as trouble:
            sentences.append(str(trouble))
    assert sentences
    assert all(str(path) in sentence and "MINT_BLENDER_HOME" in sentence for sentence in sentences)
    assert name != "noise" or path.read_bytes() == kept, "what could not be read is kept"


NEWER = r"journal\.sqlite3 was written by a newer version of this add-on\. Update the add-on\."
UNKNOWN = r"journal\.sqlite3 has a format that .* does not know\. Do not delete it: move it"
TABLE = "CREATE TABLE jobs (id TEXT)"


@pytest.mark.parametrize(
    ("version", "statement", "said"),
    [
        (VERSION + 1, TABLE, NEWER),
        (VERSION + 1, "SELECT 1", NEWER),
        (VERSION - 1, TABLE, UNKNOWN),
        (-1, "SELECT 1", UNKNOWN),
    ],
)
def test_a_journal_of_another_version_stays_as_it_is(
    home: Path, version: int, statement: str, said: str
) -> None:
    """Nothing is written into it, also if another program gives it its version meanwhile."""
    home.mkdir()
    path = journal_file(home)
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(JournalError, match=said):
        Journal(home)
    with pytest.raises(JournalError, match=said):
        checks.read_journal(home)
    assert path.read_bytes() == before
    assert [each.name for each in home.iterdir()] == [path.name]


def test_a_newer_program_that_comes_first_is_noticed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may create the journal between our look at its version and our transaction."""
    set_version = f"PRAGMA user_version = {VERSION + 1}"
    monkeypatch.setattr(Database, "choose_mode", lambda self: self.rows(set_version))
    with pytest.raises(JournalError, match=NEWER):
        Journal(home)
    with closing(sqlite3.connect(journal_file(home))) as database:
        assert database.execute(STATE).fetchone() == (VERSION + 1, 0)


def test_a_file_without_tables_becomes_a_journal(home: Path) -> None:
    """A program was killed before it had created them: there is no journal yet."""
    home.mkdir()
    journal_file(home).touch()
    assert checks.read_journal(home) is None
    Journal(home).close()
    found = checks.read_journal(home)
    assert not found.phases


@pytest.mark.skipif(
    os.name == "nt" or not Path("/proc/self").exists(),
    reason="does not apply: no folder in which nobody can write, not even root",
)
def test_a_folder_without_write_permission_is_reported(home: Path) -> None:
    """The journal and the process lock raise the same error class; what was opened is closed."""
    with pytest.raises(JournalError, match=r"/proc/self/mint/journal.sqlite3 cannot be opened"):
        JobService(fast_config(Path("/proc/self/mint")), Account("key"))
    with pytest.raises(JournalError, match=r"/proc/self/mint/processes cannot be read or written"):
        ProcessLock(Path("/proc/self/mint"))
    Journal(home).close()
    (home / "processes").write_text("not a folder")
    with pytest.raises(JournalError, match="processes cannot be read or written"):
        JobService(fast_config(home), Account("key"))
    (home / "processes").unlink()
    job_service = JobService(fast_config(home), Account("key"))
    job_service.journal._db.close()
    assert job_service.close(60), "closing never raises, also without a journal"
