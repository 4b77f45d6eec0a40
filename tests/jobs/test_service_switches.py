# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the stand-in service can do differently, through a real job service: what the user
reads, and how it goes on.

The table has to have every switch of the stand-in: a new one without a sentence here fails.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.engine.thread_messages import Event, JobChanged, RetryScheduled
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Delivery, Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation import presenter
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow import result
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..mint_service.runner import ThreadService, running_service
from ..mint_service.switches import NAMES
from .fast_config import PACE, SPEED, account, fast_config
from .switch_cases import CASES, Case


@pytest.fixture(scope="module")
def service() -> Iterator[ThreadService]:
    """A stand-in Mint in a hurry, for all switches."""
    with running_service(speed=1000, credits=1e9, retry_after=0.01, cancel="everywhere") as running:
        yield running


@pytest.fixture(autouse=True)
def settles_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh result is asked for again after 3 s, three times: as often, but sooner."""
    monkeypatch.setattr(result, "SETTLING_WAIT", result.SETTLING_WAIT / SPEED)


def test_every_switch_has_its_case() -> None:
    """The table and the stand-in's own name the same switches."""
    assert set(CASES) == NAMES


@pytest.mark.parametrize("name", CASES)
def test_what_the_user_reads(name: str, home: Path, service: ThreadService) -> None:
    """State, trouble, notes and passing scheduled_retries are exactly these; the click that is offered leads
    where it should; nothing is paid twice.
    """
    case = CASES[name]
    pace = replace(PACE, slow_after=0.5) if name == "stuck" else PACE
    downloader = lambda local: Downloader(  # noqa: E731
        local_files=local, sleep=lambda seconds: time.sleep(seconds / SPEED)
    )
    job_service = JobService(
        fast_config(home, pace=pace, readable=OPTIMIZED_NEEDS, downloader=downloader),
        account(service),
    )
    try:
        request = GenerationRequest(
            case.kind, f"a lamp [{name}]{case.with_switches}", name=case.name
        )
        job = job_service.start(request, Delivery(splats=case.splats), optimize=case.optimize)
        scheduled_retries = watch(job_service, job)
        judge(job_service.job(job.id), case, scheduled_retries)
        service.scenario(revoked=False)
        if case.then:
            clicks: dict[str, Callable[[str], None]] = {
                "resume": job_service.resume,
                "retry": job_service.retry,
                "cancel": job_service.cancel,
            }
            clicks[case.then](job.id)
            watch(job_service, job)
        assert job_service.job(job.id).phase is (case.leads_to if case.then else case.phase)
        made = [
            one
            for one in service.operations()
            if one.prompt == request.prompt
            or (one.level and one.resource == resource_of(job_service.job(job.id)))
        ]
        assert len(made) == case.operations
        assert service.leaks() == []
    finally:
        service.scenario(revoked=False)
        assert job_service.close(20)


def test_a_partial_model_says_that_nothing_of_it_is_missed(
    home: Path, service: ThreadService
) -> None:
    """Only its small picture is missing, for which the preview serves."""
    job_service = JobService(fast_config(home), account(service))
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp [partial]"))
    job_service.watch([job.id])
    job = job_service.job(job.id)
    assert presenter.state(job) == "Partly ready to place"
    assert job.notes == (
        "Mint could not make every part of it; the parts that are used here have all come.",
    )
    assert job_service.close(20)


def test_unpaid_until_it_is_paid(home: Path, service: ThreadService) -> None:
    """Resumed before Credits were bought it pauses again; afterwards it goes on.

    One operation in all.
    """
    prompt = "a lamp, paid late [billing-final][billing-unpaid]"
    job_service = JobService(fast_config(home), account(service))
    job = job_service.start(GenerationRequest(Kind.MODEL, prompt))
    job_service.watch([job.id])
    job_service.resume(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.BILLING
    service.scenario(credits=service.credits() + 1000)
    job_service.resume(job.id)
    job_service.watch([job.id])
    assert job_service.job(job.id).phase is Phase.READY
    assert len([one for one in service.operations() if one.prompt == prompt]) == 1
    assert job_service.close(20)


def test_a_working_operation_with_an_unknown_status_is_shown_by_its_word(home: Path) -> None:
    """While Mint says a word that nobody knows, the card shows that word."""
    with running_service(speed=1000, durations={"preview": 200.0}) as slower:
        job_service = JobService(fast_config(home), account(slower))
        job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp [unknown-status]"))
        states = set[str]()
        job_service.watch(
            [job.id], lambda event: states.add(presenter.state(job_service.job(job.id)))
        )
        assert 'Working at Mint ("enchanting")' in states
        assert job_service.close(20)


def watch(job_service: JobService, job: Job) -> list[str]:
    """Let the job come to rest; returns what was read in passing."""
    scheduled_retries: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, RetryScheduled):
            scheduled_retries.append(plain(event.sentence))
        elif (
            isinstance(event, JobChanged)
            and event.job.problem is not None
            and event.job.problem.cause is Cause.PATIENCE
            and not scheduled_retries
        ):
            scheduled_retries.append(event.job.problem.message)
            job_service.cancel(job.id)

    job_service.watch([job.id], tell)
    return scheduled_retries


def judge(job: Job, case: Case, scheduled_retries: list[str]) -> None:
    """Compare what is read with what should be."""
    assert job.phase is case.phase
    assert (plain(job.problem.message) if job.problem else "") == case.reads
    assert plain(presenter.state(job)) == case.state
    assert tuple(map(plain, job.notes)) == case.notes
    assert tuple(scheduled_retries) == case.passing
    if case.taken:
        model = job.file(Role.MODEL)
        assert model is not None
        assert Path(model.path).name == case.taken
    if case.splats and not case.notes:
        assert job.file(Role.SPLATS) is not None


def resource_of(job: Job) -> str | None:
    """The id of the model or world."""
    return job.operation.resource.id if job.operation and job.operation.resource else None


def plain(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"req_\w+", "…", text)
    text = re.sub(r"[\d,]+ of [\d,]+ bytes", "N of M bytes", text)
    text = re.sub(r"kept at \S+/(?=model\.refused)", "kept at …/", text)
    return re.sub(r"a-lamp-[0-9a-f]{16}", "a-lamp-…", text)
