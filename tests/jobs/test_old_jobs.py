# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that ended long ago are not in memory, and nothing that needs them misses one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs import new_jobs
from mint_blender.jobs.batch_folder.line_files import line_id
from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job import Job, asset_of
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_conversion, new_fetch
from mint_blender.jobs.paid_requests.record import PaidVerb
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import Price
from mint_blender.jobs.service import JobService, NotPossible, TooExpensive
from mint_blender.jobs.storage import import_marks
from mint_blender.jobs.storage.job_cache import LATEST
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account, Owner
from mint_blender.mint.schema import Asset, Estimate, Format, Kind, Status

from .fast_config import fast_config
from .spending_helpers import LAMP, costing
from .workflow_harness import a_job, accepted, asset, operation, working

OFFLINE = "http://127.0.0.1:9/v1"
OLD = time.time() - 90 * 24 * 3600.0
Opened = Callable[..., JobService]


def old(job: Job, **changes: Any) -> Job:
    """Return a job of three months ago."""
    return replace(job, created_at=OLD, **changes)


def ended(number: int = 2 * LATEST + 5) -> list[Job]:
    """Return newer jobs that have ended, more than there are in memory."""
    return [replace(a_job(), created_at=OLD + 60.0, phase=Phase.PLACED) for _ in range(number)]


@pytest.fixture
def opened(home: Path) -> Iterator[Opened]:
    """Open a job service with these jobs in its journal, and many that ended after them."""
    services: list[JobService] = []

    def open_with(*jobs: Job, key: str = "key") -> JobService:
        with closing(Journal(home)) as journal:
            journal.set_account(Account("key", OFFLINE))
            journal.add(*jobs, *ended())
        job_service = JobService(fast_config(home), Account(key, OFFLINE))
        job_service.allow_online(False)
        services.append(job_service)
        return job_service

    yield open_with
    assert all(job_service.close(20) for job_service in services)


def is_in_memory(job_service: JobService, job: Job) -> bool:
    """Return whether the job is in memory."""
    return job.id in {each.id for each in job_service.cache}


# -- what is in memory


def test_only_the_latest_ended_jobs_are_in_memory(opened: Opened) -> None:
    """Until the user wants to see more of them."""
    job = old(working(), phase=Phase.PLACED)
    job_service = opened(job)
    assert len(job_service.jobs()) == LATEST
    assert not is_in_memory(job_service, job) and job_service.cache.has_older
    version = job_service.version
    while job_service.cache.has_older:
        job_service.cache.show_older()
    assert is_in_memory(job_service, job) and job_service.version > version
    assert job_service.jobs() == job_service.journal.jobs()


@pytest.mark.parametrize(
    "phase", [each for each in Phase if each not in {Phase.PLACED, Phase.FAILED, Phase.CANCELED}]
)
def test_every_open_job_is_in_memory(opened: Opened, phase: Phase) -> None:
    """However old it is."""
    job = old(working(), phase=phase)
    assert is_in_memory(opened(job), job)


def test_a_job_that_is_retried_is_open(opened: Opened, home: Path) -> None:
    """A retry that was clicked just before the crash waits in the queue for a click."""
    job = old(working(), phase=Phase.FAILED)
    job_service = opened(job)
    assert not is_in_memory(job_service, job)
    job_service.retry(job.id)
    other = JobService(fast_config(home), Account("key", OFFLINE))
    assert is_in_memory(other, job)
    assert [each.id for each in other.jobs() if each.is_resumable] == [job.id]
    assert other.job(job.id).phase is Phase.WAITING
    assert other.close(20)


def test_memory_does_not_grow_with_the_jobs_that_end(opened: Opened) -> None:
    """The oldest are dropped, and can still be found."""
    job_service = opened()
    first = job_service.cache.add(replace(working(), created_at=time.time()))[0]
    job_service.cache.save(replace(first, phase=Phase.PLACED))
    for number in range(3 * LATEST):
        job = replace(a_job(), created_at=time.time() + number, phase=Phase.PLACED)
        job_service.cache.add(job)
        assert is_in_memory(job_service, job)
        assert len(job_service.jobs()) <= 2 * LATEST + 1
    assert not is_in_memory(job_service, first)
    assert job_service.job(first.id).phase is Phase.PLACED
    assert [phase for phase, _ in job_service.cache.moves(first)] == [Phase.WORKING, Phase.PLACED]


def test_what_another_process_does_with_an_old_job_is_seen(opened: Opened, home: Path) -> None:
    """It is in memory as soon as it is open again."""
    job = old(working(), phase=Phase.PLACED)
    job_service = opened(job)
    with closing(Journal(home)) as other:
        other.save(replace(job, phase=Phase.FETCHING))
        assert job_service.catch_up()
        assert is_in_memory(job_service, job)
        other.dismiss(job.id)
        assert job_service.catch_up()
    assert not is_in_memory(job_service, job)
    with pytest.raises(NotPossible, match="There is no job"):
        job_service.job(job.id)


