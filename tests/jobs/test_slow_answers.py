# SPDX-License-Identifier: GPL-3.0-or-later
"""A hanging call delays no other job, and closing does not wait for it.

A decision waits only where the answer may name a new operation.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.jobs.engine.call_pool import SIZES, Lane
from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.thread_messages import Idle, QueryAnswered, SetAccount, Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import SETTLED_AFTER, State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.queries import Balance, Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.transfers.downloads import MAX_THUMBNAIL_DOWNLOADS
from mint_blender.mint import errors
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Page, ReferenceImage

from ..mint.raw_server import NO_ANSWER, answer, raw_server
from .engine_harness import EngineHarness
from .fast_config import fast_config
from .workflow_harness import FILES, a_job, asset, operation, working

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


class Held:
    """Calls and downloads in `hangs`, which wait until the gate is opened."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.hanging: list[str] = []

    def wait(self, what: str) -> None:
        """Hang."""
        self.hanging.append(what)
        assert self.gate.wait(20)


@pytest.fixture
def held() -> Iterator[Held]:
    """Yield calls that hang until the end of the test at the latest."""
    held = Held()
    yield held
    held.gate.set()


@pytest.fixture
def engine(home: Path, held: Held) -> Iterator[EngineHarness]:
    """Yield an engine whose calls run on threads, as in the program."""
    engine = EngineHarness(home, executor=Pool)
    yield engine
    held.gate.set()
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


def hang_at(engine: EngineHarness, held: Held, what: str, which: str) -> None:
    """Make one call hang and answer all others."""

    def says(asked: str, of: str) -> Any:
        if (asked, of) == (what, which):
            held.wait(asked)
        return operation(
            "canceled" if asked == "cancel" else "running", id="op_new" if asked == "start" else of
        )

    engine.mint.says = says


def polled(name: str) -> Job:
    """Return a job that runs at Mint."""
    return replace(working(), operation=operation("running", id=name))


def decide(engine: EngineHarness, job: Job, verb: Verb = Verb.CANCEL) -> None:
    """Add a decision."""
    engine.journal.decide(job.id, Decision(verb, f"click-{job.id}"))
    engine.scheduler.receive(Wake(job.id, 2))


@pytest.mark.covers("R-responsive")
@pytest.mark.parametrize("what", ["poll", "start"])
def test_a_hanging_call_delays_no_other_job(engine: EngineHarness, held: Held, what: str) -> None:
    """Other jobs are polled, started and canceled, and a query is answered."""
    engine.mint.usage = lambda: "the balance"  # type: ignore[attr-defined]
    slow = polled("op_slow") if what == "poll" else a_job("slow")
    hang_at(engine, held, what, "op_slow" if what == "poll" else "slow")
    engine.add(slow)
    until(engine, lambda: held.hanging == [what])
    other, fresh = polled("op_other"), a_job("fresh")
    engine.add(other, fresh)
    until(
        engine,
        lambda: (
            bool(engine.mint.times("poll", "op_other"))
            and bool(engine.mint.times("start", "fresh"))
        ),
    )
    decide(engine, other)
    until(engine, lambda: engine.job(other).phase is Phase.CANCELED)
    engine.scheduler._ask(Balance(), 7)
    until(
        engine,
        lambda: any(
            isinstance(event, QueryAnswered) and event.answer == "the balance"
            for event in engine.said
        ),
    )
    assert not held.gate.is_set()
    assert engine.clock.now == 1000.0


@pytest.mark.covers("R-responsive")
def test_a_slow_upload_delays_no_other_job(
    engine: EngineHarness, held: Held, tmp_path: Path
) -> None:
    """A picture may take minutes; other jobs are polled and started meanwhile."""
    (tmp_path / "lamp.png").write_bytes(PIXEL)

    def upload_image(data: bytes, name: str, media_type: str, *, key: str) -> ReferenceImage:
        held.wait("upload")
        return ReferenceImage.from_json({"url": f"{FILES}ref.png"})

    engine.mint.upload_image = upload_image  # type: ignore[attr-defined]
    slow = a_job("slow", images=(str(tmp_path / "lamp.png"),))
    engine.add(slow)
    until(engine, lambda: held.hanging == ["upload"])
    other, fresh = polled("op_other"), a_job("fresh")
    engine.add(other, fresh)
    until(
        engine,
        lambda: (
            bool(engine.mint.times("poll", "op_other"))
            and bool(engine.mint.times("start", "fresh"))
        ),
    )
    held.gate.set()
    until(engine, lambda: bool(engine.mint.times("start", "slow")))
    assert engine.job(slow).image_urls == (f"{FILES}ref.png",)


