# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that are held back: those of another account, and what an earlier session never sent.

They are never sent, polled, canceled or counted with another key or address.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Decision, Delivery, Hold
from mint_blender.jobs.new_jobs import new_fetch, new_job
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService, NotPossible, TooExpensive
from mint_blender.jobs.storage import job_cache
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.job_owners import CurrentAccount
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account, Owner
from mint_blender.mint.retry import RetryPolicy
from mint_blender.mint.schema import Kind, Mode

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .other_process import OtherProcess
from .service_helpers import ended, put, until
from .spending_helpers import LAMP
from .workflow_harness import (
    FINISHED_MODEL,
    a_conversion,
    a_job,
    an_optimization,
    decided,
    job_in_review,
    operation,
    sent,
    with_operation,
    working,
)


@pytest.fixture
def mints() -> Iterator[list[ThreadService]]:
    """Return two Mint servers with an account at each, whose operations take time."""
    with ExitStack() as stack:
        yield [stack.enter_context(running_service(speed=1, credits=1e9)) for _ in range(2)]


@contextmanager
def opened(home: Path, account: Account, **config: Any) -> Iterator[JobService]:
    """Yield a job service with this account, as in a new process."""
    job_service = JobService(fast_config(home, **config), account)
    yield job_service
    assert job_service.close(60)


@pytest.fixture
def mint() -> Iterator[ThreadService]:
    """Return a Mint server whose operations take time."""
    with running_service(speed=1, credits=1e9) as running:
        yield running


def starts(service: ThreadService) -> list[str | None]:
    """Return the idempotency keys of all starts that the server received."""
    return [each.idempotency_key for each in service.requests("POST", "/v1/*:generate")]


def phases(job_service: JobService, ids: list[str]) -> set[Phase]:
    """Return the phases of these jobs."""
    return {job_service.job(job_id).phase for job_id in ids}


def comes_to(job_service: JobService, phase: Phase, *jobs: Job) -> None:
    """Wait until these jobs are there."""

    def are_there() -> bool:
        job_service.catch_up()
        return all(job_service.job(job.id).phase is phase for job in jobs)

    until(are_there)


def work_off(job_service: JobService, turning: ThreadService | None = None) -> None:
    """Process events like Blender's heartbeat until nothing is active.

    Meanwhile the clock of that Mint is advanced.
    """

    def is_at_rest() -> bool:
        if turning is not None:
            turning.advance(60)
        job_service.catch_up()
        job_service.unfinished.take_over()
        return not (job_service.has_active_work or job_service.unfinished.are_elsewhere)

    until(is_at_rest)


def with_key(service: ThreadService, key: str, user: str | None = None) -> Account:
    """Make the service accept this key as that user's.

    With None the service does not say who owns the key.
    """
    service.mint.key = key
    said = {"json": {"owner": {"userId": user}}} if user else {"status": 404}
    service.scenario(answers=[{"method": "GET", "path": "/v1/me", "answer": said, "times": 1}])
    return Account(key, service.api)


@pytest.mark.covers("R-account", "S-account")
def test_jobs_are_not_sent_to_another_server(home: Path, mints: list[ThreadService]) -> None:
    """With another key and address nothing is sent; with the first ones the jobs continue.

    After a lost response, too, only the account that sent the start repeats it, with the same key.
    """
    first, second = mints
    with opened(home, account(first), retries=RetryPolicy(first=60, longest=60)) as job_service:
        jobs = [job_service.start(LAMP) for _ in range(2)]
        comes_to(job_service, Phase.WORKING, *jobs)
        jobs.append(job_service.start(replace(LAMP, prompt="a lamp [lost-answer]")))
        until(lambda: len(starts(first)) == 3)

    with opened(home, account(second)) as job_service:
        assert job_service.unfinished.resume_all() == []
        work_off(job_service)
        for job in job_service.jobs():
            assert JobView(job).state == "Belongs to another account"
            assert JobView(job).verbs == ()
        clicks = (job_service.cancel, job_service.approve, job_service.retry, job_service.resume)
        for verb in clicks:
            with pytest.raises(NotPossible, match="belongs to another account"):
                verb(jobs[0].id)
        assert (job_service.spending.month().count, job_service.spending.today()) == (0, 0.0)
    assert second.requests("POST") == second.requests("GET", "/v1/operations/*") == []

    with opened(home, account(first)) as job_service:
        assert len(job_service.unfinished.resume_all()) == 3
        work_off(job_service, first)
        assert [job_service.job(job.id).phase for job in jobs] == [Phase.READY] * 3
        assert job_service.spending.month().count == 3
    assert set(starts(first)) == {job.start_request.key for job in jobs}
    assert len(first.operations()) == 3, "each was made once, under its click's key"


