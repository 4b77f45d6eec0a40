# SPDX-License-Identifier: GPL-3.0-or-later
"""The desk: whose turn it is, what is repeated, who stands in line. No thread of its own, and a clock that is turned by hand."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.jobs import desk as desk_module
from mint_blender.jobs.desk import OVERHEAR_EVERY, Desk
from mint_blender.jobs.job import Cause, Decision, Job, Phase, Verb
from mint_blender.jobs.journal import Journal
from mint_blender.jobs.messages import Command, Fetched, Hitch, JobChanged, Look, News, Online, Rested
from mint_blender.jobs.setup import Setup
from mint_blender.jobs.story import Terms
from mint_blender.mint import errors
from mint_blender.mint.account import Account
from mint_blender.mint.pacing import Retries
from mint_blender.mint.schema import Asset, Kind, Mode, Operation, Seen

from ..mint_service.running import ThreadService, running_service
from .quick import account, quick
from .telling import FILES, a_job, asset, operation, problem, working

KEY = "the-key-that-nobody-may-see"


class Clock:
    """Turned by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class PaperMint:
    """Answers the desk's calls from memory: `says` decides by what is asked, and everything asked is noted with its time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[tuple[float, str, str]] = []
        self.says: Callable[[str, str], Any] = lambda what, which: operation("running", id=which)

    def _answer(self, what: str, which: str) -> Any:
        self.asked.append((self.clock.now, what, which))
        said = self.says(what, which)
        if isinstance(said, Exception):
            raise said
        return said

    def start(self, kind: Kind, body: Any, *, key: str) -> Operation:
        return self._answer("start", body["prompt"])  # type: ignore[no-any-return]

    def poll(self, id: str) -> Seen:
        return Seen(self._answer("poll", id))

    def asset(self, kind: Kind, id: str) -> Asset:
        return self._answer("asset", id)  # type: ignore[no-any-return]

    def cancel(self, id: str, *, key: str) -> Operation:
        return self._answer("cancel", id)  # type: ignore[no-any-return]

    def close(self) -> None:
        pass

    def times(self, what: str, which: str | None = None) -> list[float]:
        """When something was asked."""
        return [at for at, asked, of in self.asked if asked == what and which in (None, of)]


class Office:
    """A desk with its queues, a clock and a Mint on paper."""

    def __init__(self, home: Path, **more: Any) -> None:
        self.clock = Clock()
        self.mint = PaperMint(self.clock)
        self.journal = Journal(home)
        self.inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.outbox: queue.SimpleQueue[News] = queue.SimpleQueue()
        self.said: list[News] = []
        # The client is made of paper on purpose: what is tested here is when it is asked, to the second.
        self.setup = Setup(
            home, Terms(), Retries(), **{"clock": self.clock, "chance": lambda: 1.0, "connect": lambda account: self.mint, **more}
        )
        self.desk = Desk(self.setup, Account(KEY), self.inbox, self.outbox)

    def add(self, *jobs: Job) -> None:
        """New jobs, in the journal and before the desk."""
        for job in jobs:
            self.journal.add(job)
            self.desk.receive(Look(job.id))

    def run(self, seconds: float = 0.0) -> None:
        """Let this much time pass, taking every turn when it is due."""
        end = self.clock.now + seconds
        while True:
            while not self.inbox.empty():
                self.desk.receive(self.inbox.get())
            wait = self.desk.turn()
            while not self.outbox.empty():
                self.said.append(self.outbox.get())
            if wait is None or (wait > 0 and self.clock.now + wait > end):
                self.clock.now = end
                return
            self.clock.now += wait

    def job(self, job: Job) -> Job:
        """As it stands in the journal."""
        found = self.journal.job(job.id)
        assert found is not None
        return found

    def close(self) -> None:
        self.desk.close()
        self.journal.close()


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    """An office in an empty home."""
    office = Office(home)
    yield office
    office.close()


# -- due times -----------------------------------------------------------------------------------------------------------------


def test_polls_are_due_on_schedule(office: Office) -> None:
    """Each job is asked for when it is due: 2 s, then 3.2, 5.12 … and at most 15 s after the time before."""
    office.add(a_job())
    office.run(120)
    times = office.mint.times("poll")
    gaps = [later - before for before, later in zip([office.mint.times("start")[0], *times], times, strict=False)]
    assert gaps == pytest.approx([2, 3.2, 5.12, 8.192, 13.1072, *[15.0] * (len(gaps) - 5)])
    assert len(gaps) > 8


def test_committed_before_it_is_sent(office: Office) -> None:
    """When Mint hears of a start, the journal already knows key and body; when it is polled, the operation."""
    job = a_job()
    known: list[tuple[str, Job]] = []

    def note(what: str, which: str) -> Operation:
        known.append((what, office.job(job)))
        return operation("running")

    office.mint.says = note
    office.add(job)
    office.run(3)
    assert [what for what, _ in known] == ["start", "poll"]
    start, poll = (at_that_time for _, at_that_time in known)
    assert (start.phase, start.key, start.operation) == (Phase.SENDING, job.key, None)
    assert start.body is not None
    assert poll.operation is not None


def test_the_most_urgent_first(office: Office) -> None:
    """Jobs do not hold each other up: what is due earlier is asked earlier, whoever came first."""
    first = replace(working(), operation=operation("running", id="op_first"))
    office.add(first)
    office.run(10)
    office.add(replace(working(), operation=operation("running", id="op_second")))
    office.run(6)
    assert office.mint.times("poll", "op_second") == pytest.approx([1010, 1013.2])


def test_a_look_at_a_story_that_goes_on_changes_nothing(office: Office) -> None:
    """Looking again and again does not make anybody poll more often."""
    job = working()
    office.add(job)
    office.run(1)
    for _ in range(10):
        office.desk.receive(Look(job.id, 7))
        office.run()
    assert len(office.mint.times("poll")) == 1


# -- what is repeated -----------------------------------------------------------------------------------------------------------


def test_a_failed_call_is_repeated_with_growing_pauses_and_said(office: Office) -> None:
    """Each failure is told with the seconds until the next try; the pauses double."""
    office.mint.says = lambda what, which: errors.Unreachable("no route to it")
    office.add(working())
    office.run(300)
    hitches = [news for news in office.said if isinstance(news, Hitch)]
    assert [hitch.seconds for hitch in hitches] == [1, 2, 4, 8, 16]
    assert {hitch.sentence for hitch in hitches} == {"Mint cannot be reached: no route to it."}
    times = office.mint.times("poll")
    assert [later - before for before, later in itertools.pairwise(times)] == [1, 2, 4, 8, 16]


def test_repeating_is_bound_in_number(office: Office) -> None:
    """After six tries the job pauses with the reason, and can be picked up."""
    job = working()
    office.mint.says = lambda what, which: errors.Unreachable("no route to it")
    office.add(job)
    office.run(300)
    assert len(office.mint.asked) == Retries().attempts
    assert office.job(job).phase is Phase.PAUSED
    trouble = office.job(job).trouble
    assert trouble is not None
    assert trouble.cause is Cause.UNREACHABLE
    office.mint.says = lambda what, which: operation("running")
    office.desk.receive(Look(job.id))
    office.run()
    assert office.job(job).phase is Phase.WORKING


def test_repeating_is_bound_in_time(office: Office) -> None:
    """Long pauses that Mint asks for are kept, but not for ever: three minutes in all."""
    refusal = errors.problem_error(errors.Problem(503), retry_after=100.0)
    office.mint.says = lambda what, which: refusal
    office.add(working())
    office.run(1000)
    assert office.mint.times("poll") == [1000, 1100]


def test_a_success_in_between_begins_anew(office: Office) -> None:
    """Only failures in a row count."""
    turns = iter([True, False] * 50)
    office.mint.says = lambda what, which: errors.Unreachable("no route to it") if next(turns) else operation("running")
    job = working()
    office.add(job)
    office.run(200)
    assert office.job(job).phase is Phase.WORKING
    assert {news.seconds for news in office.said if isinstance(news, Hitch)} == {1.0}


def test_what_may_not_be_repeated_is_not(office: Office) -> None:
    """A refused key is told at once."""
    job = working()
    office.mint.says = lambda what, which: problem(401)
    office.add(job)
    office.run(100)
    assert len(office.mint.asked) == 1
    trouble = office.job(job).trouble
    assert trouble is not None
    assert trouble.cause is Cause.KEY


# -- the line ------------------------------------------------------------------------------------------------------------------


def queue_up(count: int, kind: Kind = Kind.MODEL) -> list[Job]:
    """Jobs of successive clicks."""
    return [replace(a_job(f"number {number}", kind=kind), created_at=1000.0 + number) for number in range(count)]


def named(office: Office) -> list[str]:
    """Which starts Mint has heard of, in order."""
    return [which for _, what, which in office.mint.asked if what == "start"]


def test_the_eleventh_model_waits_and_a_world_does_not(office: Office) -> None:
    """Ten models at once, and ten worlds: the eleventh of a kind is not even sent."""
    office.mint.says = lambda what, which: operation("running", id=which.replace("number ", "op_"))
    jobs = queue_up(11)
    office.add(*jobs)
    office.run(60)
    assert named(office) == [f"number {number}" for number in range(10)]
    assert office.job(jobs[10]).phase is Phase.WAITING
    office.add(a_job("a world", kind=Kind.WORLD))
    office.run(1)
    assert named(office)[-1] == "a world"


def test_first_come_first_served(home: Path) -> None:
    """Places are given in the order of the clicks, whatever the order in which the desk heard of them, and at once when one is free."""
    office = Office(home, slots={Kind.MODEL: 1, Kind.WORLD: 1})
    over = [False]
    office.mint.says = lambda what, which: operation(
        "canceled" if over[0] and what == "poll" else "running", id=which.replace("number ", "op_")
    )
    jobs = queue_up(5)
    office.add(jobs[0])
    office.run(1)
    office.add(*reversed(jobs[1:]))
    office.run(20)
    assert named(office) == ["number 0"]
    over[0] = True
    office.run(200)
    assert named(office) == [f"number {number}" for number in range(5)]
    starts = {which: at for at, what, which in office.mint.asked if what == "start"}
    ends = {which: at for at, what, which in office.mint.asked if what == "poll" and at > 1021}
    assert starts["number 2"] == ends["op_1"], "the next one does not wait for its own next look"
    office.close()


def test_a_place_that_another_process_gave_up_is_found(home: Path) -> None:
    """Nobody tells this process, so the head of the line looks again every few seconds; those behind it stay behind."""
    office = Office(home, slots={Kind.MODEL: 1, Kind.WORLD: 1})
    other = Office(home)
    blocker = a_job("number 9")
    other.add(blocker)
    other.run(1)
    jobs = queue_up(3)
    office.add(*jobs)
    office.run(30)
    assert named(office) == []
    other.mint.says = lambda what, which: operation("canceled")
    other.run(30)
    office.run(desk_module.LINE_WAIT)
    assert named(office) == ["number 0"]
    office.close()
    other.close()


# -- going offline ----------------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_while_it_is_not_allowed(office: Office) -> None:
    """Offline all stories stand still; afterwards they go on where they were."""
    job = working()
    office.desk.receive(Online(False))
    office.add(job)
    office.run(100)
    assert office.mint.asked == []
    office.desk.receive(Online(True))
    office.run()
    assert len(office.mint.times("poll")) == 1


# -- clicks of other processes -------------------------------------------------------------------------------------------------------


def test_a_click_of_another_process_is_noticed(office: Office, home: Path) -> None:
    """It is in the journal; this desk, which drives the job, finds it within two seconds and carries it out."""
    job = working()
    office.add(job)
    office.run(40)
    office.mint.says = lambda what, which: operation("canceled")
    other = Journal(home)
    other.decide(job.id, Decision(Verb.CANCEL, "elsewhere"))
    other.close()
    before = office.clock.now
    office.run(OVERHEAR_EVERY)
    (at,) = office.mint.times("cancel")
    assert at - before <= OVERHEAR_EVERY
    assert office.job(job).phase is Phase.CANCELED
    assert office.job(job).decision is None


def test_what_other_processes_write_about_other_jobs_changes_nothing(office: Office, home: Path) -> None:
    """The journal may be busy: the schedule of the jobs here stays what it is."""
    office.add(working())
    other = Journal(home)
    for _ in range(30):
        other.add(a_job())
        office.run(1)
    other.close()
    assert office.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])


# -- downloads --------------------------------------------------------------------------------------------------------------------


class HeldDownloader(Downloader):
    """Downloads nothing until it is told; for the order of things, not for bytes."""

    def __init__(self, gate: threading.Event, begun: list[Path], stops: list[Callable[[], bool]] | None = None) -> None:
        super().__init__()
        self._gate, self._begun, self._stops = gate, begun, [] if stops is None else stops

    def fetch(self, url: str, target: Path, **more: Any) -> Path:  # type: ignore[override]
        self._stops.append(more["stop"])
        self._begun.append(target)
        assert self._gate.wait(20)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
        return target


def until(office: Office, condition: Callable[[], bool]) -> None:
    """Take in what the download threads say until something is so."""
    for _ in range(200):
        office.run()
        if condition():
            return
        try:
            office.desk.receive(office.inbox.get(timeout=0.1))
        except queue.Empty:
            pass
    raise AssertionError("it did not come to that")


def in_review() -> Job:
    """A job whose preview is to be fetched."""
    told = operation("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"})
    return replace(working(Mode.REVIEW), phase=Phase.REVIEW, operation=told)


def test_a_slow_download_delays_no_poll(home: Path) -> None:
    """While one job's file hangs, the others are polled to the second."""
    gate, begun = threading.Event(), list[Path]()
    office = Office(home, downloader=lambda: HeldDownloader(gate, begun))
    slow = in_review()
    office.add(slow, working())
    office.run(30)
    assert office.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])
    gate.set()
    until(office, lambda: office.job(slow).has_preview)
    assert len(begun) == 1
    office.close()


