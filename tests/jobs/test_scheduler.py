# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler: whose turn it is, what is repeated, who stands in line.

No thread of its own, and a clock that is turned by hand.
"""

from __future__ import annotations

import itertools
import logging
import queue
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.engine import scheduler as desk_module
from mint_blender.jobs.engine.messages import (
    Command,
    Idle,
    JobChanged,
    News,
    RetryScheduled,
    SetOnline,
    Wake,
)
from mint_blender.jobs.engine.scheduler import OVERHEAR_EVERY, Scheduler
from mint_blender.jobs.job import Cause, Decision, Job, Phase, Target, Verb, new_conversion
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint import errors
from mint_blender.mint.schema import Format, Kind, Operation

from ..mint_service.running import ThreadService, running_service
from .office import Office
from .quick import account, quick
from .telling import GLB, a_job, asset, operation, problem, working

# -- due times
# -----------------------------------------------------------------------------------------------------------------


def test_polls_are_due_on_schedule(office: Office) -> None:
    """Each job is asked for when it is due: 2 s, then 3.2, 5.12 … and at most 15 s after the time
    before.
    """
    office.add(a_job())
    office.run(120)
    times = office.mint.times("poll")
    gaps = [
        later - before
        for before, later in zip([office.mint.times("start")[0], *times], times, strict=False)
    ]
    assert gaps == pytest.approx([2, 3.2, 5.12, 8.192, 13.1072, *[15.0] * (len(gaps) - 5)])
    assert len(gaps) > 8


def test_committed_before_it_is_sent(office: Office) -> None:
    """When Mint hears of a start, the journal already knows key and body; when it is polled, the
    operation.
    """
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
        office.scheduler.receive(Wake(job.id, 7))
        office.run()
    assert len(office.mint.times("poll")) == 1


# -- what is repeated
# -----------------------------------------------------------------------------------------------------------


def test_a_failed_call_is_repeated_with_growing_pauses_and_said(office: Office) -> None:
    """Each failure is told with the seconds until the next try; the pauses double, up to a minute."""
    office.mint.says = lambda what, which: errors.Unreachable("no route to it")
    office.add(working())
    office.run(240)
    scheduled_retries = [news for news in office.said if isinstance(news, RetryScheduled)]
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
    assert {retry.sentence for retry in scheduled_retries} == {
        "Mint cannot be reached: no route to it."
    }
    times = office.mint.times("poll")
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


def test_a_success_in_between_begins_anew(office: Office) -> None:
    """Only failures in a row count."""
    turns = iter([True, False] * 50)
    office.mint.says = lambda what, which: (
        errors.Unreachable("no route to it") if next(turns) else operation("running")
    )
    job = working()
    office.add(job)
    office.run(200)
    assert office.job(job).phase is Phase.WORKING
    assert {news.seconds for news in office.said if isinstance(news, RetryScheduled)} == {1.0}


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


# -- the line
# ------------------------------------------------------------------------------------------------------------------


def queue_up(count: int, kind: Kind = Kind.MODEL) -> list[Job]:
    """Jobs of successive clicks."""
    return [
        replace(a_job(f"number {number}", kind=kind), created_at=1000.0 + number)
        for number in range(count)
    ]


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
    """Places are given in the order of the clicks, whatever the order in which the scheduler heard of
    them, and at once when one is free.
    """
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
    """Nobody tells this process, so the head of the line looks again every few seconds; those
    behind it stay behind.
    """
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


def test_who_stands_behind_one_that_another_process_cancels_does_not_wait_for_its_own_next_look(
    home: Path,
) -> None:
    """The head of the line was told to go just before a place became free: the next one asks as
    soon as that click is noticed.
    """
    office = Office(home, slots={Kind.MODEL: 1, Kind.WORLD: 1})
    other = Office(home)
    other.add(a_job("number 9"))
    other.run(1)
    jobs = queue_up(2)
    office.add(*jobs)
    office.run(1)
    other.journal.decide(jobs[0].id, Decision(Verb.CANCEL, "elsewhere"))
    other.mint.says = lambda what, which: operation("canceled")
    other.run(30)
    office.run(OVERHEAR_EVERY)
    assert (office.job(jobs[0]).phase, named(office)) == (Phase.CANCELED, ["number 1"])
    office.close()
    other.close()


# -- going offline
# ----------------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_while_it_is_not_allowed(office: Office) -> None:
    """Offline all stories stand still; afterwards they go on where they were."""
    job = working()
    office.scheduler.receive(SetOnline(False))
    office.add(job)
    office.run(100)
    assert office.mint.asked == []
    office.scheduler.receive(SetOnline(True))
    office.run()
    assert len(office.mint.times("poll")) == 1


# -- clicks of other processes
# -------------------------------------------------------------------------------------------------------


def test_a_click_of_another_process_is_noticed(office: Office, home: Path) -> None:
    """It is in the journal; this scheduler, which drives the job, finds it within two seconds and
    carries it out.
    """
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


def test_a_conversion_that_is_canceled_while_its_model_is_looked_at_is_not_sent(
    office: Office, home: Path
) -> None:
    """The click is in the journal before the answer is here: nothing is sent, and the job is
    canceled.
    """

    def says(what: str, which: str) -> object:
        click = Journal(home)
        click.decide(job.id, Decision(Verb.CANCEL, "click"))
        click.close()
        return asset(glbUrl=GLB)

    office.mint.says = says
    job = new_conversion(asset(glbUrl=GLB), (Format.FBX,), Target(folder="/out"), now=1.0)
    office.add(job)
    office.run(OVERHEAR_EVERY)
    assert [what for _, what, _ in office.mint.asked] == ["asset"]
    assert office.job(job).phase is Phase.CANCELED


def test_what_other_processes_write_about_other_jobs_changes_nothing(
    office: Office, home: Path
) -> None:
    """The journal may be busy: the schedule of the jobs here stays what it is."""
    office.add(working())
    other = Journal(home)
    for _ in range(30):
        other.add(a_job())
        office.run(1)
    other.close()
    assert office.mint.times("poll") == pytest.approx([1000, 1003.2, 1008.32, 1016.512, 1029.6192])


# -- mistakes of ours, and secrets
# ----------------------------------------------------------------------------------------------------


def test_a_mistake_of_ours_concerns_one_job_and_is_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """The job pauses with a sentence and without a traceback; the others go on, and the log has the
    details.
    """
    bad, good = (
        replace(working(), operation=operation("running", id=id)) for id in ("op_bad", "op_good")
    )
    office.mint.says = lambda what, which: (
        KeyError("oh") if which == "op_bad" else operation("running", id=which)
    )
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
    office.scheduler.receive(Wake(bad.id))
    office.run()
    assert office.job(bad).phase is Phase.WORKING


def test_every_look_ends_in_its_own_number(office: Office) -> None:
    """Whoever looked last knows that the rest is the rest of that look."""
    job = working()
    office.mint.says = lambda what, which: operation("canceled")
    office.journal.add(job)
    office.scheduler.receive(Wake(job.id, 3))
    office.scheduler.receive(Wake(job.id, 4))
    office.run()
    assert [news for news in office.said if isinstance(news, Idle)] == [Idle(job.id, 4)]
    office.scheduler.receive(Wake("nobody", 5))
    office.run()
    assert office.said[-1] == Idle("nobody", 5)


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """A stand-in Mint in a hurry."""
    with running_service(speed=1000) as running:
        yield running


def test_the_key_is_nowhere(
    home: Path, service: ThreadService, caplog: pytest.LogCaptureFixture
) -> None:
    """Through successes, refusals and mistakes: not one byte of the home, of the log or of a
    message has the key in it.
    """
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
    outbox: queue.SimpleQueue[News] = queue.SimpleQueue()
    journal = Journal(home)
    with caplog.at_level(logging.DEBUG):
        scheduler = Scheduler(quick(home), account(service), inbox, outbox)
        job = a_job("a lamp [revoked]")
        other = a_job("a lamp")
        for one in (job, other):
            journal.add(one)
            scheduler.receive(Wake(one.id))
        while not scheduler.is_idle:
            while not inbox.empty():
                scheduler.receive(inbox.get())
            wait = scheduler.turn()
            if wait:
                try:
                    scheduler.receive(inbox.get(timeout=wait))
                except queue.Empty:
                    pass
        scheduler.close()
    journal.close()
    said = [outbox.get() for _ in range(outbox.qsize())]
    assert any(isinstance(news, JobChanged) and news.job.phase is Phase.PAUSED for news in said)
    assert service.key not in repr(said)
    assert service.key not in caplog.text
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.name == "journal.sqlite3" for path in files)
    for path in files:
        assert service.key.encode() not in path.read_bytes(), path
