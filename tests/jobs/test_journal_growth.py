# SPDX-License-Identifier: GPL-3.0-or-later
"""Many jobs in the journal: what acts cost, and what is found though it is not in memory."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs import new_jobs
from mint_blender.jobs.batch_folder.line_files import line_id
from mint_blender.jobs.budget import spending
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.engine.thread_messages import JobChanged
from mint_blender.jobs.job import Job, asset_of
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_conversion, new_fetch
from mint_blender.jobs.paid_requests import table
from mint_blender.jobs.paid_requests.record import PaidVerb, State, of_job
from mint_blender.jobs.phases import ENDED, Phase, Verb
from mint_blender.jobs.queries import Price
from mint_blender.jobs.service import JobService, NotPossible, TooExpensive
from mint_blender.jobs.storage import import_marks, journal, serialization
from mint_blender.jobs.storage.job_cache import LATEST
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal, journal_file
from mint_blender.mint.account import Account, Owner
from mint_blender.mint.schema import Asset, Estimate, Format, Kind, Status

from ..harness.call_counts import count_lines
from .fast_config import fast_config
from .spending_helpers import LAMP, costing
from .workflow_harness import (
    a_job,
    accepted,
    asset,
    job_in_review,
    operation,
    with_operation,
    working,
)

ACCOUNT = Account("key", "http://127.0.0.1:9/v1")


def paid(number: int) -> Job:
    """Return a finished job, one of each hour, for 10 Credits."""
    job = costing(Phase.PLACED, status="succeeded", resource=f"res_{number}", finalized=10)
    created_at = time.time() - 3600.0 * number
    delivery = Delivery(line=f"/out#{number}")
    return replace(accepted(job, at=created_at), created_at=created_at, delivery=delivery)


def filled(home: Path, count: int) -> Path:
    """Return a home with this many finished jobs."""
    with closing(Journal(home)) as journal:
        journal.set_account(ACCOUNT)
        journal.add(*map(paid, range(count)))
    return home


def resting(home: Path) -> JobService:
    """Return a job service whose jobs stay as they are."""
    job_service = JobService(fast_config(home), ACCOUNT)
    job_service.allow_online(False)
    job_service.queries.cache_answer(Price.of(LAMP), Estimate(None, 50.0, 50.0))
    job_service.budget.limits = Limits(day=1e9)
    return job_service


# -- growth


def acts(home: Path, job_service: JobService) -> dict[str, Callable[[], object]]:
    """Return what a user or a worker does with the journal."""
    own, process = job_service.journal, job_service.process
    waiting, canceled, placed = own.add(a_job(), a_job(), replace(a_job(), phase=Phase.PLACED))
    return {
        "open": lambda: Journal(home).close(),
        "start": lambda: job_service.start(LAMP),
        "change": lambda: own.save(replace(placed, revision=placed.revision + 1)),
        "move": lambda: own.save(replace(placed, phase=Phase.FETCHING)),
        "decide": lambda: own.decide(canceled.id, Decision(Verb.CANCEL)),
        "claim": lambda: own.claim(waiting.id, process),
        "slot": lambda: own.take_slot(waiting.id, Kind.MODEL, 10, process),
        "decisions": lambda: own.pending_decisions(process),
        "driven": lambda: own.driven(process),
        "changes": lambda: own.changes(own.serial() - 1),
        "of an asset": lambda: job_service.journal.jobs_of_asset("res_3"),
        "of a line": lambda: own.jobs_of_lines("/out#3/"),
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
    """Each executes about as many lines with four hundred jobs as with one hundred.

    SQLite takes about as many steps, too: some more when the worker has just written.
    """
    efforts = []
    for count in (100, 400):
        home = filled(tmp_path / str(count), count)
        job_service = resting(home)
        job_service.start(LAMP)
        connection = job_service.journal._db.connection
        lines = {name: count_lines(act) for name, act in acts(home, job_service).items()}
        read = {
            f"{name} in SQL": steps(connection, act)
            for name, act in acts(home, job_service).items()
        }
        efforts.append({**lines, **read})
        assert job_service.close(60)
    few, many = efforts
    grown = {name: (few[name], many[name]) for name in few if many[name] > 2 * few[name] + 20}
    assert grown == {}


def test_the_records_are_listed_page_by_page(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job comes once, newest first, also several of the same moment."""
    monkeypatch.setattr(journal, "PAGE", 10)
    with closing(Journal(home)) as stored:
        stored.add(*(replace(a_job(), created_at=float(number // 7)) for number in range(45)))
        jobs = stored.jobs()
        before = stored.revision()
        Journal(home).close()
        assert stored.revision() == before, "opening a journal writes nothing"
    assert len({job.id for job in jobs}) == 45
    assert jobs == sorted(jobs, key=lambda job: (-job.created_at, job.id))


# -- what is repeated beside the record


def test_a_request_that_a_thread_sends_counts_when_it_is_sent(tmp_path: Path) -> None:
    """The thread writes the row alone: the job has its summary from before."""
    home = filled(tmp_path, 0)
    job_service = resting(home)
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
    assert job_service.close(60)


def test_a_record_that_cannot_be_read_still_counts(tmp_path: Path) -> None:
    """What it has cost is in the rows of its paid requests, and its asset is not adopted again."""
    home = filled(tmp_path, 5)
    with closing(sqlite3.connect(home / "journal.sqlite3")) as database, database:
        database.execute("UPDATE jobs SET record = '{' WHERE asset = CAST('res_2' AS BLOB)")
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
                journal.save(with_operation(replace(job, phase=Phase.FAILED), None))
            if number % 4 == 0:
                journal.order(job, of_job(job.id), PaidVerb.START, credits=33.0)
            if number % 5 == 0:
                journal.dismiss(job.id)
        (waiting,) = journal.add(a_job().with_prices(7.0, None))
        journal.resolve_account("u_1")
        assert journal.claim(waiting.id, process)
        journal.take_slot(waiting.id, Kind.MODEL, 10, process)
        jobs = [job for job in journal.newest_jobs(100) if job.requests]
        rows = journal._db.rows("SELECT job, sum(cost) FROM paid_requests GROUP BY job")
    process.close()
    assert len(jobs) == 31
    assert dict(rows) == {job.id: spending.committed(job) for job in jobs}


# -- how often the main thread reads the journal for a click and for an answer of Mint


def test_a_job_is_parsed_once_for_each_change_of_others(
    offline: JobService, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a click has committed is not read again, neither at once nor at the next answer.

    It is parsed once however many answers have come since the last beat, and not without one.
    """
    parsed: list[str] = []
    load = serialization.load

    def load_and_note(text: str, phase: Phase) -> Job:
        parsed.append(text)
        return load(text, phase)

    monkeypatch.setattr(offline.worker, "send", lambda command: None)
    monkeypatch.setattr(serialization, "load", load_and_note)
    review, running, *_ = offline.cache.add(job_in_review(), working(), a_job(), a_job())
    parsed.clear()
    offline.start(LAMP)
    assert parsed == []
    offline.approve(review.id)
    assert len(parsed) == 1
    with closing(Journal(home)) as worker:
        worker.set_account(offline.account)
        for number in range(3):
            worker.save(running.with_prices(float(number), None))
            offline.worker.events.put(JobChanged(running.id))
        for _ in range(2):
            offline.catch_up()
            assert len(parsed) == 2
        assert {job.id: job for job in offline.jobs()} == {job.id: job for job in worker.jobs()}


def test_a_commit_shows_what_it_has_changed_of_other_jobs(offline: JobService) -> None:
    """Also if only a paid request of such a job was written."""
    job, other = offline.cache.add(a_job(), a_job())
    with offline.cache.single_commit():
        offline.cache.save(other.with_prices(1.0, None))
        offline.journal.close_request(job.requests[0].key)
    (closed,) = offline.job(job.id).requests
    assert closed.state is State.OVER
    assert offline.job(job.id) == offline.journal.job(job.id)


# -- jobs that ended long ago are not in memory, and nothing that needs them misses one


OLD = time.time() - 90 * 24 * 3600.0
Opened = Callable[..., JobService]


def old(job: Job, **changes: Any) -> Job:
    """Return a job of three months ago."""
    return replace(job, created_at=OLD, **changes)


def ended(number: int = 2 * LATEST + 5) -> list[Job]:
    """Return newer jobs that have ended, more than there are in memory."""
    at = OLD + 60.0
    return [
        replace(accepted(a_job(), at=at), created_at=at, phase=Phase.PLACED) for _ in range(number)
    ]


@pytest.fixture
def opened(home: Path) -> Iterator[Opened]:
    """Open a job service with these jobs in its journal, and many that ended after them."""
    services: list[JobService] = []

    def open_with(*jobs: Job) -> JobService:
        with closing(Journal(home)) as journal:
            journal.set_account(ACCOUNT)
            journal.add(*jobs, *ended())
        job_service = JobService(fast_config(home), ACCOUNT)
        job_service.allow_online(False)
        services.append(job_service)
        return job_service

    yield open_with
    assert all(job_service.close(60) for job_service in services)


def is_in_memory(job_service: JobService, job: Job) -> bool:
    """Return whether the job is in memory."""
    return job.id in {each.id for each in job_service.cache}


# -- what is in memory


def test_every_open_job_and_the_latest_ended_ones_are_in_memory(opened: Opened) -> None:
    """However old the open ones are. The user can see more of the others, page by page."""
    jobs = [old(working(), phase=phase) for phase in Phase]
    job_service = opened(*jobs)
    open_ones = [job for job in jobs if job.phase not in ENDED]
    assert {job.phase for job in jobs if is_in_memory(job_service, job)} == set(Phase) - ENDED
    assert len(job_service.jobs()) == LATEST + len(open_ones) and job_service.cache.has_older
    version = job_service.version
    while job_service.cache.has_older:
        job_service.cache.show_older()
    assert all(is_in_memory(job_service, job) for job in jobs) and job_service.version > version
    assert job_service.jobs() == job_service.journal.jobs()


def test_memory_does_not_grow_with_the_jobs_that_end(opened: Opened) -> None:
    """The oldest are dropped, and can still be found."""
    job_service = opened()
    first = job_service.cache.add(replace(working(), created_at=time.time()))[0]
    job_service.cache.save(replace(first, phase=Phase.PLACED))
    for number in range(2 * LATEST + 5):
        job = replace(a_job(), created_at=time.time() + number, phase=Phase.PLACED)
        job_service.cache.add(job)
        assert is_in_memory(job_service, job)
        assert len(job_service.jobs()) <= 2 * LATEST + 1
    assert not is_in_memory(job_service, first)
    assert job_service.job(first.id).phase is Phase.PLACED
    assert [phase for phase, _ in job_service.cache.moves(first)] == [Phase.WORKING, Phase.PLACED]


def test_what_another_process_does_with_an_old_job_is_seen(opened: Opened, home: Path) -> None:
    """It is in memory as soon as it is open again. Until a look it is read once."""
    job = old(working(), phase=Phase.PLACED)
    job_service = opened(job)
    first = job_service.job(job.id)
    with closing(Journal(home)) as other:
        other.save(replace(job, phase=Phase.FETCHING))
        assert job_service.job(job.id) is first, "as with a job in memory, until the next look"
        assert job_service.catch_up()
        assert is_in_memory(job_service, job)
        other.dismiss(job.id)
        assert job_service.catch_up()
    assert not is_in_memory(job_service, job)
    with pytest.raises(NotPossible, match="There is no job"):
        job_service.job(job.id)


# -- what is found all the same


def test_an_old_job_is_found_by_its_id(opened: Opened) -> None:
    """Also by the beginning of it, if that is unique, and by the mark of an import that crashed."""
    jobs = (
        old(working(), id="old-1a", phase=Phase.PLACED),
        old(a_job(), id="old-2", phase=Phase.FAILED),
    )
    job_service = opened(*jobs)
    found = [job_service.job(each).id for each in ("old-1a", "old-1", "old-2")]
    assert found == ["old-1a", "old-1a", "old-2"]
    with pytest.raises(NotPossible, match="More than one job"):
        job_service.job("old")
    for nothing in ("", "old-3", "\udcff", "old%"):
        with pytest.raises(NotPossible, match="There is no job"):
            job_service.job(nothing)
    marks = job_service.home / "importing"
    marks.mkdir()
    (marks / "mark.json").write_text('{"job": "old-1a"}')
    job_service.note_crashes()
    assert job_service.job("old-1a").problem.code == import_marks.CRASHED_CODE
    assert list(marks.iterdir()) == []


def test_an_old_job_can_be_continued(opened: Opened, home: Path) -> None:
    """It is retried under a new key, which costs today, or its files are downloaded again.

    Another job would not know what the first attempt has cost.
    """
    failed = old(accepted(costing(Phase.FAILED, status="failed", finalized=0)))
    made = with_operation(working(), operation("succeeded", resource="res_2"))
    placed = old(made, phase=Phase.PLACED)
    job_service = opened(failed, placed)
    assert job_service.spending.today() == 0
    job_service.queries.cache_answer(Price.of(failed.request), Estimate(None, 50.0, 50.0))
    gone = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": Status.FAILED.value})
    assert job_service.retry_asset(gone).id == failed.id
    first, retry = job_service.job(failed.id).requests
    assert (retry.verb, retry.is_open, retry.key == first.key) == (PaidVerb.RETRY, True, False)
    assert job_service.spending.today() == 50
    with pytest.raises(NotPossible, match="Cancel it first"):
        job_service.dismiss(failed.id)
    job_service.fetch_again(placed.id)
    assert job_service.job(placed.id).phase is Phase.FETCHING
    with closing(JobService(fast_config(home), ACCOUNT)) as other:
        assert all(is_in_memory(other, job) for job in (failed, placed))
        assert failed.id in {each.id for each in other.jobs() if each.is_resumable}
        assert other.job(failed.id).phase is Phase.WAITING, "a crash came just after the click"


def test_what_was_made_of_an_old_asset_is_known(opened: Opened) -> None:
    """Its request can be used again, also from a job that only downloaded the result.

    A conversion that is not finished is resumed, and no lost start takes the asset for its own,
    dismissed jobs included.
    """
    made = old(working(prompt="a very old lamp"), phase=Phase.PLACED)
    fetched = replace(new_fetch(asset(), Delivery(), now=time.time()), phase=Phase.PLACED)
    other = with_operation(working(), operation("succeeded", resource="res_b"))
    other = old(other, phase=Phase.PLACED)
    model = asset(glbUrl="https://files.example/a.glb")
    conversion = new_conversion(model, (Format.FBX,), Delivery(folder=str(Path("/out"))), now=0.0)
    conversion = old(conversion, phase=Phase.PAUSED)
    job_service = opened(made, fetched, other, conversion)
    job = job_service.job(fetched.id)
    template = new_jobs.template_of_job(job, job_service.journal.jobs_of_asset(asset_of(job)))
    assert (template.request.prompt, template.is_complete) == ("a very old lamp", True)
    assert (
        job_service.journal.jobs_of_asset(None) == job_service.journal.jobs_of_asset("other") == []
    )
    assert job_service.convert(model, [Format.FBX], Path("/out")).id == conversion.id
    job_service.dismiss(other.id)
    assert job_service.journal.assets(exclude="") == {"res_1", "res_b"}
    assert job_service.journal.assets(exclude=other.id) == {"res_1"}


def test_all_finished_jobs_are_dismissed(opened: Opened) -> None:
    """Not only those in memory; what failed, and what belongs to another account, stays."""
    theirs = Owner("https://other.example", "user:them")
    foreign = old(costing(Phase.PLACED, status="succeeded", finalized=40), owner=theirs)
    failed = old(a_job(), phase=Phase.FAILED)
    job_service = opened(old(a_job(), phase=Phase.CANCELED), failed, foreign)
    assert job_service.spending.ever() == 0
    with pytest.raises(NotPossible, match="belongs to another account"):
        job_service.retry(foreign.id)
    job_service.dismiss_finished()
    assert job_service.journal.listed_ids() == {failed.id, foreign.id}
    assert {job.id for job in job_service.journal.jobs()} == {failed.id, foreign.id}


# -- batches


def test_a_finished_line_of_a_batch_is_found(opened: Opened, tmp_path: Path) -> None:
    """It would be paid for again otherwise, also if it is dismissed."""
    folders = [tmp_path / name for name in ("out", "out\udcff", "outer")]
    lines = [
        old(working(delivery=Delivery(line=line_id(folder, "1"))), phase=Phase.PLACED)
        for folder in folders
    ]
    job_service = opened(*lines)
    find, start = job_service.journal.jobs_of_lines, line_id(folders[0])
    assert [job.id for job in find(start)] == [lines[0].id]
    job_service.dismiss(lines[0].id)
    assert find(start) == []
    job_service.cache.restore_dismissed(start)
    assert find(start) == [job_service.job(lines[0].id)]
    assert [job.id for job in find(line_id(folders[1]))] == [lines[1].id]
    assert find(line_id(tmp_path / "ou")) == []
    assert job_service.job(lines[0].id).phase is Phase.PLACED
    assert len(job_service.journal.listed_ids()) == len(lines) + len(ended())


# -- limits


def test_every_job_of_today_counts_for_the_limit(opened: Opened, home: Path) -> None:
    """Those that are not in memory, those of other processes, and dismissed ones."""
    now, count = time.time(), LATEST + 20

    def paid_today(credits: float = 10, at: float = now) -> Job:
        return accepted(costing(Phase.PLACED, status="succeeded", finalized=credits), at=at)

    jobs = [paid_today() for _ in range(count)]
    job_service = opened(*jobs, paid_today(50, at=OLD))
    assert job_service.spending.today() == 10.0 * count
    job_service.dismiss(jobs[3].id)
    with closing(Journal(home)) as other:
        other.set_account(ACCOUNT)
        other.add(paid_today())
        other.save(with_operation(jobs[5], operation("succeeded", credits={"finalized": 30})))
    total = 10.0 * count + 10 + 20
    month = job_service.spending.month()
    assert (job_service.spending.today(), month.count, month.credits) == (total, count + 1, total)
    assert job_service.spending.ever() == total + 50
    job_service.queries.cache_answer(Price.of(LAMP), Estimate(None, 50.0, 50.0))
    job_service.budget.limits = Limits(day=total + 30)
    with pytest.raises(TooExpensive, match="daily limit"):
        job_service.start(LAMP)