def test_a_slow_preview_in_passing_delays_not_even_its_own_job(home: Path) -> None:
    """In auto mode the picture comes beside the polls: while it hangs they follow the schedule, and it is taken in when it has come."""
    gate, begun = threading.Event(), list[Path]()
    office = Office(home, downloader=lambda: HeldDownloader(gate, begun))
    job = working()
    office.mint.says = lambda what, which: operation("running", id=which, assets={"previewImageUrl": f"{FILES}p.webp"})
    office.add(job)
    office.run(30)
    assert office.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])
    gate.set()
    office.desk.receive(office.inbox.get(timeout=20))
    office.run(15)
    assert office.job(job).has_preview
    office.run(60)
    assert len(begun) == 1
    office.close()


def test_a_preview_that_still_hangs_when_the_result_is_there_is_given_up(home: Path) -> None:
    """The result's files wait for no picture that merely passed by; the picture is told to stop."""
    gate, begun, stops = threading.Event(), list[Path](), list[Callable[[], bool]]()
    office = Office(home, downloader=lambda: HeldDownloader(gate, begun, stops))
    told = {"previewImageUrl": f"{FILES}p.webp", "glbUrl": f"{FILES}a.glb"}
    status = ["running"]
    office.mint.says = lambda what, which: asset(**told) if what == "asset" else operation(status[0], id=which, assets=told)
    office.add(working())
    office.run(5)
    until(office, lambda: bool(begun))
    assert [path.stem for path in begun] == ["preview-1"]
    assert not stops[0]()
    status[0] = "succeeded"
    office.run(15)
    until(office, lambda: len(begun) == 2)
    assert begun[1].stem == "model"
    assert stops[0]()
    assert not stops[1]()
    gate.set()
    office.close()


