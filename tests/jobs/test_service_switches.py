# SPDX-License-Identifier: GPL-3.0-or-later
"""Every switch of the stand-in service with a real job service.

The cases say what the user reads and how the job continues. A switch without a case fails.
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
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow import collect
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

from ..mint_service.runner import ThreadService, running_service
from ..mint_service.switches import NAMES
from .fast_config import PACE, SPEED, account, fast_config
from .switch_cases import CASES, Case


@pytest.fixture(scope="module")
def service() -> Iterator[ThreadService]:
    """Yield a fast service for all switches."""
    with running_service(speed=1000, credits=1e9, retry_after=0.01, cancel="everywhere") as running:
        yield running


@pytest.fixture(autouse=True)
def settles_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pause between the reads of a fresh collect, not their number."""
    monkeypatch.setattr(collect, "SETTLING_WAIT", collect.SETTLING_WAIT / SPEED)


def test_every_switch_has_a_case() -> None:
    """The cases and the switches of the service have the same names."""
    assert set(CASES) == NAMES


@pytest.mark.parametrize("name", CASES)
def test_what_the_user_reads(name: str, home: Path, service: ThreadService) -> None:
    """Phase, message, notes and reported retries are exactly these.

    The offered click leads to the expected phase, and nothing is paid twice.
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
        check_case(job_service.job(job.id), case, scheduled_retries)
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


def test_a_partial_model_lacks_only_its_thumbnail(home: Path, service: ThreadService) -> None:
    """The Preview is used as thumbnail."""
    job_service = JobService(fast_config(home), account(service))
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp [partial]"))
    job_service.watch([job.id])
    job = job_service.job(job.id)
    assert JobView(job).state == "Partly done"
    assert job.notes == (
        "Mint could not generate every part, but all parts that are used here are available.",
    )
    assert job_service.close(20)


def test_a_resume_without_credits_pauses_again(home: Path, service: ThreadService) -> None:
    """After Credits were added it continues.

    There is one operation in all.
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


def test_an_unknown_status_is_shown_as_received(home: Path) -> None:
    """While Mint returns an unknown status, the card shows that word."""
    with running_service(speed=1000, durations={"preview": 200.0}) as slower:
        job_service = JobService(fast_config(home), account(slower))
        job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp [unknown-status]"))
        states = set[str]()
        job_service.watch(
            [job.id], lambda event: states.add(JobView(job_service.job(job.id)).state)
        )
        assert 'Working at Mint ("enchanting")' in states
        assert job_service.close(20)


def watch(job_service: JobService, job: Job) -> list[str]:
    """Run the job until it stops and return the reported retries."""
    scheduled_retries: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, RetryScheduled):
            scheduled_retries.append(plain(event.message))
        elif isinstance(event, JobChanged) and not scheduled_retries:
            problem = job_service.job(event.job_id).problem
            if problem is not None and problem.cause is Cause.PATIENCE:
                scheduled_retries.append(problem.message)
                job_service.cancel(job.id)

    job_service.watch([job.id], tell)
    return scheduled_retries


def check_case(job: Job, case: Case, scheduled_retries: list[str]) -> None:
    """Compare the shown texts with the case."""
    assert job.phase is case.phase
    assert (plain(job.problem.message) if job.problem else "") == case.reads
    assert plain(JobView(job).state) == case.state
    assert tuple(map(plain, job.notes)) == case.notes
    assert tuple(scheduled_retries) == case.passing
    if case.taken:
        model = job.file(Role.MODEL)
        assert model is not None
        assert Path(model.path).name == case.taken
    if case.splats and not case.notes:
        assert job.file(Role.SPLATS) is not None


def resource_of(job: Job) -> str | None:
    """Return the id of the model or world."""
    return job.operation.resource.id if job.operation and job.operation.resource else None


def plain(text: str) -> str:
    """Return the text without parts that differ between runs."""
    text = re.sub(r"req_\w+", "…", text)
    text = re.sub(r"[\d,]+ of [\d,]+ bytes", "N of M bytes", text)
    text = re.sub(r"kept at \S+/(?=model\.refused)", "kept at …/", text)
    return re.sub(r"a-lamp-[0-9a-f]{16}", "a-lamp-…", text)
