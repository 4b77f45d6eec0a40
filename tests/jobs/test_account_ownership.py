# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose job is it?

What one account, or one Mint, has begun is never sent, polled, canceled or counted with another key
or address.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Decision, Hold
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.accounts import CurrentAccount
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account, Owner
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.retry import RetryPolicy
from mint_blender.mint.schema import Kind, Preset

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .workflow_harness import a_job

LAMP = GenerationRequest(Kind.MODEL, "a lamp", Preset.FAST)


@pytest.fixture
def mints() -> Iterator[tuple[ThreadService, ThreadService]]:
    """Two Mints, with an account at each; what they make takes its time until theirs is turned
    forward.
    """
    with ExitStack() as stack:
        yield tuple(stack.enter_context(running_service(speed=1, credits=1e9)) for _ in range(2))  # type: ignore[misc]


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def comes_to(job_service: JobService, phase: Phase, *jobs: Job) -> None:
    """Wait until these jobs are there."""

    def are_there() -> bool:
        job_service.catch_up()
        return all(job_service.job(job.id).phase is phase for job in jobs)

    until(are_there)


def work_off(
    job_service: JobService, turning: ThreadService | None = None, seconds: float = 20.0
) -> None:
    """As Blender's heartbeat does: catch up and take over until nothing goes on; meanwhile that
    Mint's clock is turned forward.
    """
    end = time.monotonic() + seconds
    while job_service.has_active_work or job_service.unfinished.are_elsewhere:
        assert time.monotonic() < end, "it did not come to rest"
        if turning is not None:
            turning.advance(60)
        job_service.catch_up()
        job_service.unfinished.take_over()
        time.sleep(0.005)


def starts(service: ThreadService) -> list[str | None]:
    """The idempotency keys of all starts that came there."""
    return [each.idempotency_key for each in service.requests("POST", "/v1/*:generate")]