def test_a_late_download_is_ignored(home: Path) -> None:
    """A click came while the picture was on its way: its late arrival disturbs nothing that is told by then."""
    gate, begun = threading.Event(), list[Path]()
    office = Office(home, downloader=lambda: HeldDownloader(gate, begun))
    job = in_review()
    office.add(job)
    office.run(1)
    office.journal.decide(job.id, Decision(Verb.CANCEL, "click"))
    office.mint.says = lambda what, which: operation("running", Mode.REVIEW)
    office.desk.receive(Look(job.id, 2))
    office.run(1)
    gate.set()
    office.desk.receive(office.inbox.get(timeout=20))
    office.run(1)
    assert office.job(job).phase is Phase.WORKING
    assert office.job(job).files == ()
    office.close()


def test_an_answer_to_an_earlier_desk_is_ignored(home: Path) -> None:
    """Stories are numbered across desks: what the desk of an earlier thread had sent for is nobody's answer now."""
    first = Office(home)
    first.add(working())
    first.close()
    office = Office(home)
    job = working()
    office.add(job)
    for serial in range(5):
        office.desk.receive(Fetched(job.id, serial, "preview-1", operation("running")))  # type: ignore[arg-type]  # nobody looks into it
    office.run(1)
    assert office.job(job).phase is Phase.WORKING
    office.close()


