# SPDX-License-Identifier: GPL-3.0-or-later
"""Every switch of the stand-in service with a real job service: what the user reads, and how the job continues."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.file_choice import OPTIMIZED_NEEDS
from mint_blender.jobs.engine.thread_messages import Event, JobChanged, RetryScheduled
from mint_blender.jobs.job import Job
from mint_blender.jobs.job_values import Cause, Delivery, Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.presentation.job_view import JobView
from mint_blender.jobs.service import JobService
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, OptimizationLevel

from ..mint_service.runner import ThreadService, running_service
from ..mint_service.switches import TABLE
from .fast_config import PACE, SPEED, account, fast_config, shorten_waits

KEPT = "The file was kept at"
GONE = "The link may have expired; Mint can provide a new one. Resume does that."
CREDITS = "Mint needs 1 more Credits to continue. Buy them at https://platform.mint.gg/billing"
AWAY = "Mint is temporarily unavailable"
LOST = "the connection was lost before the response was complete"


@dataclass(frozen=True)
class Case:
    """A request, what is read when the job stops, and the result of the next click.

    Of each text, a part is given that says which one it is.
    """

    reads: str = ""  # the trouble's sentence
    phase: Phase = Phase.READY
    state: str = "Ready"
    notes: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()  # what is read for a moment while a call is repeated
    then: str = ""  # the click: resume, retry, cancel
    leads_to: Phase = Phase.READY
    operations: int = 1  # at Mint, in the end
    kind: Kind = Kind.MODEL
    name: str | None = None
    with_switches: str = ""
    optimize: OptimizationLevel | None = None
    splats: str | None = None
    taken: str = ""  # the name of the model's file, where it says what was chosen


def failed(reads: str, **more: Any) -> Case:
    """Return a case that fails; a retry is a second operation."""
    usual: dict[str, Any] = {"then": "retry", "leads_to": Phase.FAILED, "operations": 2}
    return Case(reads, Phase.FAILED, "Failed", **usual | more)


def paused(reads: str, **more: Any) -> Case:
    """Return a case that pauses and can be resumed."""
    usual: dict[str, Any] = {"then": "resume", "leads_to": Phase.PAUSED}
    return Case(reads, Phase.PAUSED, "Paused", **usual | more)


def needs_credits(reads: str = CREDITS, **more: Any) -> Case:
    """Return a case that pauses for Credits."""
    return Case(reads, Phase.BILLING, "Needs Credits", then="resume", **more)


def passing(sentence: str, times: int = 1) -> Case:
    """Return a case whose call is repeated and reported; there is one operation."""
    return Case(passing=(sentence,) * times)


def world(**more: Any) -> Case:
    """Return a case that generates a World."""
    return Case(kind=Kind.WORLD, **more)


FAULTS = {"429": "Too many requests to Mint", "502": AWAY, "503": AWAY, "closed": LOST}
UNNOTICED = (
    *("unknown-status", "slow-start", "null-status", "lagging", "slow-answer", "poll-hint"),
    "type-word",
    *("incomplete", "api-redirect", "file-broken", "file-changed", "file-503", "file-slow"),
)


CASES = {
    **dict.fromkeys(UNNOTICED, Case()),
    **{f"{call}-{name}": passing(FAULTS[name]) for call in ("start", "poll") for name in FAULTS},
    "poll-html": passing(AWAY),
    **{f"file-{status}": paused(f"(HTTP {status}). {GONE}") for status in (403, 404)},
    # the work
    "moderation": failed("rejected the prompt or an image. Change it, then generate again."),
    "transient": failed("Mint had a temporary problem. Retry.", leads_to=Phase.READY),
    "interrupted": failed("was interrupted at Mint. Retry.", leads_to=Phase.READY),
    "invalid-input": failed("Mint could not use the prompt or an image. Change it"),
    "quota": failed("Buy Credits or wait for the next period, then retry. Mint says: The plan's"),
    "fails": failed("The generation failed at Mint. Retry, or change the prompt. Mint says: The"),
    "start-fails": failed("Mint could not start the generation. Retry."),
    "unknown-error": failed("The generation failed at Mint (gremlins_in_the_machine)."),
    "generic-message": failed("The generation failed at Mint. Retry, or change the prompt."),
    "optimize-fails": Case(
        optimize=OptimizationLevel.MODERATE,
        notes=("The model was not optimized, so the original file is used.",),
        operations=2,
        taken="model.glb",
    ),
    "billing-start": needs_credits(),
    "billing-preview": needs_credits(),
    "billing-final": needs_credits(),
    "billing-unpaid": needs_credits(with_switches="[billing-preview]", leads_to=Phase.BILLING),
    "partial": world(state="Partly done", notes=("This world has no panorama.",)),
    "reasons": failed(
        "The prompt names a real person. Describe the figure without a name. Categories: real",
        with_switches="[moderation]",
    ),
    "stuck": Case(
        phase=Phase.CANCELED,
        state="Canceled",
        passing=("Checking continues once a minute; this is free.",),
    ),
    "canceled": Case(phase=Phase.CANCELED, state="Canceled"),
    # the start
    "lost-answer": passing(LOST),
    "no-credits": needs_credits(
        "Mint needs more Credits for this", leads_to=Phase.BILLING, operations=0
    ),
    "forbidden": failed("Nothing was started or charged.", operations=0),
    "revoked": paused("Mint does not accept the API key", leads_to=Phase.READY),
    "alpha-names": Case(name="Lamp"),
    # polls and reads
    "poll-404": paused("Mint cannot find this in the API project of this key"),
    "settling": passing(AWAY, times=2),
    # what is made
    "null-assets": paused(
        "Mint has finished, but the result contains no file. Resume checks again, at no cost.",
        notes=("This model has no picture.",),
    ),
    "draco-original": Case(taken="model.glb"),
    "already-optimized": Case(taken="model-optimized.glb"),
    "no-pictures": Case(notes=("This model has no picture.",)),
    "collider-up": world(),
    "spz-null": world(splats="100k", notes=("This world has no splats.",)),
    "spz-tier-null": world(splats="full_res"),
    "pano-null": world(notes=("This world has no panorama.",)),
    "collider-null": world(notes=("This world has no collider mesh.",)),
    "external-buffer": paused(f"it points to something outside the file. {KEPT}"),
    "bad-length": paused(f"bytes are there. {KEPT}"),
    "meshopt": Case(taken="model.glb"),  # whether it can be read is the importer's to say
    # downloads
    "file-truncated": paused("Try again to resume the download."),
    "file-html": paused(f"a web page instead of a GLB; the link may have expired. {KEPT}"),
}


FURTHER = (
    *("start-502", "poll-502", "poll-closed", "file-403", "slow-answer"),
    *("file-slow", "stuck", "slow-start"),
)
"""Further values of what others show: the client and the downloads have tests of their own."""

# -- every switch of the stand-in service with a real job service


@pytest.fixture(scope="module")
def service() -> Iterator[ThreadService]:
    """Yield a fast service for all switches."""
    with running_service(speed=1000, credits=1e9, retry_after=0.01, cancel="everywhere") as running:
        yield running


@pytest.fixture(autouse=True)
def settles_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the pause between the reads of a fresh result, not their number."""
    shorten_waits(monkeypatch)