def test_an_old_job_is_read_once_until_something_changes(opened: Opened, home: Path) -> None:
    """A rerun of a batch asks for the job of each line several times."""
    job = old(working(), phase=Phase.PLACED)
    job_service = opened(job)
    first = job_service.job(job.id)
    assert job_service.job(job.id) is first
    with closing(Journal(home)) as other:
        other.dismiss(job.id)
    assert job_service.job(job.id) is first, "as with a job in memory, until the next look"
    job_service.catch_up()
    with pytest.raises(NotPossible, match="There is no job"):
        job_service.job(job.id)


# -- what is found all the same


def test_an_old_job_is_found_by_its_id(opened: Opened) -> None:
    """Also by the beginning of it, if that is unique."""
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


def test_an_old_job_can_be_continued(opened: Opened) -> None:
    """It is retried under a new key, or its files are downloaded again."""
    failed = old(accepted(costing(Phase.FAILED, status="failed", finalized=0)))
    placed = old(working(), phase=Phase.PLACED, operation=operation("succeeded"))
    job_service = opened(failed, placed)
    job_service.retry(failed.id)
    first, retry = job_service.job(failed.id).requests
    assert (retry.verb, retry.is_open, retry.key == first.key) == (PaidVerb.RETRY, True, False)
    job_service.fetch_again(placed.id)
    assert job_service.job(placed.id).phase is Phase.FETCHING
    assert {failed.id, placed.id} <= {job.id for job in job_service.jobs()}


def test_an_asset_that_failed_is_retried_in_its_own_job(opened: Opened) -> None:
    """Another job would not know what the first attempt has cost."""
    gone = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": Status.FAILED.value})
    job = old(costing(Phase.FAILED, status="failed", finalized=40))
    job_service = opened(job)
    assert job_service.retry_asset(gone).id == job.id


def test_a_conversion_is_not_started_twice(opened: Opened) -> None:
    """An old one that is not finished is resumed."""
    model = asset(glbUrl="https://files.example/a.glb")
    job = old(
        new_conversion(model, (Format.FBX,), Delivery(folder="/out"), now=0.0), phase=Phase.PAUSED
    )
    assert opened(job).convert(model, [Format.FBX], Path("/out")).id == job.id


def test_the_request_of_an_old_job_can_be_used_again(opened: Opened) -> None:
    """Also from a job that only downloaded its result."""
    made = old(working(prompt="a very old lamp"), phase=Phase.PLACED)
    fetched = replace(new_fetch(asset(), Delivery(), now=time.time()), phase=Phase.PLACED)
    job_service = opened(made, fetched)
    job = job_service.job(fetched.id)
    template = new_jobs.template_of_job(job, job_service.jobs_of_asset(asset_of(job)))
    assert (template.request.prompt, template.is_complete) == ("a very old lamp", True)
    assert job_service.jobs_of_asset(None) == job_service.jobs_of_asset("other") == []


def test_the_asset_of_an_old_job_is_not_taken_for_a_lost_start(opened: Opened) -> None:
    """A start without an answer looks for assets that no job has, dismissed jobs included."""
    jobs = [
        old(working(), phase=Phase.PLACED, operation=operation("succeeded", resource=f"res_{each}"))
        for each in "ab"
    ]
    job_service = opened(*jobs)
    job_service.dismiss(jobs[1].id)
    assert job_service.journal.assets(exclude="") == {"res_a", "res_b"}
    assert job_service.journal.assets(exclude=jobs[0].id) == {"res_b"}


def test_an_old_import_that_crashed_is_noted(opened: Opened) -> None:
    """The mark names a job that is not in memory."""
    job = old(working(), phase=Phase.PLACED)
    job_service = opened(job)
    marks = job_service.home / "importing"
    marks.mkdir()
    (marks / "mark.json").write_text(f'{{"job": "{job.id}"}}')
    import_marks.note_crashes(job_service)
    problem = job_service.job(job.id).problem
    assert problem.code == import_marks.CRASHED_CODE
    assert list(marks.iterdir()) == []


def test_all_finished_jobs_are_dismissed(opened: Opened) -> None:
    """Not only those in memory; what failed stays."""
    failed = old(a_job(), phase=Phase.FAILED)
    job_service = opened(old(a_job(), phase=Phase.CANCELED), failed)
    job_service.dismiss_finished()
    assert job_service.journal.listed_ids() == {failed.id}
    assert [job.id for job in job_service.journal.jobs()] == [failed.id]


