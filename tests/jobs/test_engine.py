# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: when the scheduler does what, its clock moved by hand, and the life of its thread."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.job_runner import Worker
from mint_blender.jobs.engine.scheduler import (
    DECISION_CHECK_INTERVAL,
    SLOT_CHECK_INTERVAL,
    Scheduler,
)
from mint_blender.jobs.engine.thread_messages import (
    Crashed,
    Ended,
    Event,
    Idle,
    RetryScheduled,
    SetAccount,
    SetOnline,
    Wake,
)
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Decision, Delivery
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint import errors
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Format, Kind, Me, Operation

from ..harness.call_counts import calls_of
from ..mint_service.runner import ThreadService
from .engine_harness import EngineHarness, Engines, Held
from .fast_config import account, fast_config
from .service_helpers import put, until
from .workflow_harness import GLB, a_job, asset, operation, problem, with_operation, working

# -- what is repeated


def test_a_failed_call_is_repeated_with_growing_pauses(engine: EngineHarness) -> None:
    """Each failure is reported with the next pause, which doubles up to a minute."""
    engine.mint.says = lambda what, which: errors.Unreachable("no route to it")
    engine.add(working())
    engine.run(240)
    retries = [event for event in engine.said if isinstance(event, RetryScheduled)]
    pauses = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [retry.seconds for retry in retries] == pauses
    assert [retry.without_answer for retry in retries] == list(itertools.accumulate(pauses))
    assert {retry.message for retry in retries} == {"Mint cannot be reached: no route to it."}
    times = engine.mint.times("poll")
    assert [later - before for before, later in itertools.pairwise(times)] == pauses[:-1]


def test_a_success_resets_the_pause(engine: EngineHarness) -> None:
    """Only failures in a row count."""
    turns = itertools.cycle([errors.Unreachable("no route to it"), operation("running")])
    engine.mint.says = lambda what, which: next(turns)
    job = working()
    engine.add(job)
    engine.run(200)
    assert engine.job(job).phase is Phase.WORKING
    assert {event.seconds for event in engine.said if isinstance(event, RetryScheduled)} == {1.0}


# -- going offline


@pytest.mark.covers("S-offline")
def test_nothing_is_sent_offline(engine: EngineHarness) -> None:
    """Workflows pause while offline and continue afterwards."""
    job = working()
    engine.scheduler.receive(SetOnline(False))
    engine.add(job)
    engine.run(100)
    assert engine.mint.asked == []
    engine.scheduler.receive(SetOnline(True))
    engine.run()
    assert len(engine.mint.times("poll")) == 1


# -- clicks of other processes


def test_a_decision_of_another_process_is_carried_out(engine: EngineHarness, home: Path) -> None:
    """The scheduler that runs the job finds it in the journal within two seconds."""
    job = working()
    engine.add(job)
    engine.run(40)
    engine.mint.says = lambda what, which: operation("canceled")
    with closing(Journal(home)) as other:
        other.decide(job.id, Decision(Verb.CANCEL, "elsewhere"))
    before = engine.clock.now
    engine.run(DECISION_CHECK_INTERVAL)
    (at,) = engine.mint.times("cancel")
    assert at - before <= DECISION_CHECK_INTERVAL
    assert (engine.job(job).phase, engine.job(job).decision) == (Phase.CANCELED, None)


def test_a_cancel_while_the_model_is_read(engine: EngineHarness, home: Path) -> None:
    """The decision is in the journal before the model was read."""

    def says(what: str, which: str) -> object:
        with closing(Journal(home)) as click:
            click.decide(job.id, Decision(Verb.CANCEL, "click"))
        return asset(glbUrl=GLB)

    engine.mint.says = says
    job = new_conversion(asset(glbUrl=GLB), (Format.FBX,), Delivery(folder="/out"), now=1.0)
    engine.add(job)
    engine.run(DECISION_CHECK_INTERVAL)
    assert [what for _, what, _ in engine.mint.asked] == ["asset"]
    assert engine.job(job).phase is Phase.CANCELED


