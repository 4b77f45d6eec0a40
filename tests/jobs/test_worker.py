# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's thread: there while something is in flight, gone afterwards, and never more than
one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from mint_blender.jobs.engine.call_pool import SIZES, Lane
from mint_blender.jobs.engine.thread_messages import Crashed, Event, Idle, QueryAnswered
from mint_blender.jobs.engine.worker import Worker
from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import KeyOwner
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.polling import PollIntervals
from mint_blender.mint.schema import Kind, Me

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .workflow_harness import a_job


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """A stand-in Mint in a hurry."""
    with running_service(speed=1000, credits=1e9) as running:
        yield running


@contextmanager
def working_for(home: Path, service: ThreadService, **more: Any) -> Iterator[Worker]:
    """A worker for this home."""
    worker = Worker(fast_config(home, **more), account(service))
    try:
        yield worker
    finally:
        assert worker.stop(20)


def add(home: Path, *jobs: Job) -> None:
    """New jobs, in the journal."""
    journal = Journal(home)
    for job in jobs:
        journal.add(job)
    journal.close()


def read(home: Path, job: Job) -> Job:
    """The job as it stands in the journal."""
    journal = Journal(home)
    found = journal.job(job.id)
    journal.close()
    assert found is not None
    return found


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.002)


def receive(worker: Worker, kind: type[Event]) -> Any:
    """The next news of that kind."""
    while True:
        event = worker.events.get(timeout=20)
        if isinstance(event, kind):
            return event


def ours() -> list[str]:
    """The names of our threads (the stand-in service has one of its own)."""
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("mint-") and thread.name != "mint-service"
    ]


def test_the_thread_exists_only_while_something_is_in_flight(
    home: Path, service: ThreadService
) -> None:
    """None before, one during, none after; and again for the next job."""
    with working_for(home, service) as worker:
        assert ours() == []
        for _ in range(2):
            job = a_job()
            add(home, job)
            worker.wake(job.id)
            assert worker.is_running
            assert "mint-worker" in ours()
            receive(worker, Idle)
            until(lambda: not worker.is_running and ours() == [])
            assert read(home, job).phase is Phase.READY


def test_a_question_needs_a_thread_for_as_long_as_its_answer_takes(
    home: Path, service: ThreadService
) -> None:
    """Something that is no job is answered too, and leaves no thread behind."""
    with working_for(home, service) as worker:
        worker.ask(KeyOwner())
        assert isinstance(receive(worker, QueryAnswered).answer, Me)
        until(lambda: ours() == [])


def test_it_ends_within_a_bound_in_the_middle_of_everything(
    home: Path, service: ThreadService
) -> None:
    """With jobs that wait, run, and download: asked to stop, it stops, and the journal knows where
    each job was.
    """
    jobs = [
        a_job("a lamp [stuck]"),
        a_job("a lamp [file-slow]"),
        *(a_job(f"number {number} [stuck]") for number in range(12)),
    ]
    add(home, *jobs)
    with working_for(home, service) as worker:
        for job in jobs:
            worker.wake(job.id)
        until(lambda: any(entry.note == "file-slow" for entry in service.requests(host="files")))
        began = time.monotonic()
        assert worker.stop(10)
        assert time.monotonic() - began < 5
        assert ours() == []
    assert {read(home, job).phase for job in jobs} >= {Phase.WORKING, Phase.FETCHING, Phase.WAITING}


def test_stopped_in_the_middle_and_gone_on(home: Path, service: ThreadService) -> None:
    """Stopped again and again at moments of no one's choosing, the job comes to its end all the
    same, and was started once.
    """
    job = a_job("a lamp [file-slow]")
    add(home, job)
    with working_for(home, service) as worker:
        for wait in (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4):
            worker.wake(job.id)
            time.sleep(wait)
            assert worker.stop(20)
        worker.wake(job.id)
        until(lambda: not worker.is_running)
    assert read(home, job).phase is Phase.READY
    assert len(service.operations()) == 1


def test_what_is_asked_while_it_ends_is_done_afterwards(home: Path, service: ThreadService) -> None:
    """A look, or a second wish to end, that comes while the thread is ending is neither lost nor
    taken for the next thread's.
    """
    first, second = a_job("a lamp [file-slow]"), a_job()
    add(home, first, second)
    with working_for(home, service) as worker:
        worker.wake(first.id)
        until(lambda: any(entry.note == "file-slow" for entry in service.requests(host="files")))
        worker.stop(0.0)
        worker.stop(0.0)
        worker.wake(second.id)
        until(lambda: not worker.is_running)
        assert read(home, second).phase is Phase.READY
        worker.wake(first.id)
        until(lambda: not worker.is_running)
        assert read(home, first).phase is Phase.READY