def test_another_mint_gets_nothing_and_the_first_one_goes_on(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """Three jobs are started, Blender is quit, another key and address are set: nothing is sent
    there. Back with the first, they go on.
    """
    first, second = mints
    job_service = JobService(fast_config(home), account(first))
    jobs = [job_service.start(LAMP) for _ in range(3)]
    comes_to(job_service, Phase.WORKING, *jobs)
    keys = sorted(job.key for job in jobs)
    assert job_service.close(20)

    job_service = JobService(fast_config(home), account(second))
    assert job_service.unfinished.resume_all() == []
    work_off(job_service)
    assert [presenter.state(job) for job in job_service.jobs()] == [
        "Belongs to another account"
    ] * 3
    assert [presenter.verbs(job) for job in job_service.jobs()] == [()] * 3
    for verb in (job_service.cancel, job_service.approve, job_service.retry, job_service.resume):
        with pytest.raises(NotPossible, match="belongs to another account"):
            verb(jobs[0].id)
    assert (job_service.spending.month().count, job_service.spending.today()) == (0, 0.0)
    assert job_service.close(20)
    assert second.requests("POST") == second.requests("GET", "/v1/operations/*") == []

    job_service = JobService(fast_config(home), account(first))
    assert len(job_service.unfinished.resume_all()) == 3
    work_off(job_service, first)
    assert [job_service.job(job.id).phase for job in jobs] == [Phase.READY] * 3
    assert job_service.spending.month().count == 3
    assert job_service.close(20)
    assert sorted(filter(None, starts(first))) == keys, (
        "each was sent once, under the key of its click"
    )


def test_a_start_whose_answer_was_lost_is_not_repeated_with_another_key(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """Mint took it in, the answer was lost, another key was entered: only the first account repeats
    the start, under the same key.
    """
    first, second = mints
    job_service = JobService(
        fast_config(home, retries=RetryPolicy(first=60, longest=60)), account(first)
    )
    job = job_service.start(replace(LAMP, prompt="a lamp [lost-answer]"))
    until(lambda: starts(first))
    assert job_service.close(20)

    job_service = JobService(fast_config(home), account(second))
    job_service.unfinished.resume_all()
    work_off(job_service)
    assert job_service.close(20)
    assert starts(second) == []

    job_service = JobService(fast_config(home), account(first))
    job_service.resume(job.id)
    comes_to(job_service, Phase.WORKING, job)
    assert job_service.close(20)
    assert set(starts(first)) == {job.key}
    assert len(first.operations()) == 1


def with_key(service: ThreadService, key: str, user: str | None = None) -> Account:
    """The service takes this key from now on, as that user's; None: it does not say whose it is."""
    assert isinstance(service.mint.key, str)
    service.mint.key = key
    said = {"json": {"owner": {"userId": user}}} if user else {"status": 404}
    service.scenario(answers=[{"method": "GET", "path": "/v1/me", "answer": said, "times": 1}])
    return Account(key, service.api)


def test_a_new_key_of_the_same_account_goes_on_with_its_jobs(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """Keys are exchanged now and then: Mint says whose the new one is, once, and the jobs go on
    under their keys.
    """
    service = mints[0]
    job_service = JobService(fast_config(home), with_key(service, "old-key", "mia"))
    job = job_service.start(LAMP)
    comes_to(job_service, Phase.WORKING, job)
    assert (
        job_service.job(job.id).owner
        == job_service.owner
        == Owner(service.api.removesuffix("/v1"), "user:mia")
    )
    assert job_service.close(20)
    job_service = JobService(fast_config(home), with_key(service, "new-key", "mia"))
    assert job_service.job(job.id).hold is Hold.UNKNOWN
    assert job_service.unfinished.resume_all() == [], "not before Mint has said whose key it is"
    work_off(job_service, service)
    assert job_service.job(job.id).phase is Phase.READY
    assert job_service.close(20)
    assert starts(service) == [job.key]
    job_service = JobService(fast_config(home), Account("new-key", service.api))
    job_service.start(LAMP)
    work_off(job_service, service)
    assert job_service.close(20)
    assert len(service.requests("GET", "/v1/me")) == 2, "asked once for each key, and remembered"


def test_another_account_at_the_same_mint_does_not(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """Mint says that the new key is somebody else's: what is there stays as it is."""
    service = mints[0]
    job_service = JobService(fast_config(home), with_key(service, "key-of-mia", "mia"))
    job = job_service.start(LAMP)
    comes_to(job_service, Phase.WORKING, job)
    assert job_service.close(20)
    before = len(service.requests("GET", "/v1/operations/*"))
    job_service = JobService(fast_config(home), with_key(service, "key-of-leo", "leo"))
    job_service.unfinished.resume_all()
    work_off(job_service)
    assert presenter.state(job_service.job(job.id)) == "Belongs to another account"
    assert job_service.close(20)
    assert len(service.requests("GET", "/v1/operations/*")) == before


def test_where_mint_does_not_say_whose_key_it_is_the_key_itself_counts(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """Known by a salted hash of it: the same key goes on, another one does not; the key itself is
    nowhere in the folder.
    """
    service = mints[0]
    job_service = JobService(fast_config(home), with_key(service, "first-key-in-use"))
    job = job_service.start(LAMP)
    comes_to(job_service, Phase.WORKING, job)
    owner = job_service.job(job.id).owner
    assert owner is not None
    assert owner.account.startswith("key:")
    assert job_service.close(20)
    job_service = JobService(fast_config(home), with_key(service, "second-key-in-use"))
    job_service.unfinished.resume_all()
    work_off(job_service)
    assert job_service.job(job.id).hold is Hold.FOREIGN
    assert job_service.close(20)
    job_service = JobService(fast_config(home), with_key(service, "first-key-in-use"))
    assert [each.id for each in job_service.unfinished.resume_all()] == [job.id]
    work_off(job_service, service)
    assert job_service.job(job.id).phase is Phase.READY
    assert job_service.close(20)
    assert not any(b"key-in-use" in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_what_a_mistyped_key_could_not_send_goes_on_with_the_right_one(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """Mint refuses the key, so nothing was sent with it: the job is nobody's, and waits for the
    right key.
    """
    service = mints[0]
    job_service = JobService(fast_config(home), Account("mistyped", service.api))
    job = job_service.start(LAMP)
    job_service.watch([job.id])
    assert (job_service.job(job.id).phase, job_service.job(job.id).problem.cause) == (
        Phase.PAUSED,
        Cause.KEY,
    )  # type: ignore[union-attr]
    job_service.set_account(account(service))
    job_service.resume(job.id)
    comes_to(job_service, Phase.WORKING, job)
    assert job_service.close(20)
    assert starts(service) == [job.key]


def test_while_mint_cannot_be_reached_nothing_is_sent_with_an_unknown_key(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """Not to know whose key it is is an outage like any other: the start comes after the answer,
    and waits for it.
    """
    service = mints[0]
    service.scenario(
        answers=[{"method": "GET", "path": "/v1/me", "answer": {"word": "503"}, "times": 3}],
        retry_after=0.01,
    )
    job_service = JobService(fast_config(home), account(service))
    job = job_service.start(LAMP)
    comes_to(job_service, Phase.WORKING, job)
    assert job_service.close(20)
    asked = [
        (each.path, each.status)
        for each in service.log()
        if each.path in {"/v1/me", "/v1/models:generate"}
    ]
    assert asked == [("/v1/me", 503)] * 3 + [("/v1/me", 200), ("/v1/models:generate", 202)]


def test_a_key_that_is_exchanged_while_jobs_run_lets_go_of_them(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """In the running program the same holds: from the switch on nothing is asked about them, and
    back with the first key they go on.
    """
    first, second = mints
    job_service = JobService(fast_config(home), account(first))
    job = job_service.start(LAMP)
    comes_to(job_service, Phase.WORKING, job)
    job_service.set_account(account(second))
    until(lambda: job_service.catch_up() or not job_service.is_active(job.id))
    until(lambda: job_service.catch_up() or not job_service.worker.is_running)
    assert presenter.state(job_service.job(job.id)) == "Belongs to another account"
    polls = len(first.log())
    other = job_service.start(LAMP)
    comes_to(job_service, Phase.WORKING, other)
    assert len(first.log()) == polls, "not polled any more, with neither key"
    assert not second.requests("GET", f"/v1/operations/{job_service.job(job.id).operation.id}")  # type: ignore[union-attr]
    job_service.set_account(account(first))
    until(lambda: job_service.catch_up() or not job_service.is_active(other.id))
    work_off(job_service, first)
    assert (job_service.job(job.id).phase, job_service.job(other.id).hold) == (
        Phase.READY,
        Hold.FOREIGN,
    )
    assert job_service.close(20)


def test_slots_and_clicks_are_kept_apart(home: Path) -> None:
    """What one account has under way takes no slot of another; a click that was kept for one
    account is never carried out by another.
    """
    mia, leo = (Owner("https://api.mint.gg", f"user:{name}") for name in ("mia", "leo"))
    journal, process = Journal(home), ProcessLock(home)
    journal.current_account = CurrentAccount(
        "https://api.mint.gg", mia, "key:1", is_identified=True
    )
    hers, his, mine = a_job(), a_job(), a_job()
    journal.add(replace(hers, owner=mia), replace(his, owner=leo), mine)
    assert journal.take_slot(his.id, Kind.MODEL, 1, process)
    assert journal.claim(his.id, process) is None
    assert not journal.decide(his.id, Decision(Verb.CANCEL, "click"))
    assert journal.claim(hers.id, process)
    assert journal.take_slot(hers.id, Kind.MODEL, 1, process)
    assert journal.claim(mine.id, process)
    assert not journal.take_slot(mine.id, Kind.MODEL, 1, process)
    journal.close()
    process.close()


def test_after_an_outage_at_the_start_the_jobs_go_on_by_themselves(
    home: Path, mints: tuple[ThreadService, ThreadService]
) -> None:
    """A new key of the same account, and Mint cannot be reached at first: nobody has to click when
    it answers again.
    """
    service = mints[0]
    job_service = JobService(fast_config(home), with_key(service, "old-key", "mia"))
    job = job_service.start(LAMP)
    comes_to(job_service, Phase.WORKING, job)
    assert job_service.close(20)
    service.scenario(
        answers=[{"method": "GET", "path": "/v1/me", "answer": {"word": "503"}, "times": 3}],
        retry_after=0.01,
    )
    job_service = JobService(fast_config(home), with_key(service, "new-key", "mia"))
    assert job_service.unfinished.resume_all() == []
    assert job_service.is_active(job.id)
    work_off(job_service, service)
    assert job_service.job(job.id).phase is Phase.READY
    assert job_service.close(20)


def test_the_queue_of_another_account_is_neither_shown_nor_discarded(home: Path) -> None:
    """What somebody else has left in line is theirs: it is not among the queued jobs, and Discard
    leaves it there.
    """
    journal = Journal(home)
    journal.add(replace(a_job(), owner=Owner("https://api.mint.gg", "user:leo")))
    journal.close()
    job_service = JobService(fast_config(home), Account("key", "http://127.0.0.1:9/v1"))
    job_service.allow_online(False)
    job_service.unfinished.resume_all()
    assert job_service.unfinished.queue.count == 0
    job_service.unfinished.discard_queue()
    assert job_service.unfinished.continue_queue() == []
    assert job_service.jobs()[0].phase is Phase.WAITING
    assert job_service.close(20)