def test_the_same_picture_of_several_jobs_is_sent_once(
    engine: EngineHarness, held: Held, tmp_path: Path
) -> None:
    """This holds also while the first upload is running."""
    (tmp_path / "lamp.png").write_bytes(PIXEL)

    def upload_image(data: bytes, name: str, media_type: str, *, key: str) -> ReferenceImage:
        held.wait("upload")
        return ReferenceImage.from_json({"url": f"{FILES}ref.png"})

    engine.mint.upload_image = upload_image  # type: ignore[attr-defined]
    jobs = [a_job(name, images=(str(tmp_path / "lamp.png"),)) for name in ("one", "two", "three")]
    engine.add(*jobs)
    until(engine, lambda: bool(held.hanging))
    engine.run(1)
    held.gate.set()
    until(engine, lambda: len(engine.mint.times("start")) == 3)
    assert held.hanging == ["upload"]


def test_a_decision_waits_for_the_answer_of_a_pending_start(
    engine: EngineHarness, held: Held
) -> None:
    """The answer names the operation, to which the decision is then sent.

    Nothing is started twice.
    """
    job = a_job("slow")
    hang_at(engine, held, "start", "slow")
    engine.add(job)
    until(engine, lambda: held.hanging == ["start"])
    decide(engine, job)
    engine.run(100)
    assert [what for _, what, _ in engine.mint.asked] == ["start"]
    assert not any(isinstance(event, Idle) for event in engine.said)
    held.gate.set()
    until(engine, lambda: engine.job(job).phase is Phase.CANCELED)
    assert [(what, which) for _, what, which in engine.mint.asked] == [
        ("start", "slow"),
        ("cancel", "op_new"),
    ]
    operation_at_mint = engine.job(job).operation
    assert operation_at_mint is not None
    assert operation_at_mint.id == "op_new"
    until(engine, lambda: Idle(job.id, 2) in engine.said)


def test_a_decision_is_handled_as_soon_as_a_start_fails(engine: EngineHarness, held: Held) -> None:
    """It does not wait for the next attempt, which is not made any more.

    What the first one may have started is looked for, once nothing of it can be on its way.
    """
    job = a_job("slow")

    def says(what: str, which: str) -> Any:
        if what == "start":
            held.wait("start")
            return errors.Unreachable("no route to it")
        return Page((), None)

    engine.mint.says = says
    engine.add(job)
    until(engine, lambda: held.hanging == ["start"])
    decide(engine, job)
    held.gate.set()
    until(engine, lambda: engine.job(job).problem is not None)
    assert engine.clock.now == 1000.0
    engine.run(SETTLED_AFTER)
    until(engine, lambda: engine.job(job).phase is Phase.CANCELED)
    assert [what for _, what, _ in engine.mint.asked] == ["start", "page"]
    assert engine.job(job).has_note("canceled_in_doubt")


def test_a_decision_does_not_wait_for_a_poll(engine: EngineHarness, held: Held) -> None:
    """The decision is sent at once, and the late answer to the poll is ignored."""
    job = polled("op_slow")
    hang_at(engine, held, "poll", "op_slow")
    engine.add(job)
    until(engine, lambda: held.hanging == ["poll"])
    decide(engine, job)
    until(engine, lambda: engine.job(job).phase is Phase.CANCELED)
    held.gate.set()
    engine.run(100)
    assert engine.job(job).phase is Phase.CANCELED


def test_the_answer_for_an_earlier_key_is_stored(engine: EngineHarness, held: Held) -> None:
    """The operation of a pending start is stored before the job is released."""
    job, other = a_job("slow"), polled("op_other")
    hang_at(engine, held, "start", "slow")
    engine.add(job, other)
    until(engine, lambda: held.hanging == ["start"])
    engine.scheduler.receive(SetAccount(Account("another-key")))
    engine.run(5)
    assert [event.job_id for event in engine.said if isinstance(event, Idle)] == [other.id]
    held.gate.set()
    until(engine, lambda: Idle(job.id, 0) in engine.said)
    operation_at_mint = engine.job(job).operation
    assert operation_at_mint is not None
    assert operation_at_mint.id == "op_new"


