# SPDX-License-Identifier: GPL-3.0-or-later
"""A paid request where the journal, a drive, or the computer itself fails around the send."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.batch_folder import line_files
from mint_blender.jobs.batch_folder.line_files import LineFile, line_id
from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_request
from mint_blender.jobs.paid_requests.record import PaidRequest, PaidVerb, State, of_line
from mint_blender.jobs.paid_requests.send import PaidCall, send
from mint_blender.jobs.paid_requests.table import PaidRequests
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.mint.account import Account, Origin
from mint_blender.mint.client import Client
from mint_blender.mint.errors import NotSent
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..mint.clock_helpers import ShiftedClocks
from ..mint.raw_server import KEY, RawServer, answer, raw_server
from .engine_harness import EngineHarness
from .fast_config import fast_config
from .workflow_harness import a_job, operation, working

DAY = 86_400.0


def now() -> str:
    """Return the Date of an answer."""
    return format_datetime(datetime.now(UTC), usegmt=True)


def a_line(folder: Path, tag: str = "1") -> Job:
    """Return the job of a line of a batch, whose folder several machines may see."""
    job = a_job(delivery=Delivery(line=line_id(folder, tag)))
    return replace(
        job, requests=(new_request(of_line("batch", tag), PaidVerb.START, job.id, now=time.time()),)
    )


def methods(server: RawServer) -> list[str]:
    """Return the methods of the requests that a server has received."""
    return [received.line.split()[0] for received in server.received]


class Gate:
    """Holds the calls of one function until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        self._opened, self.reached = threading.Event(), threading.Event()
        real: Callable[..., Any] = getattr(owner, name)

        def held(*arguments: Any, **more: Any) -> Any:
            self.reached.set()
            assert self._opened.wait(20)
            return real(*arguments, **more)

        monkeypatch.setattr(owner, name, held)

    def open(self) -> None:
        """Let the calls go on."""
        self._opened.set()


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Yield a network drive that does not answer."""
    drive = Gate(monkeypatch, LineFile, "take")
    yield drive
    drive.open()


# -- the journal
# -----------------------------------------------------------------------------------------------------------------


def failing(monkeypatch: pytest.MonkeyPatch, name: str) -> pytest.MonkeyPatch:
    """Make a write of the records fail, as on a full disk."""

    def fail(*arguments: Any, **more: Any) -> None:
        raise JournalError("The disk is full.")

    monkeypatch.setattr(PaidRequests, name, fail)
    return monkeypatch


@pytest.mark.parametrize(("name", "starts"), [("begin", 0), ("answer", 1)])
def test_a_journal_that_cannot_be_written_ends_the_worker(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, starts: int
) -> None:
    """Its reason is reported, and the job goes on later under the same key: it is paid once."""
    keys: list[str] = []

    def engine_of(home: Path) -> EngineHarness:
        engine = EngineHarness(home)
        start = engine.mint.start

        def noted(kind: Kind, body: Any, *, key: str) -> Any:
            keys.append(key)
            return start(kind, body, key=key)

        engine.mint.start = noted  # type: ignore[method-assign]
        engine.mint.says = lambda what, which: operation("running", id="op_1")
        return engine

    engine, job = engine_of(home), a_job()
    with monkeypatch.context() as patched:
        failing(patched, name)
        with pytest.raises(JournalError, match="disk is full"):
            engine.add(job)
            engine.run(10)
        kept = engine.job(job)
        assert (kept.phase, kept.problem, len(keys)) == (Phase.SENDING, None, starts)
        engine.close()
    engine = engine_of(home)
    engine.scheduler.receive(Wake(job.id))
    engine.run()
    after = engine.job(job)
    assert (after.phase, after.requests[0].operation) == (Phase.WORKING, "op_1")
    assert keys == [job.requests[0].key] * (starts + 1)
    engine.close()


def test_a_stale_save_erases_nothing_of_a_send(home: Path) -> None:
    """Two writers of a job never meet in the record of its paid request."""
    mine, theirs, job = Journal(home), Journal(home), a_job()
    mine.add(job)
    stale = mine.job(job.id)
    assert stale is not None
    key = job.requests[0].key
    assert theirs.paid_requests.begin(key, now=5.0, credential="hash", body="{}") is not None
    mine.save(replace(stale, notes=("a note",)))
    after = theirs.job(job.id)
    assert after is not None and after.notes == ("a note",)
    (request,) = after.requests
    assert (request.attempts, request.body, request.attempted) == (1, "{}", 5.0)
    theirs.paid_requests.answer(key, "op_1")
    mine.save(stale)
    assert theirs.paid_requests.get(key) == replace(request, operation="op_1")
    mine.close()
    theirs.close()


# -- a drive that does not answer
# -----------------------------------------------------------------------------------------------------------------


def test_a_drive_that_hangs_blocks_no_click_and_no_other_job(
    home: Path, tmp_path: Path, drive: Gate
) -> None:
    """The file of a line is written outside any transaction, on a thread of its own."""
    engine = EngineHarness(home, executor=Pool)
    engine.mint.says = lambda what, which: operation("running", id=which)
    job, other = a_line(tmp_path / "shared"), working()
    engine.add(job)
    until(engine, drive.reached.is_set)
    began = time.monotonic()
    engine.add(other)
    engine.run()
    assert engine.journal.decide(job.id, Decision(Verb.CANCEL))
    engine.journal.add(a_job())
    until(engine, lambda: bool(engine.mint.times("poll", "op_1")))
    assert time.monotonic() - began < 5.0
    drive.open()
    engine.scheduler.receive(Wake(job.id))
    until(engine, lambda: engine.job(job).phase is Phase.CANCELED)
    assert engine.mint.times("start") == []
    engine.close()


def until(engine: EngineHarness, condition: Callable[[], bool]) -> None:
    """Run the engine, without moving its clock, until a condition holds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        engine.run()
        try:
            engine.scheduler.receive(engine.inbox.get(timeout=0.02))
        except queue.Empty:
            pass


