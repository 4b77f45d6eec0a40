# SPDX-License-Identifier: GPL-3.0-or-later
"""The network or a drive fails, or a call hangs: others go on, and nothing is paid twice."""

from __future__ import annotations

import itertools
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.errors import DownloadFailed, TooSlow
from mint_blender.jobs.batch_folder.line_files import LineFile, line_id
from mint_blender.jobs.engine.config import Pool
from mint_blender.jobs.engine.thread_messages import (
    Idle,
    JobChanged,
    RetryScheduled,
    SetAccount,
    SetOnline,
    Wake,
)
from mint_blender.jobs.engine.threads import DOWNLOADS, SIZES
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import SETTLED_AFTER, State
from mint_blender.jobs.paid_requests.send import is_clear
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.queries import Balance, QueryAnswered, Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.storage.journal import Journal
from mint_blender.jobs.transfers import upload
from mint_blender.jobs.workflow.effects import Lane
from mint_blender.mint import errors
from mint_blender.mint.account import Account
from mint_blender.mint.schema import Page, ReferenceImage

from ..mint.generation_helpers import PIXEL
from ..mint.raw_server import NO_ANSWER, answer, raw_server
from .engine_harness import EngineHarness, Engines, Held, InlineExecutor, PictureDownloader, until
from .fast_config import fast_config
from .service_helpers import LAMP, date_now, note_owner
from .service_helpers import until as wait_until
from .workflow_harness import FILES, a_job, a_line, asset, operation, with_operation, working

HOUR = 3600.0
CALLS = set(Lane) - DOWNLOADS


def away(what: str, which: str) -> Exception:
    """Make Mint unreachable."""
    return errors.Unreachable("no route to it")


def there(what: str, which: str) -> Any:
    """Make Mint answer again."""
    return operation("running", id=which)


def polled(name: str) -> Job:
    """Return a job that runs at Mint."""
    return with_operation(working(), operation("running", id=name))


def several(count: int) -> list[Job]:
    """Return jobs that are running at Mint."""
    return [polled(f"op_{number}") for number in range(count)]


@pytest.mark.covers("R-outage")
def test_polling_continues_within_a_minute_after_an_outage(engine: EngineHarness) -> None:
    """A job continues by itself after hours without a network, and its message is removed."""
    job = working()
    engine.add(job)
    engine.run(1)
    engine.mint.says = away
    engine.said.clear()
    engine.run(3 * HOUR)
    assert (engine.job(job).phase, engine.job(job).problem) == (Phase.WORKING, None)
    assert not any(isinstance(event, JobChanged) for event in engine.said)
    engine.mint.says = there
    came_back = engine.clock.now
    engine.run(60)
    assert engine.mint.times("poll")[-1] > came_back
    assert [event for event in engine.said if isinstance(event, JobChanged)] == [JobChanged(job.id)]


def test_an_outage_is_probed_by_one_call_at_a_time(engine: EngineHarness) -> None:
    """Fifty jobs send no more requests than one would.

    The first answer resumes them all within a moment.
    """
    jobs = several(50)
    engine.mint.says = away
    engine.add(*jobs)
    engine.run(HOUR)
    times = engine.mint.times("poll")
    assert len([at for at in times if at > 1300]) <= 60
    assert min(later - before for before, later in itertools.pairwise(times[10:])) >= 1
    came_back = engine.clock.now
    engine.mint.says = there
    engine.run(61)
    first = min(at for at in engine.mint.times("poll") if at > came_back)
    assert first - came_back <= 60
    for number in range(50):
        times = engine.mint.times("poll", f"op_{number}")
        assert next(at for at in times if at >= first) <= first + 1


def test_one_failing_job_delays_no_other(engine: EngineHarness) -> None:
    """Only failures of several jobs in a row are an outage."""
    bad, good = several(2)
    engine.mint.says = lambda what, which: (
        errors.problem_error(errors.Problem(503)) if which == "op_0" else there(what, which)
    )
    engine.add(bad, good)
    engine.run(30)
    assert engine.mint.times("poll", "op_1") == pytest.approx(
        [1000, 1003.2, 1008.32, 1016.512, 1029.6192]
    )
    assert engine.mint.times("poll", "op_0") == [1000, 1001, 1003, 1007, 1015]


