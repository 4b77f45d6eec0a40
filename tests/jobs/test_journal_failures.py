# SPDX-License-Identifier: GPL-3.0-or-later
"""An unreadable record hides no other job, and every failure is a JournalError."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, JournalError, Unreadable
from mint_blender.mint.account import Account

from .fast_config import fast_config
from .workflow_harness import a_job, job_in_review

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
        database.text_factory = bytes
        database.execute(DAMAGES[how], (job_id,))
        database.execute("INSERT OR REPLACE INTO changes (job) VALUES (?)", (job_id,))
        return row(database, job_id)


def row(database: sqlite3.Connection, job_id: str) -> tuple[object, ...]:
    """Return the stored record."""
    query = "SELECT record, phase, cancel, process FROM jobs WHERE id = ?"
    requests = "SELECT * FROM paid_requests WHERE job = ? ORDER BY rowid"
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
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.text_factory = bytes
        assert row(database, bad.id) == before


def test_the_service_lists_unreadable_records(home: Path) -> None:
    """Only an explicit dismiss removes the entry, and its record is kept."""
    journal = Journal(home)
    good, bad = (replace(a_job(), phase=Phase.PLACED) for _ in range(2))
    journal.add(good, bad)
    journal.close()
    before = damage(home, bad.id, "another phase")
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    assert [job.id for job in job_service.jobs()] == [good.id]
    job_service.unfinished.resume_all()
    job_service.unfinished.take_over()
    job_service.dismiss_finished()
    assert job_service.jobs() == []
    assert [each.id for each in job_service.unreadable()] == [bad.id]
    job_service.dismiss(bad.id)
    assert job_service.unreadable() == []
    assert job_service.close(20)
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.text_factory = bytes
        assert row(database, bad.id) == before


def test_a_record_may_become_unreadable_while_it_is_shown(home: Path) -> None:
    """A newer version may write an unknown phase while the job is listed."""
    journal = Journal(home)
    job = replace(a_job(), phase=Phase.PAUSED)
    journal.add(job)
    journal.close()
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    damage(home, job.id, "another phase")
    assert job_service.catch_up()
    assert (job_service.jobs(), [each.id for each in job_service.unreadable()]) == ([], [job.id])
    assert job_service.close(20)


# -- failures
# --------------------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_reported_and_loses_nothing(journal: Journal, home: Path) -> None:
    """Committed jobs are kept, and writing works again when there is space."""
    job = journal.add(a_job())[0]
    ((pages,),) = journal._db.rows("PRAGMA page_count")
    journal._db.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(
        JournalError,
        match=r"\(database or disk is full\)\. The disk is full\. Free some space, then try again\.$",
    ):
        journal.add(*(a_job("x" * 4000) for _ in range(20)))
    assert [each.id for each in journal.jobs()] == [job.id]
    journal._db.rows("PRAGMA max_page_count = 1000000")
    journal.add(a_job())
    assert len(journal.jobs()) == 2


def test_a_locked_journal_is_reported(journal: Journal, home: Path) -> None:
    """Another program holds the lock for longer than the time limit."""
    journal._db.rows("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(home / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(
            JournalError, match=r"\(database is locked\)\. Another program is using it"
        ):
            journal.add(a_job())
    journal.add(a_job())


def test_a_read_only_journal_is_reported(journal: Journal) -> None:
    """Reading works, writing raises an error that says what is missing."""
    journal.add(a_job())
    journal._db.rows("PRAGMA query_only = ON")
    with pytest.raises(
        JournalError, match=r"Allow writing to it and its folder, or set MINT_BLENDER_HOME\.$"
    ):
        journal.add(a_job())
    assert len(journal.jobs()) == 1


def _noise(path: Path) -> None:
    path.write_bytes(os.urandom(20_000))


def _truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])


def _overwritten(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(bytes(data))


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.covers("S-foreign")
@pytest.mark.parametrize("break_it", [_noise, _truncated, _overwritten, _directory])
def test_a_damaged_file_raises_only_journal_errors(
    home: Path, break_it: Callable[[Path], None]
) -> None:
    """Each call returns or raises a JournalError, never another error of SQLite."""
    journal = Journal(home)
    jobs = journal.add(*(a_job("x" * 500) for _ in range(40)))
    journal.close()
    path = home / "journal.sqlite3"
    for rest in home.glob("journal.sqlite3-*"):
        rest.unlink()
    break_it(path)
    kept = path.read_bytes() if path.is_file() else b""
    sentences = []
    try:
        journal = Journal(home)
    except JournalError as trouble:
        sentences.append(str(trouble))
    else:
        calls: list[Callable[[], object]] = [
            journal.jobs,
            lambda: journal.moves([jobs[0].id]),
            lambda: journal.changes(0),
            lambda: journal.spent((0.0, time.time() + 1.0)),
            lambda: journal.assets(exclude=""),
            lambda: journal.jobs_of_lines(""),
            lambda: journal.add(a_job()),
            lambda: journal.save(replace(jobs[0], phase=Phase.SENDING)),
            lambda: journal.dismiss(jobs[0].id),
        ]
        for call in calls:
            try:
                call()
            except JournalError as trouble:
                sentences.append(str(trouble))
        journal.close()
    assert sentences
    assert all(str(path) in sentence and "MINT_BLENDER_HOME" in sentence for sentence in sentences)
    assert break_it is not _noise or path.read_bytes() == kept, "what could not be read is kept"


@pytest.mark.skipif(
    not Path("/proc/self").exists(),
    reason="does not apply: no folder in which nobody can write, not even root",
)
def test_a_folder_without_write_permission_is_reported() -> None:
    """The journal and the process lock raise the same error class."""
    home = Path("/proc/self/mint")
    with pytest.raises(JournalError, match=r"/proc/self/mint/journal.sqlite3 cannot be opened"):
        JobService(fast_config(home), Account("key"))
    with pytest.raises(JournalError, match=r"/proc/self/mint/processes cannot be read or written"):
        ProcessLock(home)


def test_a_service_that_cannot_open_releases_the_journal(home: Path) -> None:
    """Without its process lock the service closes the journal and can be opened later."""
    Journal(home).close()
    (home / "processes").write_text("not a folder")
    with pytest.raises(JournalError, match="processes cannot be read or written"):
        JobService(fast_config(home), Account("key"))
    (home / "processes").unlink()
    assert JobService(fast_config(home), Account("key")).close(20)
    shutil.rmtree(home)


def test_closing_never_raises(home: Path) -> None:
    """Closing works while the journal is missing or locked."""
    job_service = JobService(fast_config(home), Account("key"))
    job_service.journal._db.close()
    assert job_service.close(20)