def test_a_new_key_of_the_same_account_continues_its_jobs(home: Path, mint: ThreadService) -> None:
    """Mint says who owns the new key, and the jobs continue with their idempotency keys.

    Until Mint was asked, what a key has started counts: it may be another key of this account.
    """
    mia = Owner(mint.api.removesuffix("/v1"), "user:mia")
    with opened(home, with_key(mint, "old-key", "mia")) as job_service:
        job = job_service.start(LAMP)
        comes_to(job_service, Phase.WORKING, job)
        assert job_service.job(job.id).owner == job_service.journal.current_account.owner == mia
    with opened(home, Account("unknown-key", mint.api)) as job_service:
        job_service.allow_online(False)
        job_service.cache.add(new_job(LAMP, Delivery(), now=time.time()).with_prices(100.0, None))
        assert job_service.spending.today() == 248 + 100
    with opened(home, with_key(mint, "new-key", "mia")) as job_service:
        assert job_service.job(job.id).hold is Hold.UNKNOWN
        assert job_service.unfinished.resume_all() == [], "not before Mint has said whose key it is"
        work_off(job_service, mint)
        assert job_service.job(job.id).phase is Phase.READY
        assert job_service.spending.today() == 248 + 100
    assert starts(mint) == [job.start_request.key]
    asked = len(mint.requests("GET", "/v1/me"))
    with opened(home, Account("new-key", mint.api)) as job_service:
        assert job_service.job(job.id).hold is None, "asked once for each key, and remembered"
        assert (job_service.journal.current_account.owner, len(mint.requests("GET", "/v1/me"))) == (
            mia,
            asked,
        )


