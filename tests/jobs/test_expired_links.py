# SPDX-License-Identifier: GPL-3.0-or-later
"""Expired download links are renewed, and nothing is downloaded or paid twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.files.download_folder import thumbnail_name
from mint_blender.files.errors import LinkExpired
from mint_blender.jobs.job_values import Delivery, Role
from mint_blender.jobs.phases import Phase, Verb
from mint_blender.jobs.service import JobService
from mint_blender.jobs.workflow.effects import Fetch, Poll
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Mode

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .workflow_harness import (
    FILES,
    SendDecision,
    WorkflowHarness,
    a_job,
    decided,
    kept,
    operation,
    problem,
    seen,
    started,
)


@pytest.fixture(params=[403, 404, 410])
def service(request: pytest.FixtureRequest) -> Iterator[ThreadService]:
    """Yield a service whose links are valid for an hour."""
    with running_service(speed=1000, credits=1e6, expired_status=request.param) as running:
        yield running


def service_after_a_night(home: Path, service: ThreadService) -> tuple[JobService, list[str]]:
    """Return a job service for which each link expires once, just before the download."""
    late: list[str] = []

    class Late(Downloader):
        def fetch(self, url: str, target: Path, **more: Any) -> Path:
            if target.name not in late:
                late.append(target.name)
                service.advance(4000)
            return super().fetch(url, target, **more)

    return JobService(
        fast_config(home, downloader=lambda local: Late(local_files=local)), account(service)
    ), late


@pytest.mark.parametrize("kind", Kind)
def test_results_are_downloaded_with_renewed_links(
    home: Path, service: ThreadService, kind: Kind
) -> None:
    """Every file is downloaded, although each link expired before its download began."""
    job_service, late = service_after_a_night(home, service)
    job = job_service.start(GenerationRequest(kind, "a lamp"), Delivery(splats="100k"))
    job_service.watch([job.id])
    job = job_service.job(job.id)
    assert (job.phase, job.notes, job.problem) == (Phase.READY, (), None)
    wanted = {Role.MODEL} if kind is Kind.MODEL else {Role.COLLIDER, Role.PANORAMA, Role.SPLATS}
    assert wanted <= {kept.role for kept in job.files}
    assert all(Path(kept.path).is_file() for kept in job.files)
    refused = [entry for entry in service.requests(host="files") if entry.note == "expired"]
    assert len(refused) >= len(wanted) and len(late) >= len(wanted)
    assert len(service.operations()) == 1
    assert job_service.close(20)


def test_a_preview_is_downloaded_with_a_renewed_link(home: Path, service: ThreadService) -> None:
    """The Preview can be seen before the decision."""
    job_service, _ = service_after_a_night(home, service)
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp", mode=Mode.REVIEW))
    job_service.watch([job.id])
    job = job_service.job(job.id)
    assert (job.phase, job.notes, len(job.previews)) == (Phase.REVIEW, (), 1)
    assert job_service.close(20)


def test_a_preview_whose_link_cannot_be_renewed_is_a_note() -> None:
    """Without a working link the user can still decide.

    Mint may be unreachable, have no picture any more, or return a link that does not work either.
    """
    for answer in (
        None,
        seen("preview_ready", Mode.REVIEW),
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}q.webp"}),
    ):
        run = started(a_job(mode=Mode.REVIEW))
        run.answer(
            seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"})
        ).expect(Fetch)
        run.fail(LinkExpired("The link has expired.")).expect(Poll)
        if answer is None:
            run.fail(problem(404))
        else:
            run.answer(answer)
            if run.effect is not None:
                assert run.expect(Fetch).url == f"{FILES}q.webp"
                run.fail(LinkExpired("The link has expired."))
        assert (run.rests, run.job.phase) == (True, Phase.REVIEW)
        assert run.job.notes == (
            "The preview picture could not be downloaded. The link has expired.",
        )
    run = started(a_job(mode=Mode.REVIEW))
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    run.answer(kept(run.expect(Fetch)))
    assert (run.rests, run.job.notes) == (True, ())


def test_a_preview_that_is_gone_shows_what_was_decided_elsewhere() -> None:
    """When a fresh link is asked for and no Preview waits any more, the job follows Mint."""
    for status, phase in (("canceled", Phase.CANCELED), ("failed", Phase.FAILED)):
        run = started(a_job(mode=Mode.REVIEW))
        run.answer(
            seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"})
        ).expect(Fetch)
        run.fail(LinkExpired("The link has expired.")).expect(Poll)
        run.answer(seen(status, Mode.REVIEW))
        assert (run.rests, run.job.phase, run.job.notes) == (True, phase, ())
    run = started(a_job(mode=Mode.REVIEW))
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    run.fail(LinkExpired("The link has expired.")).answer(seen("running", Mode.REVIEW))
    assert (run.job.phase, type(run.effect)) == (Phase.WORKING, Poll)


def test_what_mint_says_beside_a_fresh_link_is_kept() -> None:
    """Somebody may have revised the Preview elsewhere, which counts for the limits."""
    run = started(a_job(mode=Mode.REVIEW))
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    answer = seen(
        "preview_ready",
        Mode.REVIEW,
        assets={"previewImageUrl": f"{FILES}q.webp"},
        credits={"finalized": 300},
    )
    run.fail(LinkExpired("The link has expired.")).answer(answer)
    run.answer(kept(run.expect(Fetch)))
    at_mint = run.job.operation
    assert at_mint is not None and at_mint.credits is not None
    assert (at_mint.credits.finalized, run.job.phase) == (300, Phase.REVIEW)
    assert [file.url for file in run.job.previews] == [f"{FILES}q.webp"]


def test_a_thumbnail_is_recognized_by_a_renewed_link() -> None:
    """The query is ignored only where the path identifies the content."""
    path = "https://cdn.mint.gg/images/models/lamp-0123456789abcdef.webp"
    assert (
        thumbnail_name(f"{path}?expires=1&signature=a")
        == thumbnail_name(f"{path}?expires=2&signature=b")
        == thumbnail_name(path)
    )
    assert thumbnail_name("https://cdn.example/picture?id=1") != thumbnail_name(
        "https://cdn.example/picture?id=2"
    )


def test_the_previous_preview_is_recognized_by_a_renewed_link() -> None:
    """After a revision a renewed link to the old Preview is not taken for a new picture."""
    old, new = (f"{FILES}lamp-{digits * 16}.webp?expires={{}}" for digits in "ab")
    run = started(a_job(mode=Mode.REVIEW))
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": old.format(1)}))
    run.answer(kept(run.expect(Fetch)))
    run = WorkflowHarness(decided(run.job, Verb.REVISE, "bluer"))
    run.expect(SendDecision)
    run.answer(operation("running", Mode.REVIEW)).expect(Poll)
    run.answer(
        seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": old.format(2)})
    ).expect(Poll)
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": new.format(2)}))
    assert run.expect(Fetch).url == new.format(2)