def test_messages_and_changes_of_others_change_no_schedule(engine: EngineHarness) -> None:
    """A running job may be woken repeatedly, and other processes may write to the journal often."""
    job = working()
    engine.add(job)
    with closing(Journal(engine.setup.home)) as other:
        for _ in range(30):
            other.add(a_job())
            engine.scheduler.receive(Wake(job.id, 7))
            engine.run(1)
    assert engine.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])


# -- mistakes of ours, and secrets


def test_an_exception_is_logged(engine: EngineHarness, caplog: pytest.LogCaptureFixture) -> None:
    """The job's message has no traceback; the log has it, and other jobs continue."""
    bad, good = (with_operation(working(), operation("running", id=id)) for id in ("bad", "good"))
    engine.mint.says = lambda what, which: (
        KeyError("oh") if which == "bad" else operation("running", id=which)
    )
    with caplog.at_level(logging.ERROR):
        engine.add(bad, good)
        engine.run(10)
    after = engine.job(bad)
    assert (after.phase, after.problem.cause) == (Phase.PAUSED, Cause.INTERNAL)
    assert after.problem.message == (
        "The add-on failed unexpectedly (KeyError). Nothing is lost. Resume; if it happens again, "
        "copy the report."
    )
    assert len(engine.mint.times("poll", "good")) == 3
    assert "Traceback" in caplog.text
    engine.mint.says = lambda what, which: operation("running", id=which)
    engine.scheduler.receive(Wake(bad.id))
    engine.run()
    assert engine.job(bad).phase is Phase.WORKING


# -- the queue: how many jobs of a kind are sent at once, and which one is next


ONE_SLOT = {Kind.MODEL: 1, Kind.WORLD: 1}


def queue_up(count: int) -> list[Job]:
    """Return jobs created one after the other."""
    return [
        replace(a_job(f"number {number}"), created_at=1000.0 + number) for number in range(count)
    ]


def named(engine: EngineHarness) -> list[str]:
    """Return the starts that Mint received, in order."""
    return [which for _, what, which in engine.mint.asked if what == "start"]


@pytest.mark.covers("C18-ten")
def test_the_eleventh_model_waits_and_a_world_does_not(engine: EngineHarness) -> None:
    """Ten models and ten worlds are sent at once, the eleventh of a kind is not."""
    engine.mint.says = running
    jobs = queue_up(11)
    engine.add(*jobs)
    engine.run(60)
    assert named(engine) == [f"number {number}" for number in range(10)]
    assert engine.job(jobs[10]).phase is Phase.WAITING
    engine.add(a_job("a world", kind=Kind.WORLD))
    engine.run(1)
    assert named(engine)[-1] == "a world"


def test_slots_are_given_in_order_of_creation(engines: Engines) -> None:
    """A free slot goes to the oldest job, in whatever order the scheduler got them."""
    engine = engines(slots=ONE_SLOT)
    over = [False]
    engine.mint.says = lambda what, which: operation(
        "canceled" if over[0] and what == "poll" else "running", id=which.replace("number ", "op_")
    )
    jobs = queue_up(5)
    engine.add(jobs[0])
    engine.run(1)
    engine.add(*reversed(jobs[1:]))
    engine.run(20)
    assert named(engine) == ["number 0"]
    over[0] = True
    engine.run(200)
    assert named(engine) == [f"number {number}" for number in range(5)]
    starts = {which: at for at, what, which in engine.mint.asked if what == "start"}
    ends = {which: at for at, what, which in engine.mint.asked if what == "poll" and at > 1021}
    assert starts["number 2"] == ends["op_1"], "the next one does not wait for its own next look"


def test_a_slot_released_by_another_process_is_found(engines: Engines) -> None:
    """The first queued job checks every few seconds, and the others keep their order."""
    engine, other = engines(slots=ONE_SLOT), engines()
    other.add(a_job("number 9"))
    other.run(1)
    engine.add(*queue_up(3))
    engine.run(30)
    assert named(engine) == []
    other.mint.says = lambda what, which: operation("canceled")
    other.run(30)
    engine.run(SLOT_CHECK_INTERVAL)
    assert named(engine) == ["number 0"]


