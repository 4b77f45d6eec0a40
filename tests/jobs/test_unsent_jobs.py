# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that were queued and never sent are not sent by a restart without the user's consent."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.jobs.budget.spending import Limits
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Delivery
from mint_blender.jobs.new_jobs import new_conversion, new_fetch
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService, TooExpensive
from mint_blender.jobs.storage import job_cache
from mint_blender.jobs.storage.job_locks import ProcessLock
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Format, Kind, OptimizationLevel

from ..mint_service.runner import ThreadService
from .fast_config import account, fast_config
from .other_process import OtherProcess
from .service_helpers import put, until
from .workflow_harness import a_job, decided, operation, sent

LAMP = Asset.from_json(Kind.MODEL, {"id": "res_1", "status": "succeeded"})


def queued(**more: object) -> Job:
    """Return a queued job for 800 Credits."""
    return replace(a_job(), estimate=800.0, **more)  # type: ignore[arg-type]


@pytest.fixture
def three(home: Path) -> list[str]:
    """Return three queued jobs, one of which had a slot when its process died."""
    return put(home, queued(), queued(), queued(phase=Phase.SENDING))


def phases(job_service: JobService, ids: list[str]) -> set[Phase]:
    """Return the phases of these jobs."""
    return {job_service.job(job_id).phase for job_id in ids}


@pytest.mark.covers("R-queue")
def test_a_restart_sends_no_queued_job(
    three: list[str], job_service: JobService, service: ThreadService
) -> None:
    """Their number and cost are reported, and they do not count as active."""
    assert job_service.unfinished.resume_all() == []
    assert not job_service.unfinished.take_over()
    assert (len(job_service.unfinished.queue), job_service.unfinished.queue_credits) == (3, 2400)
    assert not job_service.has_active_work
    assert not job_service.unfinished.are_elsewhere
    assert phases(job_service, three) == {Phase.WAITING, Phase.SENDING}
    assert service.operations() == []


def test_continue_sends_the_queued_jobs(
    three: list[str], job_service: JobService, service: ThreadService
) -> None:
    """Each is sent once, and the queue is empty."""
    job_service.unfinished.resume_all()
    assert {job.id for job in job_service.unfinished.continue_queue()} == set(three)
    assert not list(job_service.unfinished.queue)
    job_service.watch(three)
    assert phases(job_service, three) == {Phase.READY}
    assert len(service.operations()) == 3


def test_discard_cancels_the_queued_jobs_without_a_request(
    three: list[str], offline_job_service: JobService
) -> None:
    """This works offline and needs no thread."""
    offline_job_service.unfinished.resume_all()
    offline_job_service.unfinished.discard_queue()
    assert phases(offline_job_service, three) == {Phase.CANCELED}
    assert len(offline_job_service.unfinished.queue) == 0
    assert not offline_job_service.worker.is_running


def test_canceling_an_unsent_job_needs_no_network(
    three: list[str], offline_job_service: JobService
) -> None:
    """Neither the network nor the owner of the key is awaited, for one job or all."""
    job = offline_job_service.start(GenerationRequest(Kind.MODEL, "a lamp"))
    offline_job_service.cancel(job.id)
    offline_job_service.cancel(three[0])
    assert phases(offline_job_service, [job.id, three[0]]) == {Phase.CANCELED}
    offline_job_service.cancel_waiting()
    assert phases(offline_job_service, three) == {Phase.CANCELED, Phase.SENDING}


def test_a_single_unsent_job_can_be_resumed_or_canceled(
    three: list[str], job_service: JobService, service: ThreadService
) -> None:
    """`resume JOB` is consent for that job."""
    job_service.unfinished.resume_all()
    job_service.resume(three[0])
    job_service.cancel(three[1])
    job_service.watch(three[:2])
    ended = [job_service.job(job_id).phase for job_id in three[:2]]
    assert ended == [Phase.READY, Phase.CANCELED]
    job_service.unfinished.take_over()
    assert [job.id for job in job_service.unfinished.queue] == three[2:]
    assert len(service.operations()) == 1