def test_one_download_of_a_job_at_a_time(home: Path) -> None:
    """A download that nobody wants any more may hold its file for a moment: the next one of that job begins afterwards."""
    gate, begun = threading.Event(), list[Path]()
    office = Office(home, downloader=lambda: HeldDownloader(gate, begun))
    job = in_review()
    office.add(job)
    office.run(1)
    office.journal.decide(job.id, Decision(Verb.CANCEL, "click"))
    office.mint.says = lambda what, which: problem(404) if what == "cancel" else job.operation
    office.desk.receive(Look(job.id, 2))
    office.run(5)
    assert len(begun) == 1, "it waits"
    gate.set()
    until(office, lambda: office.job(job).has_preview)
    assert len(begun) == 2
    assert begun[0] == begun[1]
    office.close()


# -- mistakes of ours, and secrets ----------------------------------------------------------------------------------------------------


def test_a_mistake_of_ours_concerns_one_job_and_is_logged(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """The job pauses with a sentence and without a traceback; the others go on, and the log has the details."""
    bad, good = (replace(working(), operation=operation("running", id=id)) for id in ("op_bad", "op_good"))
    office.mint.says = lambda what, which: KeyError("oh") if which == "op_bad" else operation("running", id=which)
    with caplog.at_level(logging.ERROR):
        office.add(bad, good)
        office.run(10)
    assert office.job(bad).phase is Phase.PAUSED
    trouble = office.job(bad).trouble
    assert trouble is not None
    assert trouble.cause is Cause.INTERNAL
    assert trouble.sentence == (
        "Something in the add-on went wrong (KeyError). Nothing is lost: resume, and if it stays so, copy the report."
    )
    assert len(office.mint.times("poll", "op_good")) == 3
    assert "Traceback" in caplog.text
    office.mint.says = lambda what, which: operation("running", id=which)
    office.desk.receive(Look(bad.id))
    office.run()
    assert office.job(bad).phase is Phase.WORKING


def test_a_mistake_in_a_download_concerns_one_job(home: Path) -> None:
    """Also on a thread of the pool nothing breaks but that one file."""

    class Broken(Downloader):
        def fetch(self, *arguments: Any, **more: Any) -> Path:
            raise KeyError("oh")

    office = Office(home, downloader=Broken)
    job = in_review()
    office.add(job)
    until(office, lambda: office.job(job).notes != ())
    assert office.job(job).phase is Phase.REVIEW
    assert "Something in the add-on went wrong (KeyError)" in office.job(job).notes[0]
    office.close()


def test_every_look_ends_in_its_own_number(office: Office) -> None:
    """Whoever looked last knows that the rest is the rest of that look."""
    job = working()
    office.mint.says = lambda what, which: operation("canceled")
    office.journal.add(job)
    office.desk.receive(Look(job.id, 3))
    office.desk.receive(Look(job.id, 4))
    office.run()
    assert [news for news in office.said if isinstance(news, Rested)] == [Rested(job.id, 4)]
    office.desk.receive(Look("nobody", 5))
    office.run()
    assert office.said[-1] == Rested("nobody", 5)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """A stand-in Mint in a hurry."""
    with running_service(speed=1000) as running:
        yield running


def test_the_key_is_nowhere(home: Path, service: ThreadService, caplog: pytest.LogCaptureFixture) -> None:
    """Through successes, refusals and mistakes: not one byte of the home, of the log or of a message has the key in it."""
    service.scenario(answers=[{"path": "/v1/operations/*", "answer": {"status": 401, "detail": f"Wrong key: {service.key}"}, "skip": 1}])
    inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
    outbox: queue.SimpleQueue[News] = queue.SimpleQueue()
    journal = Journal(home)
    with caplog.at_level(logging.DEBUG):
        desk = Desk(quick(home), account(service), inbox, outbox)
        job = a_job("a lamp [revoked]")
        other = a_job("a lamp")
        for one in (job, other):
            journal.add(one)
            desk.receive(Look(one.id))
        while not desk.is_idle:
            while not inbox.empty():
                desk.receive(inbox.get())
            wait = desk.turn()
            if wait:
                try:
                    desk.receive(inbox.get(timeout=wait))
                except queue.Empty:
                    pass
        desk.close()
    journal.close()
    said = [outbox.get() for _ in range(outbox.qsize())]
    assert any(isinstance(news, JobChanged) and news.job.phase is Phase.PAUSED for news in said)
    assert service.key not in repr(said)
    assert service.key not in caplog.text
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "journal.sqlite3" for path in files)
    for path in files:
        assert service.key.encode() not in path.read_bytes(), path
