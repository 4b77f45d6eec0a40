# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's thread exists only while something is active, and only once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.job_runner import Worker
from mint_blender.jobs.engine.scheduler import Scheduler
from mint_blender.jobs.engine.thread_messages import (
    Crashed,
    Ended,
    Event,
    Idle,
    SetAccount,
    Stop,
    Wake,
)
from mint_blender.jobs.job import Job
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Me

from ..mint_service.runner import ThreadService
from .engine_harness import EngineHarness
from .fast_config import account, fast_config
from .service_helpers import put, until
from .workflow_harness import a_job


@contextmanager
def working_for(home: Path, service: ThreadService, **more: Any) -> Iterator[Worker]:
    """Yield a worker for this home."""
    worker = Worker(fast_config(home, **more), account(service))
    try:
        yield worker
    finally:
        assert worker.stop(20)


def read(home: Path, job: Job) -> Job:
    """Return the job as the journal has it."""
    with closing(Journal(home)) as journal:
        return journal.job(job.id)


def next_event(worker: Worker, kind: type[Event]) -> Any:
    """Return the next event of that class."""
    while True:
        event = worker.events.get(timeout=20)
        if isinstance(event, kind):
            return event


def ours() -> list[str]:
    """Return the names of our threads, without that of the service."""
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("mint-") and thread.name != "mint-service"
    ]


def test_a_thread_only_while_in_flight(home: Path, service: ThreadService) -> None:
    """There is none before, one during and none after a job; the same for the next job."""
    with working_for(home, service) as worker:
        assert ours() == []
        for _ in range(2):
            job = a_job()
            put(home, job)
            worker.send(Wake(job.id))
            assert worker.is_running
            assert "mint-worker" in ours()
            next_event(worker, Idle)
            until(lambda: not worker.is_running and ours() == [])
            assert read(home, job).phase is Phase.READY


def test_a_stop_waits_for_no_job(home: Path, service: ThreadService) -> None:
    """With waiting, running and downloading jobs the thread stops and the journal is complete."""
    jobs = [
        a_job("a lamp [stuck]"),
        a_job("a lamp [file-slow]"),
        *(a_job(f"number {number} [stuck]") for number in range(12)),
    ]
    put(home, *jobs)
    with working_for(home, service) as worker:
        for job in jobs:
            worker.send(Wake(job.id))
        until(lambda: any(entry.note == "file-slow" for entry in service.requests(host="files")))
        assert worker.stop(20)
        assert ours() == []
    assert {read(home, job).phase for job in jobs} >= {Phase.WORKING, Phase.FETCHING, Phase.WAITING}


def test_a_stop_while_the_scheduler_closes_is_heeded(
    home: Path, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work that came before it waits for the next start; the thread does not stay."""
    worker, served = Worker(fast_config(home), account(service)), 0

    def serve() -> None:
        nonlocal served
        served += 1
        if served == 1:
            worker.send(Wake("a"))
            worker.send(Stop())

    monkeypatch.setattr(worker, "_serve", serve)
    worker.send(Wake("a"))
    until(lambda: not worker.is_running)
    assert served == 1


def test_a_job_stopped_repeatedly_still_ends(home: Path, service: ThreadService) -> None:
    """After stops at any moment the job ends, and was started once.

    A wake message during a stop, or a second stop, is not lost nor taken for the next thread's.
    """
    job, other = a_job("a lamp [file-slow]"), a_job()
    put(home, job, other)
    with working_for(home, service) as worker:
        for wait in (0.0, 0.01, 0.05):
            worker.send(Wake(job.id))
            time.sleep(wait)
            assert worker.stop(20)
        worker.send(Wake(job.id))
        until(lambda: any(entry.note == "file-slow" for entry in service.requests(host="files")))
        worker.stop(0.0)
        worker.stop(0.0)
        for each in (other, job):
            worker.send(Wake(each.id))
            until(lambda: not worker.is_running)
            assert read(home, each).phase is Phase.READY
    assert len(service.operations()) == 2


def test_an_unreadable_journal_is_reported(home: Path, service: ThreadService) -> None:
    """The thread ends with the journal's message, and the next wake tries again."""
    home.mkdir()
    (home / "journal.sqlite3").write_text("I am a poem. " * 100)
    with working_for(home, service) as worker:
        for _ in range(2):
            worker.send(Wake("somebody"))
            sentence = next_event(worker, Crashed).message
            assert "journal.sqlite3 cannot be read or written (file is not a database)" in sentence
            until(lambda: ours() == [])


# -- an answer that comes after its scheduler was closed is not taken for one of the next scheduler


class SlowIdentities:
    """Says whose key it is, each time only when the test opens the next gate."""

    def __init__(self, *users: str) -> None:
        self.gates = {user: threading.Event() for user in users}
        self._users = iter(users)
        self._asked = {user: threading.Event() for user in users}

    def me(self) -> Me:
        """Wait, and answer."""
        user = next(self._users)
        self._asked[user].set()
        assert self.gates[user].wait(20)
        return Me(user, None, None, ())

    def wait_until_asked(self, user: str) -> None:
        """Wait until the question is on its way that gets this answer."""
        assert self._asked[user].wait(20)

    def open(self, engine: EngineHarness, user: str) -> None:
        """Let an answer arrive, and the scheduler receive it."""
        self.gates[user].set()
        answer = engine.inbox.get(timeout=20)
        assert isinstance(answer, Ended)
        engine.scheduler.receive(answer)


def test_whose_key_it_is_is_not_taken_from_a_late_answer(home: Path) -> None:
    """A key that replaces another one does not become a key of the earlier account."""
    engine, slow = EngineHarness(home, executor=Pool), SlowIdentities("earlier", "present")
    engine.mint.me = slow.me  # type: ignore[method-assign]
    job, account = a_job(), Account("another-key")
    engine.add(job)
    engine.run()
    slow.wait_until_asked("earlier")
    engine.scheduler.receive(SetAccount(account))
    engine.scheduler.close(0.1)  # nothing is left to do
    engine.scheduler = Scheduler(engine.setup, account, engine.inbox, engine.outbox)
    engine.scheduler.receive(Wake(job.id))
    engine.run()
    slow.wait_until_asked("present")
    engine.journal.set_account(account)
    owners = []
    for user in slow.gates:
        slow.open(engine, user)
        current = engine.journal.look_up_account()
        owners.append(current.owner.account if current.is_identified else None)
    engine.close()
    assert owners == [None, "user:present"]