def test_sent_and_free_jobs_continue_after_a_restart(home: Path, job_service: JobService) -> None:
    """Jobs that may have been sent, have a decision or cost nothing continue."""
    asked = sent(queued(phase=Phase.SENDING), time.time())
    clicked = decided(queued(), Verb.CANCEL)
    free = new_fetch(LAMP, Delivery(), now=1.0)
    paid = [
        new_fetch(LAMP, Delivery(), now=1.0, optimize=OptimizationLevel.LIGHT),
        new_conversion(LAMP, (Format.FBX,), Delivery(), now=1.0),
    ]
    running = replace(queued(), phase=Phase.WORKING, operation=operation("running"))
    put(home, asked, clicked, free, running, *paid)
    journal = Journal(home)
    assert clicked.decision is not None
    journal.decide(clicked.id, clicked.decision)
    journal.close()
    job_service.allow_online(False)
    job_service.catch_up()
    resumed = {job.id for job in job_service.unfinished.resume_all()}
    assert resumed == {asked.id, clicked.id, free.id, running.id}
    assert {job.id for job in job_service.unfinished.queue} == {job.id for job in paid}


def test_jobs_queued_in_this_session_continue(home: Path, service: ThreadService) -> None:
    """Disabling and enabling the add-on is the same session."""
    job_service = JobService(fast_config(home), account(service))
    job_service.allow_online(False)
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp"))
    assert job_service.close(20)
    again = JobService(fast_config(home), account(service))
    assert [each.id for each in again.unfinished.resume_all()] == [job.id]
    assert len(again.unfinished.queue) == 0
    assert again.close(20)


def test_queued_jobs_of_a_crashed_process_wait_for_consent(
    home: Path, job_service: JobService, service: ThreadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a living process are its own; sent jobs of a crashed one are taken over."""
    with OtherProcess(home) as other:
        other.ask("open_job_service", service.api, service.key)
        *sent, last = [other.ask("start", "theirs [stuck]") for _ in range(11)]
        job_service.catch_up()
        assert not job_service.unfinished.take_over(), (
            "it was begun this moment: nobody drives it yet"
        )
        until(lambda: len(service.operations()) == 10)
        until(lambda: job_service.is_driven_elsewhere(job_service.job(last)))
        monkeypatch.setattr(job_cache, "JUST_NOW", 0.0)
        job_service.catch_up()
        assert not job_service.unfinished.take_over()
        assert not list(job_service.unfinished.queue)
        assert job_service.unfinished.are_elsewhere
        job_service.unfinished.discard_queue()
        assert job_service.job(last).phase is Phase.WAITING
        other.end(signal.SIGKILL)
        assert job_service.unfinished.take_over()
        assert [job.id for job in job_service.unfinished.queue] == [last]
        assert [job_id for job_id in (*sent, last) if job_service.is_active(job_id)] == sent
    assert len(service.operations()) == 10


def test_queued_jobs_count_towards_the_limit_of_today(
    three: list[str], offline_job_service: JobService
) -> None:
    """They are sent today, together with newly started ones."""
    offline_job_service.unfinished.resume_all()
    offline_job_service.budget.limits = Limits(day=2000.0)
    with pytest.raises(TooExpensive, match="more than your daily limit of 2,000 Credits"):
        offline_job_service.unfinished.continue_queue()
    assert len(offline_job_service.unfinished.queue) == len(three)
    with offline_job_service.budget.without_limits():
        assert len(offline_job_service.unfinished.continue_queue()) == 3


def test_a_dismissed_job_is_not_sent(home: Path) -> None:
    """Its process may have waited for Mint when a user took it off the list in another one."""
    (job_id,) = put(home, queued())
    with closing(Journal(home)) as journal, closing(ProcessLock(home)) as process:
        journal.dismiss(job_id)
        assert journal.claim(job_id, process) is None
