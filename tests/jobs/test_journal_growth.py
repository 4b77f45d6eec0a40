# SPDX-License-Identifier: GPL-3.0-or-later
"""What acts, reading and writing cost, however many jobs are in the journal."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from mint_blender.jobs.budget import spending
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.engine.thread_messages import JobChanged
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_job
from mint_blender.jobs.paid_requests import table
from mint_blender.jobs.paid_requests.record import PaidVerb, State, of_job
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.queries import Price
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage import serialization
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, journal_file
from mint_blender.jobs.storage.tables import COLUMNS, columns_of
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Estimate, Kind, Mode

from ..harness.call_counts import count_lines
from .fast_config import fast_config
from .spending_helpers import LAMP, costing
from .workflow_harness import a_job, operation

ACCOUNT = Account("key", "http://127.0.0.1:9/v1")
SMALL = {"open_jobs", "ended_jobs", "optimizations", "unreadable_jobs", "CONSTANT"}
"""Indexes of a few jobs, which may be read as a whole."""


def paid(number: int) -> Job:
    """Return a finished job, one of each hour, for 10 Credits."""
    job = costing(Phase.PLACED, status="succeeded", finalized=10)
    done = operation("succeeded", resource=f"res_{number}", credits={"finalized": 10})
    line = Delivery(line=f"/out#{number}")
    created_at = time.time() - 3600.0 * number
    return replace(job, created_at=created_at, operation=done, delivery=line)


def filled(home: Path, count: int) -> Path:
    """Return a home with this many finished jobs."""
    with closing(Journal(home)) as journal:
        journal.set_account(ACCOUNT)
        journal.add(*map(paid, range(count)))
    return home


def opened(home: Path) -> JobService:
    """Return a job service whose jobs stay as they are."""
    job_service = JobService(fast_config(home), ACCOUNT)
    job_service.allow_online(False)
    job_service.queries.cache_answer(Price.of(LAMP), Estimate(None, 50.0, 50.0))
    job_service.budget.limits = Limits(day=1e9)
    return job_service


# -- growth


def acts(home: Path, job_service: JobService) -> dict[str, Callable[[], object]]:
    """Return what a user or a worker does with the journal."""
    journal, process = job_service.journal, job_service.process
    waiting, canceled, placed = journal.add(a_job(), a_job(), replace(a_job(), phase=Phase.PLACED))
    return {
        "open": lambda: Journal(home).close(),
        "start": lambda: job_service.start(LAMP),
        "change": lambda: journal.save(replace(placed, revision=placed.revision + 1)),
        "move": lambda: journal.save(replace(placed, phase=Phase.FETCHING)),
        "decide": lambda: journal.decide(canceled.id, Decision(Verb.CANCEL)),
        "claim": lambda: journal.claim(waiting.id, process),
        "slot": lambda: journal.take_slot(waiting.id, Kind.MODEL, 10, process),
        "decisions": lambda: journal.pending_decisions(process),
        "driven": lambda: journal.driven(process),
        "changes": lambda: journal.changes(journal.serial() - 1),
        "of an asset": lambda: job_service.jobs_of_asset("res_3"),
        "of a line": lambda: journal.jobs_of_lines("/out#3/"),
        "by id": lambda: job_service.job(placed.id[:9]),
        "last optimization": lambda: job_service.cache.paid_for_optimizing,
        "read all": lambda: JobService(fast_config(home), ACCOUNT).close(),
    }


def steps(connection: sqlite3.Connection, act: Callable[[], object]) -> int:
    """Return how many steps SQLite's virtual machine takes, by tens."""
    ticks = itertools.count()
    connection.set_progress_handler(lambda: next(ticks) and None, 10)
    act()
    connection.set_progress_handler(None, 0)
    return next(ticks)


def test_no_act_costs_more_with_more_jobs(tmp_path: Path) -> None:
    """Each executes about as many lines with a thousand jobs as with three hundred.

    SQLite takes about as many steps, too: some more when the worker has just written.
    """
    efforts = []
    for count in (300, 1000):
        home = filled(tmp_path / str(count), count)
        job_service = opened(home)
        job_service.start(LAMP)
        connection = job_service.journal._db.connection
        lines = {name: count_lines(act) for name, act in acts(home, job_service).items()}
        read = {
            f"{name} in SQL": steps(connection, act)
            for name, act in acts(home, job_service).items()
        }
        efforts.append({**lines, **read})
        assert job_service.close(20)
    few, many = efforts
    grown = {name: (few[name], many[name]) for name in few if many[name] > 2 * few[name] + 20}
    assert grown == {}