def test_a_drive_that_answers_after_closing_sends_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that waited for it may outlive the add-on, but it begins nothing."""
    threads = set(threading.enumerate())
    drive = Gate(monkeypatch, LineFile, "take")
    with raw_server(answer(Date=now()), answer({"id": "op_1"}, Date=now())) as server:
        whose = Journal(home)
        whose.set_account(Account("key", server.base_url))
        whose.resolve_account("user-1")
        whose.close()
        job_service = JobService(fast_config(home), Account("key", server.base_url))
        job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp"))
        assert drive.reached.wait(10)
        began = time.monotonic()
        job_service.close(1.0)
        assert time.monotonic() - began < 2.0
        drive.open()
        for thread in set(threading.enumerate()) - threads:
            if thread.name.startswith("mint-"):
                thread.join(10)
        assert methods(server) == ["GET"]
    journal = Journal(home)
    kept = journal.job(job.id)
    journal.close()
    assert kept is not None and kept.phase is Phase.SENDING
    assert (kept.requests[0].state, kept.requests[0].attempts) == (State.CLEAN, 0)


# -- several machines
# -----------------------------------------------------------------------------------------------------------------


def test_two_machines_start_a_line_once(tmp_path: Path) -> None:
    """Both are about to send it at the same moment; only one creates its file."""
    folder = tmp_path / "shared"
    machines = [EngineHarness(tmp_path / name, executor=Pool) for name in ("one", "other")]
    tags = [str(number) for number in range(8)]
    jobs = [[a_line(folder, tag) for tag in tags] for _ in machines]
    for machine, own in zip(machines, jobs, strict=True):
        machine.mint.says = lambda what, which: operation("running", id="op_1")
        for job in own:
            machine.journal.add(job)
    for machine, own in zip(machines, jobs, strict=True):
        for job in own:
            machine.scheduler.receive(Wake(job.id))
    done = {Phase.WORKING, Phase.PAUSED}

    def has_ended() -> bool:
        return all(
            machine.job(job).phase in done
            for machine, own in zip(machines, jobs, strict=True)
            for job in own
        )

    end = time.monotonic() + 20
    while not has_ended():
        assert time.monotonic() < end, "it did not come to that"
        for machine in machines:
            machine.run()
            time.sleep(0.01)
    for each in zip(*jobs, strict=True):
        found = [machine.job(job) for machine, job in zip(machines, each, strict=True)]
        assert sorted(job.phase for job in found) == [Phase.PAUSED, Phase.WORKING]
        paused = next(job for job in found if job.phase is Phase.PAUSED)
        assert paused.problem is not None and paused.problem.code == "started_elsewhere"
        assert (paused.requests[0].attempts, paused.requests[0].state) == (0, State.DROPPED)
    assert sum(len(machine.mint.times("start")) for machine in machines) == len(tags)
    assert set(line_files.started(folder)) == set(tags)
    for machine in machines:
        machine.close()


# -- a computer that sleeps
# -----------------------------------------------------------------------------------------------------------------


class NoLine:
    """A job that is no line of a batch."""

    def take(self, request: PaidRequest, *, credential: str, now: float) -> bool:
        return True

    def note_operation(self, request: PaidRequest, operation_id: str) -> None:
        pass


@pytest.mark.parametrize("clock", ["time", "monotonic"])
@pytest.mark.parametrize("headers", [{}, {"Connection": "close"}], ids=["kept", "closed"])
def test_a_computer_that_slept_after_the_commit_sends_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], clock: str
) -> None:
    """The attempt is noted as not sent: nothing was started, and the job can be canceled."""
    journal, job = Journal(home), a_job()
    journal.add(job)
    key = job.requests[0].key
    clocks = ShiftedClocks(monkeypatch)
    begin = PaidRequests.begin

    def slow(*arguments: Any, **more: Any) -> Any:
        begun = begin(*arguments, **more)
        clocks.shift[clock] += DAY
        return begun

    monkeypatch.setattr(PaidRequests, "begin", slow)
    me, started = answer(Date=now(), **headers), answer({"id": "op_1"}, Date=now())
    is_closed = bool(headers)
    call = PaidCall(key, PaidVerb.START, "", Kind.MODEL, {"prompt": "a lamp"})
    with raw_server(me, me, started, then_close=is_closed) as server:
        client = Client(Origin.parse(server.base_url), KEY)
        with closing(client), pytest.raises(NotSent):
            send(client, journal.path, call, credential="hash", line=NoLine())
        assert set(methods(server)) == {"GET"}
    request = journal.paid_requests.get(key)
    journal.close()
    assert request is not None
    assert (request.attempts, request.refusals, request.state) == (1, 1, State.CLEAN)


def test_a_job_is_sent_to_a_server_that_closes_each_connection(home: Path) -> None:
    """Mint's time and the start have connections of their own; the start is sent at once."""
    journal, job = Journal(home), a_job()
    journal.add(job)
    me = answer(Date=now(), Connection="close")
    call = PaidCall(job.requests[0].key, PaidVerb.START, "", Kind.MODEL, {"prompt": "a lamp"})
    started = answer({"id": "op_1", "status": "queued"}, Date=now(), Connection="close")
    with raw_server(me, me, started, then_close=True) as server:
        with closing(Client(Origin.parse(server.base_url), KEY)) as client:
            sent = send(client, journal.path, call, credential="hash", line=NoLine())
        assert methods(server) == ["GET", "GET", "POST"]
    journal.close()
    assert sent.request is not None and sent.request.operation == "op_1"
