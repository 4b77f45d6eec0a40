# SPDX-License-Identifier: GPL-3.0-or-later
"""A journal that an earlier version has written: its tables and its jobs."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.budget import spending
from mint_blender.jobs.budget.totals import SpendingTotals
from mint_blender.jobs.diagnostics import checks
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job, asset_of, is_unanswered
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import PaidVerb, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage import migrations
from mint_blender.jobs.storage.database import Database, JournalError, journal_error
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, journal_file
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Asset, Kind, Mode, Page

from .engine_harness import KEY, EngineHarness
from .old_journal import PROMPTS, WRITTEN, by_prompt, write
from .workflow_harness import operation, problem


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
    with ThreadPoolExecutor(4) as threads:
        for opened in [threads.submit(lambda: Journal(home).close()) for _ in range(4)]:
            opened.result()
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


def test_a_newer_program_that_comes_first_is_noticed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may change the journal between our look at its version and our transaction."""
    path, newer = write(home, version=2), migrations.VERSION + 1
    set_version = f"PRAGMA user_version = {newer}"
    monkeypatch.setattr(Database, "choose_mode", lambda self: self.rows(set_version))
    with pytest.raises(JournalError, match=NEWER):
        Journal(home)
    with closing(sqlite3.connect(path)) as found:
        assert found.execute("PRAGMA user_version").fetchone() == (newer,)


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
            for day in SpendingTotals(journal).month().days
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
    content = checks.read_journal(home)
    assert content is not None and content.wrong_jobs == ()


# -- the jobs of an earlier version: none is lost, and nothing is sent before a look and a person


@pytest.fixture
def migrated(home: Path) -> Iterator[Journal]:
    """Yield the journal after it was opened by this version."""
    write(home)
    with closing(Journal(home)) as journal:
        yield journal


# -- what is kept


def test_every_job_of_an_earlier_version_is_read(migrated: Journal) -> None:
    """None is lost, and all but a pending retry are in the phase in which they were."""
    assert {prompt: job.phase for prompt, job in by_prompt(migrated).items()} == PROMPTS
    assert len(migrated.jobs()) == len(PROMPTS) + 1
    assert all(isinstance(each, Job) for each in migrated.records())


def test_what_mint_has_answered_is_answered(migrated: Journal) -> None:
    """Nothing is looked for of which an operation is known."""
    jobs = by_prompt(migrated)
    for prompt in ("a placed lamp", "an approved lamp", "a lamp of a batch", "an optimized lamp"):
        job, request = jobs[prompt], jobs[prompt].start_request
        assert (request.operation, request.state) == (job.operation.id, State.ANSWERED), prompt
    assert jobs["a failed lamp [moderation]"].start_request is not None


def test_a_request_of_an_earlier_version_may_not_be_sent(migrated: Journal) -> None:
    """Whatever was sent or queued belongs to no journal file: it is looked for first."""
    requests = [request for job in migrated.jobs() for request in job.requests]
    assert len(requests) >= len(PROMPTS)
    for request in requests:
        assert (request.journal, request.born) == ("", 0.0) and request.is_copied
        assert not request.may_be_sent(request.born, request.credential)
        assert migrated.paid_requests.begin(request.key, now=1.0, credential="", body="{}") is None


def test_the_key_and_the_body_of_a_sent_request_are_kept(home: Path) -> None:
    """They are what Mint knows it by."""
    path = write(home)
    with closing(sqlite3.connect(path)) as database:
        rows = dict(database.execute("SELECT id, json_extract(record, '$.key') FROM jobs"))
        bodies = dict(database.execute("SELECT id, json_extract(record, '$.body') FROM jobs"))
    with closing(Journal(home)) as journal:
        for job in journal.jobs():
            first = job.requests[0]
            assert first.key == rows[job.id]
            assert (first.body is None) is (bodies[job.id] is None)
            assert first.attempts == (bodies[job.id] is not None)


def test_a_decision_that_waits_is_open(migrated: Journal) -> None:
    """What it has done is shown, and a person decides again."""
    jobs = by_prompt(migrated)
    expected = {
        "an approved lamp": (Verb.APPROVE, None),
        "a revised lamp": (Verb.REVISE, "Make it green."),
        "a lamp that is being canceled": (Verb.CANCEL, None),
    }
    for prompt, (verb, feedback) in expected.items():
        decision = jobs[prompt].decision
        assert (decision.verb, decision.feedback) == (verb, feedback)
    assert jobs["an approved lamp"].requests[-1].credits == 550.0
    assert [job for job in jobs.values() if job.decision] == [
        job for prompt, job in jobs.items() if prompt in expected
    ]


def test_a_retry_that_waits_is_looked_for(migrated: Journal) -> None:
    """The job has failed in the eyes of the earlier version: nothing would continue it."""
    job = by_prompt(migrated)["a retried lamp [transient]"]
    request = job.start_request
    assert request.verb is PaidVerb.RETRY and request.is_open
    assert job.operation is None and job.source_asset_id is not None and job.is_resumable