def test_without_an_owner_the_key_itself_identifies_the_account(
    home: Path, mint: ThreadService
) -> None:
    """The account is identified by a salted hash of the key.

    The same key continues the jobs, another one does not, and the key is not stored in the folder.
    """
    with opened(home, with_key(mint, "first-key-in-use")) as job_service:
        job = job_service.start(LAMP)
        comes_to(job_service, Phase.WORKING, job)
        assert job_service.job(job.id).owner.account.startswith("key:")
    with opened(home, with_key(mint, "second-key-in-use")) as job_service:
        job_service.unfinished.resume_all()
        work_off(job_service)
        assert job_service.job(job.id).hold is Hold.FOREIGN
    with opened(home, with_key(mint, "first-key-in-use")) as job_service:
        assert [each.id for each in job_service.unfinished.resume_all()] == [job.id]
        work_off(job_service, mint)
        assert job_service.job(job.id).phase is Phase.READY
    assert not any(b"key-in-use" in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_a_job_refused_for_a_mistyped_key_continues_with_the_right_one(
    home: Path, mint: ThreadService
) -> None:
    """Mint refuses the key, so the job belongs to no account and waits for the right key.

    While Mint cannot be reached, nothing is sent: the owner of the key is not known.
    """
    with opened(home, Account("mistyped", mint.api)) as job_service:
        job = ended(job_service, job_service.start(LAMP))
        assert (job.phase, job.problem.cause) == (Phase.PAUSED, Cause.KEY)
        away = {"method": "GET", "path": "/v1/me", "answer": {"word": "503"}, "times": 3}
        mint.scenario(answers=[away], retry_after=0.01)
        job_service.set_account(account(mint))
        job_service.resume(job.id)
        comes_to(job_service, Phase.WORKING, job)
    assert starts(mint) == [job.start_request.key]
    me, start = "/v1/me", "/v1/models:generate"
    asked = [(each.path, each.status) for each in mint.log() if each.path in {me, start}]
    assert asked[-5:] == [(me, 503)] * 3 + [(me, 200), (start, 202)]


@pytest.mark.covers("S-account")
def test_slots_and_decisions_belong_to_one_account(home: Path) -> None:
    """Active jobs of one account take no slot of another, and decisions are not carried over.

    What was dismissed is not driven either.
    """
    origin = "https://api.mint.gg"
    mia, leo = (Owner(origin, f"user:{name}") for name in ("mia", "leo"))
    hers, his, mine, gone = a_job(), a_job(), a_job(), a_job()
    with closing(Journal(home)) as journal, closing(ProcessLock(home)) as process:
        journal.current_account = CurrentAccount(origin, mia, "key:1", is_identified=True)
        journal.add(replace(hers, owner=mia), replace(his, owner=leo), mine, gone)
        assert journal.take_slot(his.id, Kind.MODEL, 1, process)
        assert journal.claim(his.id, process) is None
        assert not journal.decide(his.id, Decision(Verb.CANCEL, "click"))
        assert journal.claim(hers.id, process)
        assert journal.take_slot(hers.id, Kind.MODEL, 1, process)
        assert journal.claim(mine.id, process)
        assert not journal.take_slot(mine.id, Kind.MODEL, 1, process)
        journal.dismiss(gone.id)
        assert journal.claim(gone.id, process) is None


def test_the_queue_of_another_account_is_neither_shown_nor_discarded(offline: JobService) -> None:
    """Jobs that another account queued are not listed, and Discard does not remove them."""
    leo = Owner("https://api.mint.gg", "user:leo")
    offline.cache.add(replace(a_job(), owner=leo))
    unfinished = offline.unfinished
    unfinished.resume_all()
    assert len(unfinished.queue) == 0
    unfinished.discard_queue()
    assert unfinished.continue_queue() == []
    assert offline.jobs()[0].phase is Phase.WAITING


# -- jobs that were queued and never sent are not sent by a restart without the user's consent


def queued(**more: Any) -> Job:
    """Return a queued job for 800 Credits."""
    return replace(a_job(), **more).with_prices(800.0, None)


@pytest.fixture
def three(home: Path) -> list[str]:
    """Return three queued jobs: one had a slot when its process died, one Mint had refused."""
    refused = sent(queued(), time.time() - 7 * 24 * 3600.0, refusals=1)
    return put(home, queued(), refused, queued(phase=Phase.SENDING))


@pytest.mark.covers("R-queue")
def test_a_restart_sends_no_queued_job(
    three: list[str], job_service: JobService, service: ThreadService
) -> None:
    """Their number and cost are reported, and they do not count as active.

    `resume JOB` is consent for that job alone. After a click on all, each is sent once.
    """
    assert job_service.unfinished.resume_all() == []
    assert not job_service.unfinished.take_over()
    assert (len(job_service.unfinished.queue), job_service.unfinished.queue_credits) == (3, 2400)
    assert not job_service.has_active_work
    assert not job_service.unfinished.are_elsewhere
    assert phases(job_service, three) == {Phase.WAITING, Phase.SENDING}
    assert service.operations() == []
    job_service.resume(three[0])
    job_service.watch(three[:1])
    job_service.unfinished.take_over()
    assert [job.id for job in job_service.unfinished.queue] == three[1:]
    assert len(service.operations()) == 1
    assert {job.id for job in job_service.unfinished.continue_queue()} == set(three[1:])
    assert len(job_service.unfinished.queue) == 0
    job_service.watch(three)
    assert phases(job_service, three) == {Phase.READY}
    assert len(service.operations()) == 3


def test_discard_cancels_the_queued_jobs_without_a_request(
    three: list[str], offline: JobService
) -> None:
    """This works offline and needs no thread, for one job or all."""
    offline.cancel(three[0])
    offline.cancel_waiting()
    assert phases(offline, three) == {Phase.CANCELED, Phase.SENDING}
    offline.unfinished.resume_all()
    offline.unfinished.discard_queue()
    assert phases(offline, three) == {Phase.CANCELED}
    assert len(offline.unfinished.queue) == 0
    assert not offline.worker.is_running
    job = offline.start(LAMP)
    offline.cancel(job.id)
    assert phases(offline, [job.id]) == {Phase.CANCELED}


def test_sent_and_free_jobs_continue_after_a_restart(home: Path, job_service: JobService) -> None:
    """Jobs that may have been sent, have a decision or cost nothing continue, as does a Preview.

    Jobs that wait for a decision do not.
    """
    at_rest = [
        replace(working(Mode.REVIEW), phase=Phase.REVIEW),  # no Preview ever
        *(replace(working(), phase=each) for each in (Phase.PAUSED, Phase.FAILED, Phase.READY)),
    ]
    preview = job_in_review()
    asked = sent(queued(phase=Phase.SENDING), time.time())
    clicked = decided(queued(), Verb.CANCEL)
    free = new_fetch(FINISHED_MODEL, Delivery(), now=1.0)
    paid = [an_optimization(), a_conversion(now=1.0)]
    running = with_operation(replace(queued(), phase=Phase.WORKING), operation("running"))
    put(home, asked, clicked, free, running, preview, *paid, *at_rest)
    with closing(Journal(home)) as journal:
        journal.decide(clicked.id, clicked.decision)
    job_service.allow_online(False)
    job_service.catch_up()
    resumed = {job.id for job in job_service.unfinished.resume_all()}
    assert resumed == {asked.id, clicked.id, free.id, running.id, preview.id}
    assert {job.id for job in job_service.unfinished.queue} == {job.id for job in paid}


def test_jobs_queued_in_this_session_continue(home: Path, service: ThreadService) -> None:
    """Disabling and enabling the add-on is the same session."""
    with opened(home, account(service)) as job_service:
        job_service.allow_online(False)
        job = job_service.start(LAMP)
    with opened(home, account(service)) as again:
        assert [each.id for each in again.unfinished.resume_all()] == [job.id]
        assert len(again.unfinished.queue) == 0


@pytest.mark.windows
def test_queued_jobs_of_a_crashed_process_wait_for_consent(
    home: Path, job_service: JobService, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a living process are its own; sent jobs of a crashed one are taken over."""
    with OtherProcess(home) as other:
        other.ask("open_job_service", service.api, service.key)
        *sent, last = [other.ask("start", "theirs [stuck]") for _ in range(11)]
        job_service.catch_up()
        # it was begun this moment: nobody drives it yet
        assert not job_service.unfinished.take_over()
        until(lambda: len(service.operations()) == 10)
        until(lambda: job_service.is_driven_elsewhere(job_service.job(last)))
        monkeypatch.setattr(job_cache, "JUST_NOW", 0.0)
        job_service.catch_up()
        assert not job_service.unfinished.take_over()
        assert not list(job_service.unfinished.queue)
        assert job_service.unfinished.are_elsewhere
        job_service.unfinished.discard_queue()
        assert job_service.job(last).phase is Phase.WAITING
        other.kill()
        assert job_service.unfinished.take_over()
        assert [job.id for job in job_service.unfinished.queue] == [last]
        assert [job_id for job_id in (*sent, last) if job_service.is_active(job_id)] == sent
    assert len(service.operations()) == 10


def test_queued_jobs_count_towards_the_limit_of_today(
    three: list[str], offline: JobService
) -> None:
    """They are sent today, together with newly started ones."""
    offline.unfinished.resume_all()
    offline.budget.limits = Limits(day=2000.0)
    with pytest.raises(TooExpensive, match="more than your daily limit of 2,000 Credits"):
        offline.unfinished.continue_queue()
    assert len(offline.unfinished.queue) == len(three)
    with offline.budget.without_limits():
        assert len(offline.unfinished.continue_queue()) == 3
