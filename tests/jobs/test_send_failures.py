# SPDX-License-Identifier: GPL-3.0-or-later
"""Around a paid request fail the journal, a drive, or a gateway: nothing is paid twice."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.batch_folder.line_files import LineFile, line_id
from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.paid_requests.send import is_clear
from mint_blender.jobs.paid_requests.table import PaidRequests
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal, JournalError
from mint_blender.mint.account import Account
from mint_blender.mint.errors import problem_error, read_problem

from ..mint.raw_server import answer, raw_server
from ..mint_service.runner import ThreadService
from .engine_harness import Engines, Held, until
from .fast_config import fast_config
from .service_helpers import LAMP, date_now, ended, note_owner
from .service_helpers import until as wait_until
from .workflow_harness import a_job, a_line, operation, working

DAY = 86_400.0


@pytest.fixture
def drive(held: Held, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Return a network drive that does not answer."""
    take = LineFile.take

    def hang(*arguments: Any, **more: Any) -> Any:
        held.wait("take")
        return take(*arguments, **more)

    monkeypatch.setattr(LineFile, "take", hang)
    return held


# -- the journal


def full_disk(*arguments: Any, **more: Any) -> None:
    """Fail as a write of the records on a full disk."""
    raise JournalError("The disk is full.")


@pytest.mark.parametrize(("name", "starts"), [("begin", 0), ("answer", 1)])
def test_a_journal_that_cannot_be_written_ends_the_worker(
    engines: Engines, monkeypatch: pytest.MonkeyPatch, name: str, starts: int
) -> None:
    """Its reason is reported, and the job goes on later under the same key: it is paid once."""
    engine, job = engines(), a_job()
    engine.mint.says = lambda what, which: operation("running")
    with monkeypatch.context() as patched:
        patched.setattr(PaidRequests, name, full_disk)
        with pytest.raises(JournalError, match="disk is full"):
            engine.add(job)
            engine.run(10)
        kept = engine.job(job)
        assert (kept.phase, kept.problem) == (Phase.SENDING, None)
        assert len(engine.mint.paid) == starts
        engine.close()
    later = engines()
    later.mint.says = engine.mint.says
    later.scheduler.receive(Wake(job.id))
    later.run()
    after = later.job(job)
    assert (after.phase, after.requests[0].operation) == (Phase.WORKING, "op_1")
    keys = [key for key, _ in engine.mint.paid + later.mint.paid]
    assert keys == [job.requests[0].key] * (starts + 1)


# -- a drive that does not answer


def test_a_hanging_drive_blocks_nothing(engines: Engines, tmp_path: Path, drive: Held) -> None:
    """The file of a line is written outside any transaction, on a thread of its own."""
    engine = engines(executor=Pool)
    engine.mint.says = lambda what, which: operation("running", id=which)
    job, other = a_line(line_id(tmp_path / "shared", "1"), tag="1"), working()
    engine.add(job)
    until(engine, lambda: drive.hanging)
    engine.add(other)
    engine.run()
    assert engine.journal.decide(job.id, Decision(Verb.CANCEL))
    engine.journal.add(a_job())
    until(engine, lambda: engine.mint.times("poll", "op_1"))
    assert not drive.gate.is_set()
    drive.gate.set()
    engine.scheduler.receive(Wake(job.id))
    until(engine, lambda: engine.job(job).phase is Phase.CANCELED)
    assert engine.mint.times("start") == []


def test_a_drive_that_answers_after_closing_sends_nothing(home: Path, drive: Held) -> None:
    """The thread that waited for it may outlive the add-on, but it begins nothing."""
    threads = set(threading.enumerate())
    with raw_server(answer(Date=date_now()), answer({"id": "op_1"}, Date=date_now())) as server:
        note_owner(home, Account("key", server.base_url))
        job_service = JobService(fast_config(home), Account("key", server.base_url))
        job = job_service.start(LAMP)
        wait_until(lambda: drive.hanging)
        job_service.close(0.5)
        drive.gate.set()
        for thread in set(threading.enumerate()) - threads:
            if thread.name.startswith("mint-"):
                thread.join(60)
        assert [received.line.split()[0] for received in server.received] == ["GET"]
    with closing(Journal(home)) as journal:
        kept = journal.job(job.id)
    assert kept.phase is Phase.SENDING
    assert (kept.requests[0].state, kept.requests[0].attempts) == (State.CLEAN, 0)


# -- gateways that time out before or after Mint acted, and stale responses: nothing is paid twice


GIVES_UP: dict[str, dict[str, Any]] = {
    "524": {"word": "524"},
    "portal": {"status": 404, "text": "<html>Sign in</html>", "content_type": "text/html"},
    "nonsense": {"status": 202, "json": {"status": "fine"}},
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
