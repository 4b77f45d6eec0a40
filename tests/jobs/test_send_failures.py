# SPDX-License-Identifier: GPL-3.0-or-later
"""Around a paid request fail the journal, a drive, or a gateway: nothing is paid twice."""

from __future__ import annotations

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

from mint_blender.jobs.batch_folder.line_files import LineFile, line_id
from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision, Delivery
from mint_blender.jobs.new_jobs import new_request
from mint_blender.jobs.paid_requests.record import PaidVerb, State, of_line
from mint_blender.jobs.paid_requests.send import is_clear
from mint_blender.jobs.paid_requests.table import PaidRequests
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.mint.account import Account
from mint_blender.mint.errors import problem_error, read_problem
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Format, Kind, OptimizationLevel

from ..mint.raw_server import RawServer, answer, raw_server
from ..mint_service.runner import ThreadService
from .engine_harness import EngineHarness, until
from .fast_config import fast_config
from .service_helpers import ended, note_owner
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
        pay = engine.mint.pay

        def noted(*call: Any, key: str) -> Any:
            keys.append(key)
            return pay(*call, key=key)

        engine.mint.pay = noted  # type: ignore[method-assign]
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


# -- a drive that does not answer


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


def test_a_drive_that_answers_after_closing_sends_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that waited for it may outlive the add-on, but it begins nothing."""
    threads = set(threading.enumerate())
    drive = Gate(monkeypatch, LineFile, "take")
    with raw_server(answer(Date=now()), answer({"id": "op_1"}, Date=now())) as server:
        note_owner(home, Account("key", server.base_url))
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
    with closing(Journal(home)) as journal:
        kept = journal.job(job.id)
    assert kept.phase is Phase.SENDING
    assert (kept.requests[0].state, kept.requests[0].attempts) == (State.CLEAN, 0)


# -- gateways that time out before or after Mint acted, and stale responses: nothing is paid twice


LAMP = GenerationRequest(Kind.MODEL, "a lamp")
WORDS = ("408", "425", "499", "507", "520", "524", "530", "html")
GIVES_UP: dict[str, Any] = {
    **{word: {"word": word} for word in WORDS},
    "portal": {"status": 404, "text": "<html>Sign in</html>", "content_type": "text/html"},
    "nonsense": {"status": 202, "json": {"status": "fine"}},
    "a gateway's JSON": {"status": 403, "json": {"message": "Blocked by policy"}},
    "a conflict": {"status": 409, "problem": "invalid-operation-state"},
}


def script(service: ThreadService, path: str, answer: dict[str, Any], when: str) -> None:
    """Make the next request to this path get that response."""
    service.scenario(answers=[{"method": "POST", "path": path, "when": when, "answer": answer}])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", GIVES_UP)
def test_a_gateway_error_on_a_start_leads_to_one_operation(
    job_service: JobService, service: ThreadService, name: str, when: str
) -> None:
    """The start is repeated with the same key, whether Mint had accepted it or not."""
    script(service, "/v1/models:generate", GIVES_UP[name], when)
    job = job_service.start(LAMP)
    assert ended(job_service, job).phase is Phase.READY
    assert len(service.operations()) == 1
    sent = service.requests("POST", "/v1/models:generate")
    assert len(sent) == 2
    assert {one.idempotency_key for one in sent} == {job.requests[0].key}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_gateway_error_on_other_calls_leads_to_one_operation(
    job_service: JobService, service: ThreadService, when: str
) -> None:
    """A retry, an optimization and a conversion each survive a 524."""
    job = ended(job_service, job_service.start(replace(LAMP, prompt="a lamp [transient]")))
    script(service, "/v1/models/*:retry", {"word": "524"}, when)
    job_service.retry(job.id)
    job = ended(job_service, job)
    assert (job.phase, len(service.operations())) == (Phase.READY, 2)
    script(service, "/v1/models/*:convert", {"word": "524"}, when)
    conversion = job_service.convert(job.asset, [Format.STL], job_service.home / "chosen")
    assert ended(job_service, conversion).phase is Phase.PLACED
    script(service, "/v1/models/*:optimize", {"word": "524"}, when)
    optimized = job_service.fetch(job.asset, optimize=OptimizationLevel.LIGHT)
    assert ended(job_service, optimized).phase is Phase.READY
    assert len(service.operations()) == 4


# -- tests of the list of responses that prove that Mint has started nothing


PROOFS = {400, 401, 402, 403, 404, 405, 413, 422, 429}
PROBLEM = {
    "type": "https://api.mint.gg/problems/something",
    "title": "It is so",
    "detail": "It says so.",
}
BODIES = {"problem": PROBLEM, "HTML": None, "empty": None, "empty object": {}, "list": []}


@pytest.mark.parametrize("body", BODIES)
def test_only_listed_statuses_with_a_reason_prove_that_nothing_started(body: str) -> None:
    """An error page of a gateway and an unknown status prove nothing."""
    for status in range(100, 600):
        error = problem_error(read_problem(status, BODIES[body]))
        assert is_clear(error) is (status in PROOFS and body == "problem"), status
