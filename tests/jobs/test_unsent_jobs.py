# SPDX-License-Identifier: GPL-3.0-or-later
"""What was queued and never sent is not sent by a restart: somebody has to say so."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_conversion, new_fetch
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage import unsent_jobs
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Format, Kind, OptimizationLevel

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .other_process import OtherProcess
from .service_helpers import until
from .workflow_harness import a_job, decided, operation

LAMP = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "succeeded"})


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """A stand-in Mint in a hurry."""
    with running_service(speed=1000, credits=1e9) as running:
        yield running


def put(home: Path, *jobs: Job) -> list[str]:
    """Jobs of an earlier session; their ids."""
    journal = Journal(home)
    journal.add(*jobs)
    journal.close()
    return [job.id for job in jobs]


def queued(**more: object) -> Job:
    """In line, for 800 Credits."""
    return replace(a_job(), estimate=800.0, **more)  # type: ignore[arg-type]


@pytest.fixture
def three(home: Path) -> list[str]:
    """Three jobs in line, one of which had a place already when its process died."""
    return put(home, queued(), queued(), queued(phase=Phase.SENDING))


def phases(job_service: JobService, ids: list[str]) -> set[Phase]:
    """Where they are."""
    return {job_service.job(job_id).phase for job_id in ids}


def test_a_restart_sends_nothing_of_it(
    three: list[str], job_service: JobService, service: ThreadService
) -> None:
    """Neither at the start nor later; how many they are and what they cost is told, and the heart
    need not beat for them.
    """
    assert job_service.unfinished.resume_all() == []
    assert not job_service.unfinished.take_over()
    assert (job_service.unfinished.queue.count, job_service.unfinished.queue.credits) == (3, 2400)
    assert not job_service.has_active_work
    assert not job_service.unfinished.are_elsewhere
    assert phases(job_service, three) == {Phase.WAITING, Phase.SENDING}
    assert service.operations() == []


def test_continue_sends_it(
    three: list[str], job_service: JobService, service: ThreadService
) -> None:
    """Each once, and then nothing is left in the queue."""
    job_service.unfinished.resume_all()
    assert {job.id for job in job_service.unfinished.continue_queue()} == set(three)
    assert job_service.unfinished.queue.count == 0
    job_service.watch(three)
    assert phases(job_service, three) == {Phase.READY}
    assert len(service.operations()) == 3


def test_discard_cancels_it_without_a_request(three: list[str], quiet: JobService) -> None:
    """Also where nobody may go online; no thread is needed for it."""
    quiet.unfinished.resume_all()
    quiet.unfinished.discard_queue()
    assert phases(quiet, three) == {Phase.CANCELED}
    assert quiet.unfinished.queue.count == 0
    assert not quiet.worker.is_running


def test_cancel_of_what_was_never_sent_waits_for_nobody(
    three: list[str], quiet: JobService
) -> None:
    """Neither for the network nor for Mint to say whose key it is: also for what was begun just
    now, and for the whole line.
    """
    job = quiet.start(GenerationRequest(Kind.MODEL, "a lamp"))
    quiet.cancel(job.id)
    quiet.cancel(three[0])
    assert phases(quiet, [job.id, three[0]]) == {Phase.CANCELED}
    quiet.cancel_waiting()
    assert phases(quiet, three) == {Phase.CANCELED, Phase.SENDING}


def test_one_of_them_can_be_resumed_or_canceled_by_itself(
    three: list[str], job_service: JobService, service: ThreadService
) -> None:
    """`resume JOB` is somebody's word for that one."""
    job_service.unfinished.resume_all()
    job_service.resume(three[0])
    job_service.cancel(three[1])
    job_service.watch(three[:2])
    assert (job_service.job(three[0]).phase, job_service.job(three[1]).phase) == (
        Phase.READY,
        Phase.CANCELED,
    )
    job_service.unfinished.take_over()
    assert [job.id for job in job_service.unfinished.queue.jobs] == three[2:]
    assert len(service.operations()) == 1


def test_what_may_have_been_sent_goes_on_and_what_is_free_too(
    home: Path, job_service: JobService
) -> None:
    """Bytes have left, a click is unanswered, or nothing is to be paid."""
    sent = queued(phase=Phase.SENDING, first_sent_at=a_job().created_at)
    clicked = decided(queued(), Verb.CANCEL)
    free = new_fetch(LAMP, Delivery(), now=1.0)
    paid = [
        new_fetch(LAMP, Delivery(), now=1.0, optimize=OptimizationLevel.LIGHT),
        new_conversion(LAMP, (Format.FBX,), Delivery(), now=1.0),
    ]
    running = replace(queued(), phase=Phase.WORKING, operation=operation("running"))
    put(home, sent, clicked, free, running, *paid)
    journal = Journal(home)
    assert clicked.decision is not None
    journal.decide(clicked.id, clicked.decision)
    journal.close()
    job_service.allow_online(False)
    job_service.catch_up()
    assert {job.id for job in job_service.unfinished.resume_all()} == {
        sent.id,
        clicked.id,
        free.id,
        running.id,
    }
    assert {job.id for job in job_service.unfinished.queue.jobs} == {job.id for job in paid}


def test_what_was_queued_in_this_session_goes_on(home: Path, service: ThreadService) -> None:
    """The add-on was switched off and on again, say: it is the same session."""
    job_service = JobService(fast_config(home), account(service))
    job_service.allow_online(False)
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp"))
    assert job_service.close(20)
    again = JobService(fast_config(home), account(service))
    assert [each.id for each in again.unfinished.resume_all()] == [job.id]
    assert again.unfinished.queue.count == 0
    assert again.close(20)


def test_the_line_of_a_living_process_is_its_own_and_that_of_a_crashed_one_waits(
    home: Path, job_service: JobService, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the other process lives, its line is nobody else's; when it was killed, somebody has to
    say so. What was sent is taken over.
    """
    with OtherProcess(home) as other:
        other.ask("open_job_service", service.api, service.key)
        *sent, last = [other.ask("start", "theirs [stuck]") for _ in range(11)]
        job_service.catch_up()
        assert not job_service.unfinished.take_over(), (
            "it was begun this moment: nobody drives it yet"
        )
        until(lambda: len(service.operations()) == 10)
        until(lambda: job_service.is_driven_elsewhere(job_service.job(last)))
        monkeypatch.setattr(unsent_jobs, "JUST_NOW", 0.0)
        job_service.catch_up()
        assert not job_service.unfinished.take_over()
        assert job_service.unfinished.queue.count == 0
        assert job_service.unfinished.are_elsewhere
        job_service.unfinished.discard_queue()
        assert job_service.job(last).phase is Phase.WAITING
        other.end(signal.SIGKILL)
        assert job_service.unfinished.take_over()
        assert [job.id for job in job_service.unfinished.queue.jobs] == [last]
        assert [job_id for job_id in (*sent, last) if job_service.is_active(job_id)] == sent
    assert len(service.operations()) == 10


def test_the_limits_hold_for_it(three: list[str], quiet: JobService) -> None:
    """It is sent today: today's limit counts it, and what was begun besides."""
    quiet.unfinished.resume_all()
    quiet.budget.limits = Limits(day=2000.0)
    with pytest.raises(TooExpensive, match="more than your daily limit of 2,000 Credits"):
        quiet.unfinished.continue_queue()
    assert quiet.unfinished.queue.count == len(three)
    with quiet.budget.without_limits():
        assert len(quiet.unfinished.continue_queue()) == 3