def test_opening_a_journal_writes_nothing(tmp_path: Path) -> None:
    """Else each start of a worker would make every other process look for changes."""
    with closing(Journal(filled(tmp_path, 1))) as journal:
        before = journal.revision()
        Journal(tmp_path).close()
        assert journal.revision() == before


def test_no_act_reads_a_whole_table(tmp_path: Path) -> None:
    """SQLite finds every row with an index."""
    home = filled(tmp_path, 20)
    job_service = opened(home)
    statements: set[str] = set()
    job_service.journal._db.connection.set_trace_callback(statements.add)
    for act in list(acts(home, job_service).values()):
        act()
    job_service.spending.month()
    job_service.cache.show_older()
    job_service.journal._db.connection.set_trace_callback(None)
    assert job_service.close(20)
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database:
        scans = [
            (statement, detail)
            for statement in statements
            if statement.startswith(("SELECT", "UPDATE", "INSERT", "DELETE"))
            for *_, detail in database.execute(f"EXPLAIN QUERY PLAN {statement}")
            if detail.startswith("SCAN ") and not set(detail.split()) & SMALL
        ]
    assert len(statements) > 30
    assert scans == []


def test_the_records_are_listed_page_by_page(home: Path) -> None:
    """Every job comes once, newest first, also several of the same moment."""
    with closing(Journal(home)) as journal:
        journal.add(*(replace(a_job(), created_at=float(number // 7)) for number in range(1200)))
        jobs = journal.jobs()
    assert len({job.id for job in jobs}) == 1200
    assert jobs == sorted(jobs, key=lambda job: (-job.created_at, job.id))


# -- what is repeated beside the record


def test_a_request_that_a_thread_sends_counts_when_it_is_sent(tmp_path: Path) -> None:
    """The thread writes the row alone: the job has its summary from before."""
    home = filled(tmp_path, 0)
    job_service = opened(home)
    job = job_service.start(LAMP)
    assert job_service.spending.today() == 50
    yesterday = time.time() - 30 * 3600.0
    with table.opened(journal_file(home)) as records:
        assert records.begin(job.requests[0].key, now=yesterday, credential="k", body="{}")
    job_service.cache.save(job.moved(Phase.SENDING))
    assert (job_service.spending.today(), job_service.spending.month().credits) == (0, 50)
    with table.opened(journal_file(home)) as records:
        assert records.begin(job.requests[0].key, now=yesterday, credential="k", body="{}")
        records.answer(job.requests[0].key, "op_1")
    assert job_service.spending.month().credits == 50
    assert job_service.close(20)


def test_a_record_that_cannot_be_read_still_counts(tmp_path: Path) -> None:
    """What it has cost is in the rows of its paid requests, and its asset is not adopted again."""
    home = filled(tmp_path, 5)
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
        database.execute("UPDATE jobs SET record = '{' WHERE record LIKE '%res_2%'")
    with closing(Journal(home)) as journal:
        journal.set_account(ACCOUNT)
        assert len(journal.open_records()) == 1
        assert "res_2" in journal.assets(exclude="")
        assert journal.spent((0.0, time.time() + 1.0))[0].credits == 50


def test_the_sums_match_the_jobs(tmp_path: Path) -> None:
    """After any changes the rows say the same as when it is computed again."""
    home = filled(tmp_path, 30)
    process = ProcessLock(home)
    with closing(Journal(home)) as journal:
        journal.set_account(ACCOUNT)
        for number, job in enumerate(journal.jobs()):
            if number % 3 == 0:
                journal.save(replace(job, phase=Phase.FAILED, operation=None))
            if number % 4 == 0:
                journal.order(job, of_job(job.id), PaidVerb.START, prices=(33.0, None))
            if number % 5 == 0:
                journal.dismiss(job.id)
        (waiting,) = journal.add(replace(a_job(), estimate=7.0))
        journal.resolve_account("u_1")
        assert journal.claim(waiting.id, process)
        journal.take_slot(waiting.id, Kind.MODEL, 10, process)
        jobs = [job for job in journal.newest_jobs(100) if job.requests]
        rows = journal._db.rows(f"SELECT id, dismissed, {', '.join(COLUMNS)} FROM jobs")
    process.close()
    stored = {job_id: values for job_id, *values in rows}
    assert len(jobs) == len(stored) == 31
    for job in jobs:
        costing, without_request = spending.with_costs(job)
        is_dismissed, *values = stored[job.id]
        assert costing.requests == job.requests
        assert columns_of(job, without_request, is_dismissed=bool(is_dismissed)) == values


# -- how often the main thread reads the journal for a click and for an answer of Mint


class Cost(NamedTuple):
    """Statements of SQLite, and records of jobs that were parsed."""

    statements: int
    records: int


Count = Callable[[Callable[[], object]], Cost]


@pytest.fixture
def job_service(offline: JobService, monkeypatch: pytest.MonkeyPatch) -> JobService:
    """Return a job service without a worker, with twenty finished jobs."""
    monkeypatch.setattr(offline.worker, "send", lambda command: None)
    offline.cache.add(*(replace(a_job(), phase=Phase.PLACED) for _ in range(20)))
    return offline


@pytest.fixture
def count(job_service: JobService, monkeypatch: pytest.MonkeyPatch) -> Count:
    """Return a function that counts what an act costs."""
    parsed: list[str] = []
    load = serialization.load

    def load_and_note(text: str, phase: Phase) -> Job:
        parsed.append(text)
        return load(text, phase)

    monkeypatch.setattr(serialization, "load", load_and_note)

    def cost(act: Callable[[], object]) -> Cost:
        parsed.clear()
        statements: list[str] = []
        connection = job_service.journal._db.connection
        connection.set_trace_callback(statements.append)
        act()
        connection.set_trace_callback(None)
        return Cost(len(statements), len(parsed))

    return cost


@pytest.fixture
def worker(job_service: JobService) -> Iterator[Journal]:
    """Yield the journal as the worker opens it."""
    with closing(Journal(job_service.home)) as journal:
        journal.set_account(job_service.account)
        yield journal


def test_a_click_parses_at_most_its_own_job(
    job_service: JobService, worker: Journal, count: Count
) -> None:
    """What a click has committed is not read again, neither at once nor at the next answer."""
    review = replace(
        a_job(),
        request=replace(LAMP, mode=Mode.REVIEW),
        phase=Phase.REVIEW,
        operation=operation("preview_ready", Mode.REVIEW),
    )
    job_service.cache.add(review)
    start = count(lambda: job_service.start(LAMP))
    assert start.records == 0 and start.statements <= 22
    approve = count(lambda: job_service.approve(review.id))
    assert approve.records == 1 and approve.statements <= 23
    worker.add(a_job())
    assert count(job_service.catch_up).records == 1
    assert {job.id: job for job in job_service.jobs()} == {
        job.id: job for job in job_service.journal.jobs()
    }


def test_a_commit_shows_what_it_has_changed_of_other_jobs(job_service: JobService) -> None:
    """Also if only a paid request of such a job was written."""
    (job,) = job_service.cache.add(new_job(LAMP, Delivery(), now=time.time()))
    (request,) = job.requests
    with job_service.cache.single_commit():
        job_service.cache.add(a_job())
        job_service.journal.close_request(request.key)
    (closed,) = job_service.job(job.id).requests
    assert closed.state is State.OVER
    assert job_service.job(job.id) == job_service.journal.job(job.id)


def test_a_change_of_one_job_is_parsed_once(
    job_service: JobService, worker: Journal, count: Count
) -> None:
    """However many answers have come since the last beat; a beat without one parses nothing."""
    job = replace(a_job(), phase=Phase.WORKING, operation=operation("running"))
    job_service.cache.add(job)
    for answers in (1, 3):
        for number in range(answers):
            worker.save(replace(job, estimate=float(10 * answers + number)))
            job_service.worker.events.put(JobChanged(job.id))
        cost = count(job_service.catch_up)
        assert cost.records == 1 and cost.statements <= 4
        assert job_service.job(job.id) == worker.job(job.id)
    assert count(job_service.catch_up).records == 0