def test_the_request_of_a_program_is_found(migrated: Journal) -> None:
    """A program that repeats it gets the same job."""
    prompts = {"order-7": "a lamp of a program", "order-8": "a queued lamp of a program"}
    for request_id, prompt in prompts.items():
        job = migrated.job_of_client_request(request_id)
        subject = f"request:{request_id}"
        assert (job.request.prompt, job.start_request.subject) == (prompt, subject)
    asked = migrated.job_of_client_request("order-7").client_request
    assert (asked.content, asked.quote) == ("content-digest", "quote-3")


def test_what_was_spent_stays_on_its_day(migrated: Journal) -> None:
    """What waits costs now, the rest when it was started."""
    begun = min(job.created_at for job in migrated.jobs())
    of_that_day = migrated.spent((begun - 900.0, begun + 900.0))[0].credits
    assert of_that_day >= 4140.0, "as the earlier version has counted it"


def test_doctor_finds_nothing_wrong_with_it(home: Path) -> None:
    """Neither before it is migrated, nor after, nor when a person has decided about its jobs."""
    write(home)
    for _ in range(2):
        content = checks.read_journal(home)
        assert content.phases.total() == len(PROMPTS) + 1
        assert (content.wrong_jobs, content.unreadable) == ((), 0)
        Journal(home).close()
    with closing(Journal(home)) as journal:
        jobs = by_prompt(journal)
        lost, unsent = jobs["an unanswered lamp [lost-answer]"], jobs["a queued lamp"]
        for job in (lost, unsent):
            assert journal.paid_requests.take_over(job.start_request.key) is not None
            journal.order(job, job.start_request.subject, PaidVerb.START)
        assert journal.decide(jobs["an approved lamp"].id, Decision(Verb.CANCEL))
    content = checks.read_journal(home)
    assert content.wrong_jobs == ()


# -- nothing is sent by itself


@pytest.fixture
def resumed(home: Path) -> Iterator[EngineHarness]:
    """Yield an engine in which every job of the journal runs; Mint knows none of them."""
    write(home)
    engine = EngineHarness(home)
    engine.mint.time = lambda: WRITTEN + engine.clock.now
    engine.mint.says = knows()
    for job in engine.journal.jobs():
        engine.scheduler.receive(Wake(job.id))
    yield engine
    engine.close()


def knows(*assets: Asset) -> Callable[[str, str], Any]:
    """Return the answers of a Mint that lists these assets, and knows nothing else."""

    def says(what: str, which: str) -> Any:
        if what == "page":
            return Page(assets, None)
        if what == "poll":
            return operation("preview_ready", Mode.REVIEW, id=which)
        if what == "cancel":
            return operation("canceled", id=which)
        return problem(404)

    return says


def paid(engine: EngineHarness) -> list[tuple[float, str, str]]:
    """Return the calls that may have cost Credits."""
    return [each for each in engine.mint.asked if each[1] in set(PaidVerb)]


@pytest.mark.covers("R-queue")
def test_nothing_is_sent_before_a_look_and_a_person(resumed: EngineHarness) -> None:
    """Every job of the journal runs for an hour: Mint's lists are read, and a person is asked."""
    jobs = by_prompt(resumed.journal)
    resumed.run(3600.0)
    assert paid(resumed) == []
    assert resumed.mint.times("page", "model"), "it was looked for"
    lost = "an unanswered lamp [lost-answer]"
    for prompt in (lost, "a queued lamp", "a queued lamp of a program"):
        assert is_unanswered(resumed.job(jobs[prompt])), prompt
    for prompt in ("an approved lamp", "a revised lamp"):
        assert resumed.job(jobs[prompt]).decision is None, prompt


def test_a_start_without_an_answer_is_found(resumed: EngineHarness) -> None:
    """It is in Mint's list, also if the clock was an hour ahead when it was sent."""
    created = datetime.fromtimestamp(WRITTEN - 3600.0, UTC).isoformat()
    prompt = "an unanswered lamp [lost-answer]"
    made = {"id": "res_9", "status": "running", "prompt": prompt, "createdAt": created}
    resumed.mint.says = knows(Asset.from_json(Kind.MODEL, made))
    resumed.run(3600.0)
    job = resumed.job(by_prompt(resumed.journal)[prompt])
    assert (job.source_asset_id, job.start_request.found_asset) == ("res_9", "res_9")
    assert paid(resumed) == []


def test_a_person_may_start_again_what_was_not_found(resumed: EngineHarness) -> None:
    """The new request has another key, and belongs to this journal."""
    resumed.run(3600.0)
    job = by_prompt(resumed.journal)["a queued lamp"]
    before = job.start_request
    request = resumed.journal.order(job, before.subject, PaidVerb.START)
    resumed.journal.save(job.moved(Phase.WAITING, problem=None))
    resumed.mint.says = lambda what, which: operation("running", id="op_new")
    resumed.scheduler.receive(Wake(job.id))
    resumed.run(60.0)
    assert [(what, which) for _, what, which in paid(resumed)] == [("start", "a queued lamp")]
    after = resumed.job(job)
    assert after.start_request.key == request.key != before.key
    assert after.requests[0].state is State.OVER
