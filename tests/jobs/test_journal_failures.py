# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged, full, locked and copied journals: nothing is lost, and nothing is sent unasked."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mint_blender.jobs.diagnostics import checks
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import PaidVerb, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.database import STATE, Database
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, JournalError, Unreadable, journal_file
from mint_blender.jobs.storage.tables import VERSION
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Asset, Kind, Mode, Page

from .engine_harness import EngineHarness
from .fast_config import fast_config
from .service_helpers import put
from .workflow_harness import a_job, job_in_review, operation, problem

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


def test_the_service_lists_unreadable_records(home: Path, offline: JobService) -> None:
    """Only an explicit dismiss removes the entry, and its record is kept."""
    good, bad = put(home, *(replace(a_job(), phase=Phase.PLACED) for _ in range(2)))
    before = damage(home, bad, "another phase")
    offline.catch_up()
    assert [job.id for job in offline.jobs()] == [good]
    offline.unfinished.resume_all()
    offline.unfinished.take_over()
    offline.dismiss_finished()
    assert offline.jobs() == []
    assert [each.id for each in offline.unreadable()] == [bad]
    offline.dismiss(bad)
    assert offline.unreadable() == []
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        database.text_factory = bytes
        assert row(database, bad) == before


def test_a_record_may_become_unreadable_while_it_is_shown(home: Path, offline: JobService) -> None:
    """A newer version may write an unknown phase while the job is listed."""
    (job,) = offline.cache.add(replace(a_job(), phase=Phase.PAUSED))
    damage(home, job.id, "another phase")
    assert offline.catch_up()
    assert (offline.jobs(), [each.id for each in offline.unreadable()]) == ([], [job.id])


# -- failures


def test_a_full_disk_is_reported_and_loses_nothing(journal: Journal, home: Path) -> None:
    """Committed jobs are kept, and writing works again when there is space."""
    job = journal.add(a_job())[0]
    ((pages,),) = journal._db.rows("PRAGMA page_count")
    journal._db.rows(f"PRAGMA max_page_count = {pages}")
    said = r"\(database or disk is full\)\. The disk is full\. Free some space, then try again\.$"
    with pytest.raises(JournalError, match=said):
        journal.add(*(a_job("x" * 4000) for _ in range(20)))
    assert [each.id for each in journal.jobs()] == [job.id]
    journal._db.rows("PRAGMA max_page_count = 1000000")
    journal.add(a_job())
    assert len(journal.jobs()) == 2


