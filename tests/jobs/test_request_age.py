# SPDX-License-Identifier: GPL-3.0-or-later
"""How old a paid request is, and when it was sent, is said by Mint's clock, never by ours."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mint_blender.jobs.engine.thread_messages import Wake
from mint_blender.jobs.job import Job, is_unanswered
from mint_blender.mint.errors import Unreachable
from mint_blender.mint.schema import Asset, Kind, Page

from .engine_harness import EngineHarness
from .workflow_harness import a_job, operation, problem

CLICK = 1_795_912_469.0
"""Mint's time at the click."""
HOUR, DAY = 3600.0, 86_400.0


class Computer:
    """A computer with a clock that may be wrong, and processes that end."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._home = home
        self.ahead = 0.0  # seconds by which its clock is ahead
        self.since_click = 0.0  # seconds by Mint's clock
        self.listed: tuple[Asset, ...] = ()
        self.loses_answers = True
        self.keys: list[str] = []
        self.stack = ExitStack()
        monkeypatch.setattr(time, "time", lambda: CLICK + self.since_click + self.ahead)

    def run(self, seconds: float, job: Job | None = None) -> EngineHarness:
        """Let a new process work for so long, with a new job or those of the journal."""
        self.stack.close()
        engine = EngineHarness(self._home)
        self.stack.enter_context(closing(engine))
        begun, begin = self.since_click, engine.clock.now
        engine.mint.time = lambda: CLICK + begun + engine.clock.now - begin
        engine.mint.says = self._say
        real = engine.mint.start

        def start(kind: Kind, body: Any, *, key: str) -> Any:
            self.keys.append(key)
            return real(kind, body, key=key)

        engine.mint.start = start  # type: ignore[method-assign]
        if job is not None:
            engine.add(job)
        for each in engine.journal.jobs():
            engine.scheduler.receive(Wake(each.id))
        engine.run(seconds)
        self.since_click = begun + seconds
        return engine

    def _say(self, what: str, which: str) -> Any:
        if what == "page":
            return Page(self.listed, None)
        if what == "start" and not self.loses_answers:
            return operation("running")
        return Unreachable("gone") if what == "start" else problem(404)


@pytest.fixture
def computer(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Computer]:
    """Yield a computer on which nothing was started yet."""
    computer = Computer(home, monkeypatch)
    yield computer
    computer.stack.close()


@pytest.mark.covers("R-pay-once")
@pytest.mark.parametrize("ahead", [3 * DAY, -3 * DAY])
def test_a_clock_that_is_set_right_makes_no_request_young(computer: Computer, ahead: float) -> None:
    """26 hours after the click Mint has forgotten the key, whatever our clock has said."""
    job = a_job()
    computer.ahead = ahead
    computer.run(60.0, job)
    sent = len(computer.keys)
    assert sent > 0
    computer.ahead, computer.since_click = 0.0, 26 * HOUR
    engine = computer.run(30 * 60.0)
    assert len(computer.keys) == sent
    assert is_unanswered(engine.job(job))


def test_a_clock_that_jumps_makes_no_request_old(computer: Computer) -> None:
    """A minute after the click, Mint still answers with what it has started."""
    job = a_job()
    computer.run(30.0, job)
    computer.ahead, computer.loses_answers = 3 * DAY, False
    engine = computer.run(60.0)
    assert len(computer.keys) > 1 and len(set(computer.keys)) == 1
    assert engine.job(job).operation is not None


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, 400 * DAY])
def test_a_wrong_clock_hides_nothing_from_the_look(computer: Computer, ahead: float) -> None:
    """Mint's list is searched from Mint's time of the first attempt."""
    job = a_job()
    computer.ahead = ahead
    computer.run(30.0, job)
    made = datetime.fromtimestamp(CLICK + 1.0, UTC).isoformat()
    earlier = datetime.fromtimestamp(CLICK - HOUR / 2, UTC).isoformat()
    computer.listed = tuple(
        Asset.from_json(
            Kind.MODEL, {"id": id, "prompt": "a lamp", "status": "running", "createdAt": at}
        )
        for id, at in (("res_9", made), ("res_0", earlier))
    )
    computer.since_click = 13 * HOUR
    request = computer.run(30 * 60.0).job(job).start_request
    assert request is not None and request.found_asset == "res_9"


def test_the_time_of_a_clean_request_is_that_of_its_attempt(computer: Computer) -> None:
    """A job may wait in the queue for days: that makes nothing old."""
    job = a_job()
    computer.ahead = 3 * DAY
    computer.loses_answers = False
    computer.since_click = 5 * DAY
    engine = computer.run(30.0, job)
    request = engine.job(job).start_request
    assert request is not None
    assert CLICK + 5 * DAY <= request.born <= CLICK + 5 * DAY + 30.0
