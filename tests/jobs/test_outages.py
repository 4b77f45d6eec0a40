# SPDX-License-Identifier: GPL-3.0-or-later
"""The network fails and returns: jobs keep their phase and continue, with few requests.

The clock is moved by hand.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.errors import DownloadFailed, TooSlow
from mint_blender.jobs.engine.thread_messages import Recovered, RetryScheduled, SetOnline, Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Decision, Role
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.queries import Balance
from mint_blender.mint import errors
from mint_blender.mint.schema import Kind, Operation

from .engine_harness import EngineHarness, InlineExecutor
from .workflow_harness import FILES, a_job, asset, operation, working

HOUR = 3600.0


def away(what: str, which: str) -> Exception:
    """Make Mint unreachable."""
    return errors.Unreachable("no route to it")


def there(what: str, which: str) -> Any:
    """Make Mint answer again."""
    return operation("running", id=which)


def several(count: int) -> list[Job]:
    """Return jobs that are running at Mint."""
    return [
        replace(working(), operation=operation("running", id=f"op_{number}"))
        for number in range(count)
    ]


@pytest.mark.covers("R-outage")
def test_polling_continues_within_a_minute_after_an_outage(engine: EngineHarness) -> None:
    """A job continues by itself after a day without a network."""
    job = working()
    engine.mint.says = away
    engine.add(job)
    engine.run(24 * HOUR)
    assert (engine.job(job).phase, engine.job(job).problem) == (Phase.WORKING, None)
    engine.mint.says = lambda what, which: operation("canceled", id=which)
    engine.run(60)
    assert engine.job(job).phase is Phase.CANCELED


@pytest.mark.covers("C7-same-key")
def test_a_start_is_repeated_during_an_outage(engine: EngineHarness) -> None:
    """The same body and key are sent for hours, until Mint accepts the start."""
    job, sent = a_job(), []
    start = engine.mint.start

    def noted(kind: Kind, body: Any, *, key: str) -> Operation:
        sent.append((json.dumps(body), key))
        return start(kind, body, key=key)

    engine.mint.start = noted  # type: ignore[method-assign]
    engine.mint.says = away
    engine.add(job)
    engine.run(6 * HOUR)
    assert engine.job(job).phase is Phase.SENDING
    engine.mint.says = there
    engine.run(60)
    after = engine.job(job)
    assert after.phase is Phase.WORKING
    (request,) = after.requests
    assert request.key == job.requests[0].key
    assert len(sent) == request.attempts > 100 and len(set(sent)) == 1


def test_an_outage_is_probed_by_one_call_at_a_time(engine: EngineHarness) -> None:
    """Fifty jobs send no more requests than one would.

    The first answer resumes them all within a moment.
    """
    jobs = several(50)
    engine.mint.says = away
    engine.add(*jobs)
    engine.run(2 * HOUR)
    times = engine.mint.times("poll")
    assert len([at for at in times if at > 1300]) <= 2 * 60
    assert min(later - before for before, later in itertools.pairwise(times[10:])) >= 1
    came_back = engine.clock.now
    engine.mint.says = there
    engine.run(61)
    first = min(at for at in engine.mint.times("poll") if at > came_back)
    assert first - came_back <= 60
    for number in range(50):
        assert (
            next(at for at in engine.mint.times("poll", f"op_{number}") if at >= first) <= first + 1
        )


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


def test_retry_after_is_limited_to_a_quarter_of_an_hour(engine: EngineHarness) -> None:
    """Ten minutes are waited, an hour is not, and 0 is a second.

    Such an answer is not an outage.
    """
    asked = iter([600.0, 3600.0, 0.0, 0.0])
    engine.mint.says = lambda what, which: errors.problem_error(
        errors.Problem(503), retry_after=next(asked)
    )
    engine.add(working())
    engine.run(600 + 900 + 1.5)
    times = engine.mint.times("poll")
    assert [later - before for before, later in itertools.pairwise(times)] == [600, 900, 1]
    scheduled_retries = [event for event in engine.said if isinstance(event, RetryScheduled)]
    assert scheduled_retries[0].without_answer == 0.0


def test_a_decision_is_sent_first_after_an_outage(engine: EngineHarness, home: Path) -> None:
    """A decision is sent before all polls that are due."""
    jobs = several(5)
    engine.mint.says = away
    engine.add(*jobs)
    engine.run(HOUR)
    engine.mint.says = lambda what, which: operation(
        "canceled" if what == "cancel" else "running", id=which
    )
    engine.journal.decide(jobs[4].id, Decision(Verb.CANCEL, "click"))
    engine.scheduler.receive(Wake(jobs[4].id, 2))
    engine.mint.asked.clear()
    engine.run(61)
    assert engine.mint.asked[0][1:] == ("cancel", "op_4")


def test_the_end_of_an_outage_is_reported(engine: EngineHarness) -> None:
    """The message about the network is removed, also when nothing else changed."""
    job = working()
    engine.add(job)
    engine.run(1)
    engine.mint.says = away
    engine.run(10)
    assert not any(isinstance(event, Recovered) for event in engine.said)
    engine.mint.says = there
    engine.run(60)
    assert [event for event in engine.said if isinstance(event, Recovered)] == [Recovered(job.id)]


def test_going_online_ends_the_pause(engine: EngineHarness) -> None:
    """Failed calls are repeated at once when going online is allowed again."""
    engine.mint.says = away
    engine.add(*several(3))
    engine.run(HOUR)
    engine.mint.says = there
    engine.mint.asked.clear()
    engine.scheduler.receive(SetOnline(True))
    engine.run(0.5)
    assert {which for _, _, which in engine.mint.asked} == {"op_0", "op_1", "op_2"}


def test_jobs_wait_for_the_owner_of_the_key(
    engine: EngineHarness,
) -> None:
    """Nothing is sent before the owner is known, and an outage at startup ends no job."""
    asked: list[float] = []
    me = engine.mint.me

    def nobody() -> Any:
        asked.append(engine.clock.now)
        raise errors.Unreachable("no route to it")

    engine.mint.me = nobody  # type: ignore[method-assign]
    job = a_job()
    engine.add(job)
    engine.run(6 * HOUR)
    assert engine.job(job).phase is Phase.WAITING
    assert len([at for at in asked if at > 1300]) <= 6 * 60
    assert {event.job_id for event in engine.said if isinstance(event, RetryScheduled)} == {job.id}
    engine.mint.me = me  # type: ignore[method-assign]
    engine.run(61)
    assert engine.job(job).phase is Phase.WORKING


def test_an_answered_query_ends_an_outage(engine: EngineHarness) -> None:
    """When the balance was read, the jobs need not wait any longer."""
    engine.mint.says = away
    engine.add(*several(3))
    engine.run(HOUR)
    engine.mint.says = there
    engine.mint.usage = lambda: None  # type: ignore[attr-defined]
    engine.mint.asked.clear()
    engine.scheduler._ask(Balance(), 1)
    engine.run(0.5)
    assert {which for _, _, which in engine.mint.asked} == {"op_0", "op_1", "op_2"}


def test_a_refusal_during_an_outage_pauses_the_job(engine: EngineHarness) -> None:
    """A refusal is an answer, so the call is not repeated."""
    jobs = several(3)
    engine.mint.says = away
    engine.add(*jobs)
    engine.run(HOUR)
    engine.mint.says = lambda what, which: errors.problem_error(errors.Problem(401))
    engine.run(61)
    assert {engine.job(job).phase for job in jobs} == {Phase.PAUSED}
    assert {job.problem.cause for job in map(engine.job, jobs) if job.problem} == {Cause.KEY}


class Unsteady(Downloader):
    """A downloader whose host fails until a test changes that."""

    trouble: Exception | None = None
    tries = 0

    def fetch(self, url: str, target: Path, **more: Any) -> Path:  # type: ignore[override]
        Unsteady.tries += 1
        if Unsteady.trouble is not None:
            raise Unsteady.trouble
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(
            b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
        )
        return target


@pytest.mark.parametrize(
    "trouble",
    [
        DownloadFailed("files.example could not be reached.", is_outage=True),
        TooSlow("Nothing arrived."),
    ],
    ids=["away", "silent"],
)
def test_a_download_continues_when_its_host_returns(
    home: Path, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job keeps its phase, and nobody has to resume it."""
    engine = EngineHarness(
        home,
        downloader=lambda local_files: Unsteady(),
        executor=lambda name, size, idle_timeout: InlineExecutor(),
    )
    monkeypatch.setattr(Unsteady, "tries", 0)
    monkeypatch.setattr(Unsteady, "trouble", trouble)
    files = {"thumbnailUrl": f"{FILES}t.webp", "glbUrl": f"{FILES}a.glb"}
    engine.mint.says = lambda what, which: (
        asset(**files) if what == "asset" else operation("succeeded", id=which)
    )
    job = working()
    engine.add(job)
    engine.run(HOUR)
    assert engine.job(job).phase is Phase.FETCHING
    assert 60 <= Unsteady.tries <= 70, "seven tries in the first two minutes, then one a minute"
    assert {event.message for event in engine.said if isinstance(event, RetryScheduled)} == {
        str(trouble)
    }
    monkeypatch.setattr(Unsteady, "trouble", None)
    before = Unsteady.tries
    engine.run(60)
    assert Unsteady.tries > before
    assert engine.job(job).file(Role.MODEL) is None  # what came is no model: another matter
    engine.close()