def test_a_locked_journal_is_reported(journal: Journal, home: Path) -> None:
    """Another program holds the lock for longer than the time limit."""
    journal._db.rows("PRAGMA busy_timeout = 20")
    said = r"\(database is locked\)\. Another program is using it"
    with closing(sqlite3.connect(home / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=said):
            journal.add(a_job())
    journal.add(a_job())


def test_a_read_only_journal_is_reported(journal: Journal) -> None:
    """Reading works, writing raises an error that says what is missing."""
    journal.add(a_job())
    journal._db.rows("PRAGMA query_only = ON")
    said = r"Allow writing to it and its folder, or set MINT_BLENDER_HOME\.$"
    with pytest.raises(JournalError, match=said):
        journal.add(a_job())
    assert len(journal.jobs()) == 1


def truncated(data: bytes) -> bytes:
    """Return the first part of a file."""
    return data[: len(data) * 6 // 10]


FILES_OF_NO_USE: dict[str, Callable[[bytes], bytes] | None] = {
    "noise": lambda data: os.urandom(20_000),
    "truncated": truncated,
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
    assert found is not None and not found.phases


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


# -- a restored backup, or a cloned home, sends nothing before a look and a person


DAY = 24 * 3600.0


def cloned(home: Path) -> Path:
    """Return a copy of the home, as on another computer."""
    return Path(shutil.copytree(home, home.with_name("clone")))


def restored(home: Path) -> Path:
    """Put a backup of the journal back under its name."""
    path = journal_file(home)
    backup = path.with_name("backup")
    shutil.copy2(path, backup)
    backup.replace(path)
    return home


COPIES = pytest.mark.parametrize("copied", [cloned, restored])
Copied = Callable[[Path], Path]


def stored(home: Path, *jobs: Job) -> list[Job]:
    """Store jobs in the original; return them as they are stored."""
    with closing(Journal(home)) as journal:
        return journal.add(*jobs)


@pytest.fixture
def started() -> Iterator[Callable[..., EngineHarness]]:
    """Open a home, with a Mint that lists these assets, and let all its jobs run."""
    with ExitStack() as engines:

        def start(home: Path, *assets: Asset, later: float = 0.0) -> EngineHarness:
            began = time.time() + later
            engine = engines.enter_context(closing(EngineHarness(home)))
            engine.mint.time = lambda: began + engine.clock.now - 1000.0
            answers = {"page": Page(assets, None), "asset": problem(404)}
            engine.mint.says = lambda what, which: (
                operation("preview_ready", Mode.REVIEW, id=which)
                if what == "poll"
                else answers.get(what, operation("running", id="op_new"))
            )
            for job in engine.journal.jobs():
                engine.scheduler.receive(Wake(job.id))
            return engine

        yield start


def paid(engine: EngineHarness) -> list[str]:
    """Return the calls that may have cost Credits."""
    return [what for _, what, _ in engine.mint.asked if what in set(PaidVerb)]


def a_model(id: str, prompt: str = "a lamp") -> Asset:
    """Return a model that Mint lists since the backup was made."""
    made = datetime.fromtimestamp(time.time() + 60.0, UTC).isoformat()
    return Asset.from_json(
        Kind.MODEL, {"id": id, "status": "running", "prompt": prompt, "createdAt": made}
    )


@COPIES
@pytest.mark.parametrize("days", [0.0, 1.0])
def test_what_was_never_sent_is_looked_for(
    home: Path, started: Callable[..., EngineHarness], copied: Copied, days: float
) -> None:
    """The original may have sent it since. A day later Mint has forgotten the key."""
    (job,) = stored(home, a_job())
    engine = started(copied(home), later=days * DAY)
    engine.run(1200.0)
    found = engine.job(job)
    assert paid(engine) == [] and is_unanswered(found)
    assert engine.mint.times("page", "model"), "it was looked for"
    assert found.start_request.state is State.IN_DOUBT


@COPIES
def test_the_original_goes_on_and_its_copy_finds_what_it_has_made(
    home: Path, started: Callable[..., EngineHarness], copied: Copied
) -> None:
    """The only candidate of the only request is adopted."""
    (job,) = stored(home, a_job())
    engine = started(copied(home), a_model("res_9"))
    engine.run(1200.0)
    assert engine.job(job).start_request.found_asset == "res_9"
    assert paid(engine) == []


@COPIES
def test_two_unsent_jobs_of_a_copy_do_not_take_one_result(
    home: Path, started: Callable[..., EngineHarness], copied: Copied
) -> None:
    """The original may have sent either of them: a person chooses."""
    jobs = stored(home, a_job(), a_job())
    engine = started(copied(home), a_model("res_9"))
    engine.run(1200.0)
    for job in jobs:
        found = engine.job(job)
        assert is_unanswered(found) and found.source_asset_id is None
        assert [each.id for each in found.candidates] == ["res_9"]
    assert paid(engine) == []


@COPIES
def test_a_decision_of_a_copy_is_not_sent(
    home: Path, started: Callable[..., EngineHarness], copied: Copied
) -> None:
    """What Mint shows now is shown, and a person decides again."""
    (job,) = stored(home, job_in_review())
    with closing(Journal(home)) as journal:
        assert journal.decide(job.id, Decision(Verb.APPROVE))
    engine = started(copied(home))
    engine.run(1200.0)
    assert paid(engine) == []
    assert engine.job(job).decision is None


@COPIES
def test_a_cancel_in_a_copy_is_not_silent(home: Path, copied: Copied) -> None:
    """A backup from before the send must not say that nothing was started."""
    (job,) = stored(home, a_job())
    with closing(Journal(copied(home))) as journal:
        assert journal.decide(job.id, Decision(Verb.CANCEL))
        found = journal.job(job.id)
    assert found.requests[0].state is State.DROPPED
    assert found.requests[0].may_be_started


def test_the_original_is_not_changed_by_its_clone(
    home: Path, started: Callable[..., EngineHarness]
) -> None:
    """It sends its own jobs, under their own keys."""
    (job,) = stored(home, a_job())
    cloned(home)
    engine = started(home)
    engine.run(60.0)
    assert paid(engine) == ["start"]
    assert engine.job(job).start_request.operation == "op_new"