def test_another_account_is_used_from_then_on(home: Path, service: ThreadService) -> None:
    """A refused key pauses the job; with the right one it goes on, whether the thread was there or
    not. Another key leaves it alone.
    """
    job, stuck = a_job(), a_job("a lamp [stuck]")
    add(home, job, stuck)
    worker = Worker(fast_config(home), Account("wrong-key", service.api))
    worker.wake(job.id)
    receive(worker, Idle)
    assert read(home, job).phase is Phase.PAUSED
    assert service.operations() == []
    until(lambda: not worker.is_running)
    worker.set_account(account(service))
    worker.wake(stuck.id)
    worker.wake(job.id)
    receive(worker, Idle)
    assert read(home, job).phase is Phase.READY
    worker.set_account(Account("wrong-key", service.api))
    assert receive(worker, Idle).job_id == stuck.id
    assert read(home, stuck).phase is Phase.WORKING, (
        "it is the other account's, and goes on at Mint"
    )
    assert worker.stop(20)


def test_a_journal_that_cannot_be_read_is_told_in_words(home: Path, service: ThreadService) -> None:
    """The thread ends; what is said is the journal's sentence, and the next look tries again."""
    home.mkdir()
    (home / "journal.sqlite3").write_text("I am a poem. " * 100)
    with working_for(home, service) as worker:
        for _ in range(2):
            worker.wake("somebody")
            sentence = receive(worker, Crashed).sentence
            assert "journal.sqlite3 cannot be read or written (file is not a database)" in sentence
            until(lambda: ours() == [])


def test_fifty_jobs_few_threads_few_connections_and_the_schedule(home: Path) -> None:
    """With 50 jobs running: few threads and TCP connections serve them all, and each is polled on
    schedule, never earlier.

    A call has a thread and a connection to itself while it lasts, so that a hanging one delays no
    other. Those that follow one another share them: there are as many as calls at the same time, at
    most as many as the lane of the calls has.

    The schedule is Mint's own, 2 s times 1.6 up to 15 s, run through four times as fast.
    """
    pace = PollIntervals(first=0.5, longest=3.75)
    slots = {Kind.MODEL: 25, Kind.WORLD: 25}
    with running_service(
        speed=1000, credits=1e9, limits={"model": 25, "world": 25}, switches=["stuck"]
    ) as service:
        job_service = JobService(
            replace(fast_config(home, pace=pace), slots=slots), account(service)
        )
        before = set(threading.enumerate())
        for number in range(25):
            for kind in Kind:
                job_service.start(GenerationRequest(kind, f"number {number}"))
        threads = set[frozenset[str]]()
        until(lambda: len(service.requests("GET", "/v1/operations/*")) >= 50)
        end = time.monotonic() + sum(pace.wait(round) for round in range(6))
        while time.monotonic() < end:
            current_account = [thread.name for thread in set(threading.enumerate()) - before]
            # and the one that has asked whose key it is
            assert len(current_account) <= 1 + SIZES[Lane.CALL] + 1
            threads.add(frozenset(current_account))
            job_service.catch_up()
            time.sleep(0.01)
        assert {job.phase for job in job_service.jobs()} == {Phase.WORKING}
        assert job_service.close(20)

        assert {name for names in threads for name in names} == {
            "mint-worker",
            "mint-call",
            "mint-decision",
        }
        assert service.connections("api") <= SIZES[Lane.CALL] == 4
        starts = {entry.operation: entry for entry in service.requests("POST", "*:generate")}
        assert len(starts) == 50
        late: dict[int, list[float]] = {}
        for operation, start in starts.items():
            polls = [
                entry.monotonic for entry in service.requests("GET", f"/v1/operations/{operation}")
            ]
            assert len(polls) >= 5
            for round, (one, next_one) in enumerate(pairwise([start.monotonic, *polls])):
                assert next_one - one >= pace.wait(round), (
                    "no operation is polled earlier than the schedule allows"
                )
                late.setdefault(round, []).append((next_one - one) / pace.wait(round))
        for round in range(5):
            assert median(late[round]) < 1.5, (
                f"round {round} comes {median(late[round]):.2f} times as late as planned"
            )