def test_failed_calls_are_repeated_at_once_after_an_outage(engine: EngineHarness) -> None:
    """When going online is allowed again, nobody waits for the next probe."""
    engine.mint.says = away
    engine.add(*several(3))
    engine.run(HOUR)
    engine.mint.says = there
    engine.mint.asked.clear()
    engine.scheduler.receive(SetOnline(True))
    engine.run(0.5)
    assert {which for _, _, which in engine.mint.asked} == {"op_0", "op_1", "op_2"}


def test_jobs_wait_for_the_owner_of_the_key(engine: EngineHarness) -> None:
    """Nothing is sent before the owner is known, and an outage at startup ends no job."""
    asked: list[float] = []
    me = engine.mint.me

    def nobody() -> Any:
        asked.append(engine.clock.now)
        raise errors.Unreachable("no route to it")

    engine.mint.me = nobody  # type: ignore[method-assign]
    job = a_job()
    engine.add(job)
    engine.run(HOUR)
    assert engine.job(job).phase is Phase.WAITING
    assert len([at for at in asked if at > 1300]) <= 60
    assert {event.job_id for event in engine.said if isinstance(event, RetryScheduled)} == {job.id}
    engine.mint.me = me  # type: ignore[method-assign]
    engine.run(61)
    assert engine.job(job).phase is Phase.WORKING


@pytest.mark.parametrize(
    "trouble",
    [
        DownloadFailed("files.example could not be reached.", is_outage=True),
        TooSlow("Nothing arrived."),
    ],
    ids=["away", "silent"],
)
def test_a_download_continues_when_its_host_returns(engines: Engines, trouble: Exception) -> None:
    """The job keeps its phase, and nobody has to resume it."""
    tries: list[str] = []

    def fail(url: str, *_: object, **more: object) -> None:
        tries.append(url)
        if engine.clock.now < 1000.0 + HOUR:
            raise trouble

    downloader = PictureDownloader(before=fail)
    engine = engines(downloader=lambda local_files: downloader, executor=InlineExecutor)
    files: dict[str, Any] = {"thumbnailUrl": f"{FILES}t.webp", "glbUrl": f"{FILES}a.glb"}
    engine.mint.says = lambda what, which: (
        asset(**files) if what == "asset" else operation("succeeded", id=which)
    )
    job = working()
    engine.add(job)
    engine.run(HOUR - 1)
    assert engine.job(job).phase is Phase.FETCHING
    assert 60 <= len(tries) <= 70, "seven tries in the first two minutes, then one a minute"
    assert {event.message for event in engine.said if isinstance(event, RetryScheduled)} == {
        str(trouble)
    }
    before = len(tries)
    engine.run(61)
    assert len(tries) > before
    assert engine.job(job).phase is Phase.PAUSED  # what came is no model: another matter


# -- a hanging call delays no other job, and closing does not wait for it


@pytest.fixture
def threaded(engines: Engines) -> EngineHarness:
    """Return an engine whose calls run on threads, as in the program."""
    return engines(executor=Pool)


def hang(threaded: EngineHarness, held: Held, *jobs: Job) -> None:
    """Add jobs whose polls or starts hang, and wait for that; all other calls are answered."""
    what = "poll" if jobs[0].operation else "start"
    names = {job.operation.id if job.operation else job.request.prompt for job in jobs}

    def says(asked: str, of: str) -> Any:
        if asked == what and of in names:
            held.wait(asked)
        return operation(
            "canceled" if asked == "cancel" else "running", id="op_new" if asked == "start" else of
        )

    threaded.mint.says = says
    threaded.add(*jobs)
    until(threaded, lambda: len(held.hanging) == min(len(jobs), SIZES[Lane.CALL]))
    assert set(held.hanging) == {what}


def decide(threaded: EngineHarness, job: Job, verb: Verb = Verb.CANCEL) -> None:
    """Add a decision."""
    threaded.journal.decide(job.id, Decision(verb, f"click-{job.id}"))
    threaded.scheduler.receive(Wake(job.id, 2))


def others_go_on(engine: EngineHarness) -> Job:
    """Wait until another job is polled, and a new one is started; return the first."""
    other, fresh = polled("op_other"), a_job("fresh")
    engine.add(other, fresh)
    until(engine, lambda: engine.mint.times("poll", "op_other"))
    until(engine, lambda: engine.mint.times("start", "fresh"))
    return other