# -- a long waiting line costs no more than a short one: only its first job looks for a slot


def statements_of(engine: EngineHarness, act: Callable[[], object]) -> list[str]:
    """Return the SQL statements that the scheduler executes."""
    connection, statements = engine.scheduler._journal._db.connection, list[str]()
    connection.set_trace_callback(statements.append)
    act()
    connection.set_trace_callback(None)
    return statements


def running(what: str, which: str) -> Operation:
    """Start what Mint is sent, and let it run."""
    return operation("running", id=which.replace("number ", "op_"))


def waiting(engines: Engines, count: int) -> EngineHarness:
    """Return an engine in which one job runs and `count` others wait for its slot."""
    engine = engines(slots=ONE_SLOT)
    engine.mint.says = running
    engine.add(*queue_up(count + 1))
    engine.run(60)
    return engine


def test_waiting_costs_the_same_for_any_number_of_jobs(engines: Engines, home: Path) -> None:
    """In ten minutes, 60 waiting jobs cause exactly as many calls and statements as 10."""
    costs = []
    for count in (10, 60):
        engine = waiting(partial(engines, home=home / str(count)), count)
        calls = calls_of(partial(engine.run, 600))
        statements = len(statements_of(engine, partial(engine.run, 600)))
        assert named(engine) == ["number 0"]
        costs.append((calls, statements))
    assert costs[0] == costs[1]


def test_polls_that_change_nothing_write_nothing(engines: Engines) -> None:
    """A running job is polled for ten minutes; the journal is only asked for decisions."""
    engine = waiting(engines, 0)
    before = len(engine.mint.asked)
    statements = statements_of(engine, partial(engine.run, 600))
    assert len(engine.mint.asked) - before == 600 / 15
    assert set(statements) == {"PRAGMA data_version"}


def test_a_refused_job_keeps_its_place(engines: Engines) -> None:
    """Mint has no room for the first in line: it tries again later, and nobody overtakes it."""
    engine = engines(slots={Kind.MODEL: 2, Kind.WORLD: 1})
    refusals = [problem(429, "concurrency-limit-reached") for _ in range(2)]
    engine.mint.says = lambda what, which: (
        refusals.pop() if what == "start" and refusals else running(what, which)
    )
    engine.add(*queue_up(3))
    engine.run(120)
    first, second = (engine.mint.times("start", f"number {number}") for number in range(2))
    assert named(engine)[-2:] == ["number 0", "number 1"]
    assert second[-1] >= first[-1] > first[0] + SLOT_CHECK_INTERVAL


# -- the thread exists only while something is active, and only once


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


def test_whose_key_it_is_is_not_taken_from_a_late_answer(engines: Engines) -> None:
    """A key that replaces another one does not become a key of the earlier account."""
    engine, job, account = engines(executor=Pool), a_job(), Account("another-key")
    questions = {"earlier": Held(), "present": Held()}
    users = iter(questions)

    def me() -> Me:
        user = next(users)
        questions[user].wait(user)
        return Me(user, None, None, ())

    engine.mint.me = me  # type: ignore[method-assign]
    engine.add(job)
    engine.run()
    until(lambda: questions["earlier"].hanging)
    engine.scheduler.receive(SetAccount(account))
    engine.scheduler.close(0.1)  # nothing is left to do
    engine.scheduler = Scheduler(engine.setup, account, engine.inbox, engine.outbox)
    engine.scheduler.receive(Wake(job.id))
    engine.run()
    until(lambda: questions["present"].hanging)
    engine.journal.set_account(account)
    owners = []
    for question in questions.values():
        question.gate.set()
        answer = engine.inbox.get(timeout=60)
        assert isinstance(answer, Ended)
        engine.scheduler.receive(answer)
        current = engine.journal.look_up_account()
        owners.append(current.owner.account if current.is_identified else None)
    assert owners == [None, "user:present"]