def test_every_switch_has_a_case() -> None:
    """The cases and the switches of the service have the same names; test_motions has the others."""
    assert set(CASES) == {each.name for each in TABLE if each.acts != "motion"}


@pytest.mark.covers("C5-pause", "C6-partial", "C8-status")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.thorough] if name in FURTHER else []) for name in CASES],
)
def test_what_the_user_reads(name: str, home: Path, service: ThreadService) -> None:
    """Phase, message, notes and reported retries are these, and no others.

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


def watch(job_service: JobService, job: Job) -> list[str]:
    """Run the job until it stops and return the reported retries."""
    scheduled_retries: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, RetryScheduled):
            scheduled_retries.append(event.message)
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
    message = job.problem.message if job.problem else ""
    assert case.reads in message and bool(case.reads) == bool(message)
    has_reason = case.phase in {Phase.FAILED, Phase.PAUSED}
    assert JobView(job).state == (f"{case.state}: {message}" if has_reason else case.state)
    for texts, parts in ((job.notes, case.notes), (scheduled_retries, case.passing)):
        assert len(texts) == len(parts)
        assert all(part in text for part, text in zip(parts, texts, strict=True)), texts
    if case.taken:
        model = job.file(Role.MODEL)
        assert Path(model.path).name == case.taken
    if case.splats and not case.notes:
        assert job.file(Role.SPLATS) is not None


def resource_of(job: Job) -> str | None:
    """Return the id of the model or world."""
    return job.operation.resource.id if job.operation and job.operation.resource else None
