# SPDX-License-Identifier: GPL-3.0-or-later
"""A computer that sleeps for more than a day between two tries of a paid call.

Mint has forgotten the idempotency key by then, and would carry out the call a second time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.errors import DownloadFailed
from mint_blender.jobs.engine.thread_messages import SetOnline, Wake
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Decision
from mint_blender.jobs.paid_requests.record import State
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.workflow.context import WorkflowConfig
from mint_blender.mint import errors
from mint_blender.mint.schema import Mode, Page

from .engine_harness import EngineHarness
from .workflow_harness import (
    GLB,
    a_job,
    an_optimization,
    asset,
    job_in_review,
    operation,
    problem,
)

NIGHT = 30 * 3600.0
"""Seconds of sleep, after which Mint has forgotten every key."""

LOST = errors.Unreachable("no answer")


class NoDownloader(Downloader):
    """A downloader without a network."""

    def fetch(self, url: str, target: Path, **more: object) -> Path:
        raise DownloadFailed("There is no network.")


class Computer(EngineHarness):
    """A scheduler whose clock stands still while its computer sleeps, as opposed to the date."""

    def __init__(self, home: Path) -> None:
        super().__init__(
            home,
            workflow_config=WorkflowConfig(now=self._now),
            downloader=lambda local: NoDownloader(),
        )
        self.slept, self.began = 0.0, time.time() - self.clock.now
        self.mint.time = self._now

    def _now(self) -> float:
        return self.began + self.clock.now + self.slept

    def sleep(self) -> None:
        """Sleep for more than a day, then run for an hour."""
        self.slept = NIGHT
        self.run(3600.0)


@pytest.fixture
def computer(home: Path) -> Iterator[Computer]:
    """A computer that can sleep."""
    computer = Computer(home)
    yield computer
    computer.close()


def add(
    computer: Computer,
    job: Job,
    paid: str,
    failure: Exception = LOST,
    *,
    decision: Decision | None = None,
) -> None:
    """Let a paid call of a job fail until the next try is due in some seconds."""

    def answer(what: str, which: str) -> Any:
        if what == paid:
            return failure
        if what == "page":
            return Page((), None)
        return asset(glbUrl=GLB) if what == "asset" else operation("preview_ready", Mode.REVIEW)

    computer.mint.says = answer
    computer.journal.add(job)
    if decision is not None:
        assert computer.journal.decide(job.id, decision)
    computer.scheduler.receive(Wake(job.id))
    computer.run(0.1)
    assert len(computer.mint.times(paid)) == 1


@pytest.mark.covers("C7-stored")
@pytest.mark.parametrize("failure", [LOST, problem(409), problem(503), problem(504)])
def test_a_start_is_searched_for_instead(computer: Computer, failure: Exception) -> None:
    """Nothing is found, so a person decides; nothing is sent."""
    job = a_job()
    add(computer, job, "start", failure)
    computer.sleep()
    assert len(computer.mint.times("start")) == 1
    assert computer.mint.times("page")
    assert computer.job(job).phase is Phase.PAUSED


def test_a_start_that_mint_has_refused_is_sent(computer: Computer) -> None:
    """Mint has clearly done nothing, so nothing can be started a second time."""
    job = a_job()
    add(computer, job, "start", problem(429))
    assert computer.job(job).requests[0].state is State.CLEAN
    computer.mint.says = lambda what, which: operation("running", id="op_1")
    computer.sleep()
    assert len(computer.mint.times("start")) == 2
    assert computer.mint.times("page") == []


@pytest.mark.parametrize("failure", [LOST, problem(429), problem(504)])
def test_a_revision_is_asked_again(computer: Computer, failure: Exception) -> None:
    """What Mint shows now is shown, and the user decides about that."""
    job = job_in_review()
    add(computer, job, "revise", failure, decision=Decision(Verb.REVISE, "", "greener"))
    computer.sleep()
    (revised,) = computer.mint.times("revise")
    assert computer.mint.times("poll")[-1] > revised
    after = computer.job(job)
    assert after.decision is None and after.has_note("decide_again")


def test_an_optimization_is_not_repeated(computer: Computer) -> None:
    """The model is there, and can be used without it."""
    job = an_optimization()
    add(computer, job, "optimize")
    computer.sleep()
    assert len(computer.mint.times("optimize")) == 1
    assert computer.job(job).has_note("optimizing_unanswered")


def test_a_start_that_is_to_be_canceled_is_searched_for(computer: Computer) -> None:
    """Mint may have started it: Mint's list is read, and nothing is sent to find out."""
    job = a_job()
    add(computer, job, "start")
    assert computer.journal.decide(job.id, Decision(Verb.CANCEL))
    computer.scheduler.receive(Wake(job.id))
    computer.run(0.1)
    assert computer.job(job).phase is Phase.SENDING
    assert computer.mint.times("page") == []
    computer.sleep()
    assert len(computer.mint.times("start")) == 1
    assert computer.mint.times("page")
    after = computer.job(job)
    assert after.phase is Phase.CANCELED and after.has_note("canceled_in_doubt")


def test_a_day_without_permission_to_go_online_counts(computer: Computer) -> None:
    """The next try is due for long when online access is allowed again."""
    job = a_job()
    add(computer, job, "start")
    computer.scheduler.receive(SetOnline(False))
    computer.run(NIGHT)
    computer.scheduler.receive(SetOnline(True))
    computer.run(3600.0)
    assert len(computer.mint.times("start")) == 1


def test_a_short_sleep_changes_nothing(computer: Computer) -> None:
    """The same request is sent again: its key finds what it has started."""
    add(computer, a_job(), "start")
    computer.slept = 8 * 3600.0
    computer.run(60.0)
    assert len(computer.mint.times("start")) > 1
