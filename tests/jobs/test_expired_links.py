# SPDX-License-Identifier: GPL-3.0-or-later
"""Links to files expire at Mint: a job asks for a fresh one and goes on, and nothing is fetched or
paid for twice.
"""

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
from mint_blender.jobs.workflow.effects import Fetch, Poll, SendDecision
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Mode

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .workflow_harness import (
    FILES,
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
    """A stand-in whose links are good for an hour."""
    with running_service(speed=1000, credits=1e6, expired_status=request.param) as running:
        yield running


def service_after_a_night(home: Path, service: ThreadService) -> tuple[JobService, list[str]]:
    """A job service whose computer goes to sleep just before a file is downloaded, each file once."""
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
def test_results_are_fetched_by_fresh_links(home: Path, service: ThreadService, kind: Kind) -> None:
    """Every file of a result is there, although each of its links had expired when its turn came."""
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


def test_a_preview_is_fetched_by_a_fresh_link(home: Path, service: ThreadService) -> None:
    """It can be looked at before anything is decided."""
    job_service, _ = service_after_a_night(home, service)
    job = job_service.start(GenerationRequest(Kind.MODEL, "a lamp", mode=Mode.REVIEW))
    job_service.watch([job.id])
    job = job_service.job(job.id)
    assert (job.phase, job.notes, len(job.previews)) == (Phase.REVIEW, (), 1)
    assert job_service.close(20)


def test_a_preview_without_a_fresh_link_is_a_note() -> None:
    """Whether Mint cannot be reached, has no picture any more, or a link that does not work either:
    a person can still decide.
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
        assert run.job.notes == ("The preview picture could not be fetched. The link has expired.",)
    run = started(a_job(mode=Mode.REVIEW))
    run.answer(seen("preview_ready", Mode.REVIEW, assets={"previewImageUrl": f"{FILES}p.webp"}))
    run.answer(kept(run.expect(Fetch)))
    assert (run.rests, run.job.notes) == (True, ())


def test_a_thumbnail_is_known_by_a_fresh_link() -> None:
    """Where the path names the content; elsewhere the query may be what makes it another picture."""
    path = "https://cdn.mint.gg/images/models/lamp-0123456789abcdef.webp"
    assert (
        thumbnail_name(f"{path}?expires=1&signature=a")
        == thumbnail_name(f"{path}?expires=2&signature=b")
        == thumbnail_name(path)
    )
    assert thumbnail_name("https://cdn.example/picture?id=1") != thumbnail_name(
        "https://cdn.example/picture?id=2"
    )


def test_the_old_picture_is_known_by_a_fresh_link() -> None:
    """After a revision Mint may still show the Preview of before; a newer link to it makes no new
    picture of it.
    """
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