@pytest.mark.covers("R-responsive")
@pytest.mark.parametrize("slow", [polled("slow"), a_job("slow")], ids=["poll", "start"])
def test_a_hanging_call_delays_no_other_job(threaded: EngineHarness, held: Held, slow: Job) -> None:
    """Other jobs are polled, started and canceled, and a query is answered."""
    threaded.mint.usage = lambda: "the balance"  # type: ignore[attr-defined]
    hang(threaded, held, slow)
    other = others_go_on(threaded)
    decide(threaded, other)
    until(threaded, lambda: threaded.job(other).phase is Phase.CANCELED)
    threaded.scheduler._ask(Balance(), 7)
    answers = lambda: [each.answer for each in threaded.said if isinstance(each, QueryAnswered)]  # noqa: E731
    until(threaded, lambda: "the balance" in answers())
    assert not held.gate.is_set()
    assert threaded.clock.now == 1000.0


@pytest.fixture
def picture(threaded: EngineHarness, held: Held, tmp_path: Path) -> str:
    """Return the path of a picture whose upload hangs."""
    (tmp_path / "lamp.png").write_bytes(PIXEL)

    def upload_image(data: bytes, name: str, media_type: str, *, key: str) -> ReferenceImage:
        held.wait("upload")
        return ReferenceImage.from_json({"url": f"{FILES}ref.png"})

    threaded.mint.upload_image = upload_image  # type: ignore[attr-defined]
    return str(tmp_path / "lamp.png")


@pytest.mark.covers("R-responsive")
def test_a_slow_upload_delays_no_job(threaded: EngineHarness, held: Held, picture: str) -> None:
    """A picture may take minutes; other jobs are polled and started meanwhile."""
    slow = a_job("slow", images=(picture,))
    threaded.add(slow)
    until(threaded, lambda: held.hanging == ["upload"])
    others_go_on(threaded)
    held.gate.set()
    until(threaded, lambda: threaded.mint.times("start", "slow"))
    assert threaded.job(slow).image_urls == (f"{FILES}ref.png",)