def test_the_number_of_threads_is_bounded(engine: EngineHarness, held: Held) -> None:
    """A hundred hanging jobs use a few threads, and decisions have their own."""
    jobs = [polled(f"op_{number}") for number in range(100)]

    def says(what: str, which: str) -> Any:
        if what == "poll":
            held.wait("poll")
        return operation("canceled" if what == "cancel" else "running", id=which)

    engine.mint.says = says
    engine.add(*jobs)
    until(engine, lambda: len(held.hanging) == SIZES[Lane.CALL])
    decide(engine, jobs[50])
    until(engine, lambda: engine.job(jobs[50]).phase is Phase.CANCELED)
    ours = [thread.name for thread in threading.enumerate() if thread.name in set(Lane)]
    assert len(ours) <= sum(SIZES.values())


class Pictures(Downloader):
    """A downloader whose pictures hang and whose other files are empty."""

    held: Held

    def fetch(self, url: str, target: Path, **more: Any) -> Path:  # type: ignore[override]
        if url.endswith(".webp"):
            self.held.wait(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"")
        return target


def test_thumbnails_do_not_delay_paid_downloads(
    home: Path, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model and its job's own picture are downloaded before the library's pictures."""
    monkeypatch.setattr(Pictures, "held", held, raising=False)
    engine = EngineHarness(home, downloader=lambda local_files: Pictures(), executor=Pool)
    for number in range(30):
        engine.scheduler._ask(Thumbnail(f"{FILES}{number}.webp"), number)
    until(engine, lambda: len(held.hanging) == MAX_THUMBNAIL_DOWNLOADS)
    engine.mint.says = lambda what, which: (
        asset(glbUrl=f"{FILES}a.glb") if what == "asset" else operation("succeeded", id=which)
    )
    job = working()
    engine.add(job)
    # it has come: an empty file is no model
    until(engine, lambda: engine.job(job).phase is Phase.PAUSED)
    assert len(held.hanging) == MAX_THUMBNAIL_DOWNLOADS
    held.gate.set()
    engine.close()


@pytest.mark.covers("C14-threads")
@pytest.mark.parametrize(
    "said",
    [
        NO_ANSWER,
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    ],
    ids=["silent", "headers", "body"],
)
def test_closing_waits_for_no_answer(home: Path, said: bytes) -> None:
    """The job service closes within its time limit, and the job continues later."""
    me = answer(Date=format_datetime(datetime.now(UTC), usegmt=True))
    with raw_server(me, said, drip=1.0) as server:
        whose = Journal(home)  # so that nothing but Mint's time is read before the start
        whose.set_account(Account("key", server.base_url))
        whose.resolve_account("user-1")
        whose.close()
        job_service = JobService(fast_config(home), Account("key", server.base_url))
        job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp"))
        while len(server.received) < 2:
            time.sleep(0.005)
        began = time.monotonic()
        assert job_service.close(4.0)
        assert time.monotonic() - began < 4.0
        assert not [
            thread.name for thread in threading.enumerate() if thread.name in {"mint-worker", *Lane}
        ]
        journal = Journal(home)
        kept = journal.job(job.id)
        journal.close()
        assert kept is not None
        (request,) = kept.requests
        assert (kept.phase, request.key) == (Phase.SENDING, job.requests[0].key)
        assert (request.state, request.attempts) == (State.IN_DOUBT, 1)


def test_an_answer_during_closing_is_stored(home: Path, held: Held) -> None:
    """The operation is in the journal, so the start is not repeated."""
    engine = EngineHarness(home, executor=Pool)
    hang_at(engine, held, "start", "slow")
    job = a_job("slow")
    engine.add(job)
    until(engine, lambda: held.hanging == ["start"])
    threading.Timer(0.05, held.gate.set).start()
    engine.scheduler.close(4.0)
    kept = engine.job(job)
    assert (kept.phase, kept.operation and kept.operation.id) == (Phase.WORKING, "op_new")
    engine.journal.close()


def test_an_idle_thread_is_used_again() -> None:
    """Work that comes piece by piece has one thread, which ends with the pool."""
    pool, done, names = Pool("mint-call", 4, 20.0), queue.SimpleQueue[int](), set[int]()
    for number in range(20):
        pool.submit(lambda number=number: (names.add(threading.get_ident()), done.put(number)))  # type: ignore[misc]
        assert done.get(timeout=5) == number
        time.sleep(0.005)
    assert len(names) == 1
    assert pool.close(5)
    pool.submit(lambda: done.put(99))
    assert done.empty()