# -- batches


@pytest.mark.parametrize("is_dismissed", [False, True])
def test_a_finished_line_of_a_batch_is_found(
    opened: Opened, tmp_path: Path, is_dismissed: bool
) -> None:
    """It would be paid for again otherwise."""
    lines = [
        old(working(delivery=Delivery(line=line_id(folder, "1"))), phase=Phase.PLACED)
        for folder in (tmp_path / "out", tmp_path / "out\udcff", tmp_path / "outer")
    ]
    job_service = opened(*lines)
    find, start = job_service.journal.jobs_of_lines, line_id(tmp_path / "out")
    if is_dismissed:
        job_service.dismiss(lines[0].id)
        assert find(start) == []
    job_service.cache.restore_dismissed(start)
    assert find(start) == [job_service.job(lines[0].id)]
    assert [job.id for job in find(line_id(tmp_path / "out\udcff"))] == [lines[1].id]
    assert find(line_id(tmp_path / "ou")) == []
    assert job_service.job(lines[0].id).phase is Phase.PLACED
    assert len(job_service.journal.listed_ids()) == len(lines) + len(ended())


# -- the queue, accounts and limits


def test_an_old_unsent_job_waits_in_the_queue(opened: Opened) -> None:
    """It is sent only after a click, and what was sent is resumed."""
    unsent, sent = old(a_job(), estimate=80.0), old(working())
    job_service = opened(unsent, sent)
    assert [job.id for job in job_service.unfinished.resume_all()] == [sent.id]
    assert job_service.unfinished.queue == (job_service.job(unsent.id),)
    assert job_service.spending.today() == 80.0
    assert job_service.unfinished.queue_credits == 80.0


def test_old_jobs_of_another_account_are_refused(opened: Opened) -> None:
    """And neither counted nor dismissed with the others."""
    theirs = Owner("https://other.example", "user:them")
    job = old(costing(Phase.FAILED, status="failed", finalized=40), owner=theirs)
    done = old(costing(Phase.PLACED, status="succeeded", finalized=40), owner=theirs)
    job_service = opened(job, done)
    with pytest.raises(NotPossible, match="belongs to another account"):
        job_service.retry(job.id)
    job_service.dismiss_finished()
    assert job_service.journal.listed_ids() == {job.id, done.id}
    assert job_service.journal.spent((OLD - 1e6, time.time() + 1.0))[0].credits == 0


def test_every_job_of_today_counts_for_the_limit(opened: Opened, home: Path) -> None:
    """Those that are not in memory, those of other processes, and dismissed ones."""
    now = time.time()

    def paid(credits: float = 10) -> Job:
        return replace(costing(Phase.PLACED, status="succeeded", finalized=credits), created_at=now)

    jobs = [paid() for _ in range(LATEST + 20)]
    job_service = opened(*jobs, replace(paid(50), created_at=OLD))
    total = 10.0 * (LATEST + 20)
    assert job_service.spending.today() == total
    job_service.dismiss(jobs[3].id)
    with closing(Journal(home)) as other:
        other.set_account(Account("key", OFFLINE))
        other.add(paid())
        other.save(replace(jobs[5], operation=operation("succeeded", credits={"finalized": 30})))
    assert job_service.spending.today() == total + 10 + 20
    month = job_service.spending.month()
    assert (month.count, month.credits) == (LATEST + 21, total + 30)
    assert job_service.spending.ever() == month.credits + 50
    job_service.queries.cache_answer(Price.of(LAMP), Estimate(None, 50.0, 50.0))
    job_service.budget.limits = Limits(day=total + 60)
    with pytest.raises(TooExpensive, match="daily limit"):
        job_service.start(LAMP)


def test_a_retry_of_an_old_job_costs_today(opened: Opened) -> None:
    """The cost of the first attempt stays on its own day until then."""
    job = old(costing(Phase.FAILED, status="failed", finalized=0))
    job_service = opened(job)
    assert job_service.spending.today() == 0
    job_service.queries.cache_answer(Price.of(job.request), Estimate(None, 50.0, 50.0))
    job_service.retry(job.id)
    assert job_service.spending.today() == 50
    with pytest.raises(NotPossible, match="Cancel it first"):
        job_service.dismiss(job.id)
    assert job_service.spending.today() == 50


def test_a_dismissed_job_that_was_never_sent_costs_nothing_today(opened: Opened) -> None:
    """Nobody sends it any more."""
    job = old(a_job(), estimate=50.0)
    job_service = opened(job)
    assert job_service.spending.today() == 50
    job_service.dismiss(job.id)
    assert job_service.spending.today() == 0
