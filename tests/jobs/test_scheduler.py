# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: due times, retries, going offline, and decisions of other processes.

It has no thread here, and its clock is moved by hand.
"""

from __future__ import annotations

import itertools
import json
import logging
import queue
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.engine.scheduler import Scheduler
from mint_blender.jobs.engine.thread_messages import (
    Command,
    Event,
    Idle,
    JobChanged,
    RetryScheduled,
    SetOnline,
    Wake,
)
from mint_blender.jobs.engine.workflow_runner import DECISION_CHECK_INTERVAL
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Decision, Delivery
from mint_blender.jobs.new_jobs import new_conversion
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint import errors
from mint_blender.mint.schema import Format, Operation

from ..mint_service.runner import ThreadService, running_service
from .engine_harness import EngineHarness
from .fast_config import account, fast_config
from .workflow_harness import GLB, a_job, asset, operation, problem, working

# -- due times
# -----------------------------------------------------------------------------------------------------------------


def test_polls_are_due_on_schedule(engine: EngineHarness) -> None:
    """Polls follow after 2 s, 3.2 s, 5.12 s and so on, at most after 15 s."""
    engine.add(a_job())
    engine.run(120)
    times = engine.mint.times("poll")
    gaps = [
        later - before
        for before, later in zip([engine.mint.times("start")[0], *times], times, strict=False)
    ]
    assert gaps == pytest.approx([2, 3.2, 5.12, 8.192, 13.1072, *[15.0] * (len(gaps) - 5)])
    assert len(gaps) > 8


@pytest.mark.covers("C7-stored")
def test_requests_are_committed_before_they_are_sent(engine: EngineHarness) -> None:
    """The journal has attempt and body before the start, and the operation before the poll."""
    job = a_job()
    known: list[tuple[str, Job]] = []

    def note(what: str, which: str) -> Operation:
        known.append((what, engine.job(job)))
        return operation("running")

    engine.mint.says = note
    engine.add(job)
    engine.run(3)
    assert [what for what, _ in known] == ["start", "poll"]
    start, poll = (at_that_time for _, at_that_time in known)
    assert (start.phase, start.operation) == (Phase.SENDING, None)
    (request,) = start.requests
    assert (request.key, request.attempts, request.refusals) == (job.requests[0].key, 1, 0)
    assert (request.body, request.operation) == (json.dumps(job.request.body(())), None)
    assert poll.operation is not None
    assert [each.operation for each in poll.requests] == ["op_1"]


def test_the_job_that_is_due_first_is_polled_first(engine: EngineHarness) -> None:
    """The order of creation does not matter."""
    first = replace(working(), operation=operation("running", id="op_first"))
    engine.add(first)
    engine.run(10)
    engine.add(replace(working(), operation=operation("running", id="op_second")))
    engine.run(6)
    assert engine.mint.times("poll", "op_second") == pytest.approx([1010, 1013.2])


def test_waking_a_running_workflow_changes_nothing(engine: EngineHarness) -> None:
    """Repeated wake messages do not make polls more frequent."""
    job = working()
    engine.add(job)
    engine.run(1)
    for _ in range(10):
        engine.scheduler.receive(Wake(job.id, 7))
        engine.run()
    assert len(engine.mint.times("poll")) == 1


# -- what is repeated
# -----------------------------------------------------------------------------------------------------------


def test_a_failed_call_is_repeated_with_growing_pauses(engine: EngineHarness) -> None:
    """Each failure is reported with the next pause, which doubles up to a minute."""
    engine.mint.says = lambda what, which: errors.Unreachable("no route to it")
    engine.add(working())
    engine.run(240)
    scheduled_retries = [event for event in engine.said if isinstance(event, RetryScheduled)]
    assert [retry.seconds for retry in scheduled_retries] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert [retry.without_answer for retry in scheduled_retries] == [
        1,
        3,
        7,
        15,
        31,
        63,
        123,
        183,
        243,
    ]
    assert {retry.message for retry in scheduled_retries} == {
        "Mint cannot be reached: no route to it."
    }
    times = engine.mint.times("poll")
    assert [later - before for before, later in itertools.pairwise(times)] == [
        1,
        2,
        4,
        8,
        16,
        32,
        60,
        60,
    ]


def test_a_success_resets_the_pause(engine: EngineHarness) -> None:
    """Only failures in a row count."""
    turns = iter([True, False] * 50)
    engine.mint.says = lambda what, which: (
        errors.Unreachable("no route to it") if next(turns) else operation("running")
    )
    job = working()
    engine.add(job)
    engine.run(200)
    assert engine.job(job).phase is Phase.WORKING
    assert {event.seconds for event in engine.said if isinstance(event, RetryScheduled)} == {1.0}


def test_a_refused_key_is_not_repeated(engine: EngineHarness) -> None:
    """The refusal is reported at once."""
    job = working()
    engine.mint.says = lambda what, which: problem(401)
    engine.add(job)
    engine.run(100)
    assert len(engine.mint.asked) == 1
    trouble = engine.job(job).problem
    assert trouble is not None
    assert trouble.cause is Cause.KEY


# -- going offline
# ----------------------------------------------------------------------------------------------------------------


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
# -------------------------------------------------------------------------------------------------------


def test_a_decision_of_another_process_is_carried_out(engine: EngineHarness, home: Path) -> None:
    """The scheduler that runs the job finds it in the journal within two seconds."""
    job = working()
    engine.add(job)
    engine.run(40)
    engine.mint.says = lambda what, which: operation("canceled")
    other = Journal(home)
    other.decide(job.id, Decision(Verb.CANCEL, "elsewhere"))
    other.close()
    before = engine.clock.now
    engine.run(DECISION_CHECK_INTERVAL)
    (at,) = engine.mint.times("cancel")
    assert at - before <= DECISION_CHECK_INTERVAL
    assert engine.job(job).phase is Phase.CANCELED
    assert engine.job(job).decision is None


def test_a_conversion_canceled_while_its_model_is_read_is_not_sent(
    engine: EngineHarness, home: Path
) -> None:
    """The decision is in the journal before the model was read."""

    def says(what: str, which: str) -> object:
        click = Journal(home)
        click.decide(job.id, Decision(Verb.CANCEL, "click"))
        click.close()
        return asset(glbUrl=GLB)

    engine.mint.says = says
    job = new_conversion(asset(glbUrl=GLB), (Format.FBX,), Delivery(folder="/out"), now=1.0)
    engine.add(job)
    engine.run(DECISION_CHECK_INTERVAL)
    assert [what for _, what, _ in engine.mint.asked] == ["asset"]
    assert engine.job(job).phase is Phase.CANCELED


def test_changes_to_other_jobs_do_not_change_the_schedule(
    engine: EngineHarness, home: Path
) -> None:
    """Other processes may write to the journal often."""
    engine.add(working())
    other = Journal(home)
    for _ in range(30):
        other.add(a_job())
        engine.run(1)
    other.close()
    assert engine.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])


# -- mistakes of ours, and secrets
# ----------------------------------------------------------------------------------------------------


def test_an_unexpected_exception_pauses_one_job_and_is_logged(
    engine: EngineHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """The job's message has no traceback; the log has it, and other jobs continue."""
    bad, good = (
        replace(working(), operation=operation("running", id=id)) for id in ("op_bad", "op_good")
    )
    engine.mint.says = lambda what, which: (
        KeyError("oh") if which == "op_bad" else operation("running", id=which)
    )
    with caplog.at_level(logging.ERROR):
        engine.add(bad, good)
        engine.run(10)
    assert engine.job(bad).phase is Phase.PAUSED
    trouble = engine.job(bad).problem
    assert trouble is not None
    assert trouble.cause is Cause.INTERNAL
    assert trouble.message == (
        "The add-on failed unexpectedly (KeyError). Nothing is lost. Resume; if it happens again, copy the report."
    )
    assert len(engine.mint.times("poll", "op_good")) == 3
    assert "Traceback" in caplog.text
    engine.mint.says = lambda what, which: operation("running", id=which)
    engine.scheduler.receive(Wake(bad.id))
    engine.run()
    assert engine.job(bad).phase is Phase.WORKING