def test_one_picture_is_sent_once(
    threaded: EngineHarness, held: Held, picture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds also while the first upload is running, and for a file of another name.

    After a month it is sent again, since Mint does not say how long it keeps it.
    """
    threaded.add(*(a_job(name, images=(picture,)) for name in ("one", "two", "three")))
    until(threaded, lambda: held.hanging)
    threaded.run(1)
    held.gate.set()
    until(threaded, lambda: len(threaded.mint.times("start")) == 3)
    other = Path(picture).rename(Path(picture).with_name("other.png"))
    for number, age in ((4, upload.MAX_UPLOAD_AGE), (5, 0.0)):
        monkeypatch.setattr(upload, "MAX_UPLOAD_AGE", age)
        threaded.add(a_job("again", images=(str(other),)))
        until(threaded, lambda number=number: len(threaded.mint.times("start")) == number)
        assert held.hanging == ["upload"] * (number - 3)


def test_a_decision_waits_for_a_pending_start(threaded: EngineHarness, held: Held) -> None:
    """The answer names the operation, to which the decision is then sent.

    Nothing is started twice.
    """
    job = a_job("slow")
    hang(threaded, held, job)
    decide(threaded, job)
    threaded.run(100)
    assert [what for _, what, _ in threaded.mint.asked] == ["start"]
    assert not any(isinstance(event, Idle) for event in threaded.said)
    held.gate.set()
    until(threaded, lambda: threaded.job(job).phase is Phase.CANCELED)
    asked = [(what, which) for _, what, which in threaded.mint.asked]
    assert asked == [("start", "slow"), ("cancel", "op_new")]
    assert threaded.job(job).operation.id == "op_new"
    until(threaded, lambda: Idle(job.id, 2) in threaded.said)


def test_a_decision_after_a_failed_start(threaded: EngineHarness, held: Held) -> None:
    """It does not wait for the next attempt, which is not made any more.

    What the first one may have started is looked for, once nothing of it can be on its way.
    """
    job = a_job("slow")

    def says(what: str, which: str) -> Any:
        if what == "start":
            held.wait("start")
            return errors.Unreachable("no route to it")
        return Page((), None)

    threaded.mint.says = says
    threaded.add(job)
    until(threaded, lambda: held.hanging == ["start"])
    decide(threaded, job)
    held.gate.set()
    until(threaded, lambda: threaded.job(job).problem is not None)
    assert threaded.clock.now == 1000.0
    threaded.run(SETTLED_AFTER)
    until(threaded, lambda: threaded.job(job).phase is Phase.CANCELED)
    assert [what for _, what, _ in threaded.mint.asked] == ["start", "page"]
    assert threaded.job(job).has_note("canceled_in_doubt")


def test_the_answer_for_an_earlier_key_is_stored(threaded: EngineHarness, held: Held) -> None:
    """The operation of a pending start is stored before the job is released."""
    job, other = a_job("slow"), polled("op_other")
    hang(threaded, held, job)
    threaded.add(other)
    threaded.scheduler.receive(SetAccount(Account("another-key")))
    threaded.run(5)
    assert [event.job_id for event in threaded.said if isinstance(event, Idle)] == [other.id]
    held.gate.set()
    until(threaded, lambda: Idle(job.id, 0) in threaded.said)
    assert threaded.job(job).operation.id == "op_new"


def test_the_number_of_threads_is_bounded(threaded: EngineHarness, held: Held) -> None:
    """A hundred hanging jobs use a few threads, and decisions have their own."""
    jobs = several(100)
    hang(threaded, held, *jobs)
    decide(threaded, jobs[50])
    until(threaded, lambda: threaded.job(jobs[50]).phase is Phase.CANCELED)
    ours = [thread.name for thread in threading.enumerate() if thread.name in CALLS]
    assert len(ours) <= sum(SIZES[lane] for lane in CALLS)


def test_thumbnails_do_not_delay_paid_downloads(engines: Engines, held: Held) -> None:
    """The model and its job's own picture are downloaded before the library's pictures."""

    def hang(url: str, *_: object, **more: object) -> None:
        if url.endswith(".webp"):
            held.wait(url)

    downloader = PictureDownloader(b"", hang)
    threaded = engines(downloader=lambda local_files: downloader, executor=Pool)
    for number in range(30):
        threaded.scheduler._ask(Thumbnail(f"{FILES}{number}.webp"), number)
    until(threaded, lambda: len(held.hanging) == SIZES[Lane.PICTURE])
    threaded.mint.says = lambda what, which: (
        asset(glbUrl=f"{FILES}a.glb") if what == "asset" else operation("succeeded", id=which)
    )
    job = working()
    threaded.add(job)
    # it has come: an empty file is no model
    until(threaded, lambda: threaded.job(job).phase is Phase.PAUSED)
    assert len(held.hanging) == SIZES[Lane.PICTURE]


@pytest.mark.covers("C14-threads")
@pytest.mark.parametrize(
    "said",
    [NO_ANSWER, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["silent", "body"],
)
def test_closing_waits_for_no_answer(home: Path, said: bytes) -> None:
    """The job service closes while the call hangs, and the job continues later."""
    with raw_server(answer(Date=date_now()), said, drip=1.0) as server:
        note_owner(home, Account("key", server.base_url))
        job_service = JobService(fast_config(home), Account("key", server.base_url))
        job = job_service.start(LAMP)
        wait_until(lambda: len(server.received) == 2)
        assert job_service.close(20)
        left = {thread.name for thread in threading.enumerate()}
        assert not left & {"mint-worker", *Lane}
        with closing(Journal(home)) as journal:
            kept = journal.job(job.id)
        (request,) = kept.requests
        assert (kept.phase, request.key) == (Phase.SENDING, job.requests[0].key)
        assert (request.state, request.attempts) == (State.IN_DOUBT, 1)


def test_an_answer_during_closing_is_stored(threaded: EngineHarness, held: Held) -> None:
    """The operation is in the journal, so the start is not repeated."""
    job = a_job("slow")
    hang(threaded, held, job)
    threading.Timer(0.05, held.gate.set).start()
    threaded.scheduler.close(20)
    kept = threaded.job(job)
    assert (kept.phase, kept.operation and kept.operation.id) == (Phase.WORKING, "op_new")


# -- a drive that does not answer


@pytest.fixture
def drive(held: Held, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Return a network drive that does not answer."""
    take = LineFile.take

    def hang(*arguments: Any, **more: Any) -> Any:
        held.wait("take")
        return take(*arguments, **more)

    monkeypatch.setattr(LineFile, "take", hang)
    return held


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
        error = errors.problem_error(errors.read_problem(status, BODIES[body]))
        assert is_clear(error) is (status in PROOFS and body == "problem"), status