def test_each_wake_message_is_answered_with_its_number(engine: EngineHarness) -> None:
    """The last message's number appears in the answer of its own turn."""
    job = working()
    engine.mint.says = lambda what, which: operation("canceled")
    engine.journal.add(job)
    engine.scheduler.receive(Wake(job.id, 3))
    engine.scheduler.receive(Wake(job.id, 4))
    engine.run()
    assert [event for event in engine.said if isinstance(event, Idle)] == [Idle(job.id, 4)]
    engine.scheduler.receive(Wake("nobody", 5))
    engine.run()
    assert engine.said[-1] == Idle("nobody", 5)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a fast service."""
    with running_service(speed=1000) as running:
        yield running


@pytest.mark.covers("S-key-nowhere")
def test_the_key_is_not_stored_or_logged(
    home: Path, service: ThreadService, caplog: pytest.LogCaptureFixture
) -> None:
    """After successes, refusals and errors the key is in no file and no message."""
    service.scenario(
        answers=[
            {
                "path": "/v1/operations/*",
                "answer": {"status": 401, "detail": f"Wrong key: {service.key}"},
                "skip": 1,
            }
        ]
    )
    inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
    outbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    journal = Journal(home)
    with caplog.at_level(logging.DEBUG):
        scheduler = Scheduler(fast_config(home), account(service), inbox, outbox)
        job = a_job("a lamp [revoked]")
        other = a_job("a lamp")
        for one in (job, other):
            journal.add(one)
            scheduler.receive(Wake(one.id))
        while not scheduler.is_idle:
            while not inbox.empty():
                scheduler.receive(inbox.get())
            wait = scheduler.run_once()
            if wait:
                try:
                    scheduler.receive(inbox.get(timeout=wait))
                except queue.Empty:
                    pass
        scheduler.close()
    stopped = {each.id for each in journal.jobs() if each.phase is Phase.PAUSED}
    journal.close()
    said = [outbox.get() for _ in range(outbox.qsize())]
    assert any(isinstance(event, JobChanged) and event.job_id in stopped for event in said)
    assert service.key not in repr(said)
    assert service.key not in caplog.text
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "journal.sqlite3" for path in files)
    for path in files:
        assert service.key.encode() not in path.read_bytes(), path
