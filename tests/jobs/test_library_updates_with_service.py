# SPDX-License-Identifier: GPL-3.0-or-later
"""The library follows jobs that run against the stand-in service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.jobs.job import (
    Job,
)
from mint_blender.jobs.library.view_model import AssetState, Filter, Library, state_of
from mint_blender.jobs.service import JobService
from mint_blender.mint.schema import Asset, Kind, Page

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .library_helpers import asked


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a service with a library of three pages."""
    with running_service(speed=2000, library={"models": 65}) as running:
        yield running
        assert not running.leaks()


@pytest.fixture
def job_service(home: Path, service: ThreadService) -> Iterator[JobService]:
    """Yield a job service connected to it."""
    job_service = JobService(fast_config(home), account(service))
    yield job_service
    assert job_service.close()


def loaded(job_service: JobService) -> Library:
    """Return a library with all models loaded."""
    library = Library()
    while (query := library.next_page(Kind.MODEL)) is not None:
        (said,) = asked(job_service, query)
        assert isinstance(said.answer, Page)
        library.add_page(query, said.answer)
    return library


def states_during(library: Library, job_service: JobService, job: Job) -> list[AssetState]:
    """Return the states of the job's entry while the job runs.

    The entry exists from the beginning.
    """
    seen: list[AssetState] = []

    def look(_: object = None) -> None:
        library.apply_updates(job_service.jobs())
        entry = library.get(job.source_asset_id or "")
        assert entry is not None
        if [state_of(entry)] != seen[-1:]:
            seen.append(state_of(entry))

    look()
    job_service.watch([job.id], look)
    look()
    return seen


def test_a_retry_of_an_old_entry_needs_no_page(
    job_service: JobService, service: ThreadService
) -> None:
    """The entry is failed, running and done, and Mint's list agrees afterwards."""
    library = loaded(job_service)
    pages = len(service.requests("GET", "/v1/models"))
    old = library.entries(Filter(Kind.MODEL, AssetState.FAILED))[-1]
    assert states_during(library, job_service, job_service.retry_asset(old)) == [
        AssetState.FAILED,
        AssetState.UNFINISHED,
        AssetState.DONE,
    ]
    assert len(service.requests("GET", "/v1/models")) == pages
    assert library.outdated_pages() == []
    at_mint = loaded(job_service).get(old.id)
    assert (library.get(old.id), library.get(old.id).raw) == (at_mint, at_mint.raw)  # type: ignore[union-attr]


def test_an_asset_deleted_in_the_web_app_is_removed(
    job_service: JobService, service: ThreadService
) -> None:
    """It is removed as soon as a job cannot fetch it."""
    library = loaded(job_service)
    gone = library.entries(Filter(Kind.MODEL, AssetState.DONE))[3]
    answer = {"status": 404, "problem": "not-found", "detail": "There is no such model."}
    service.scenario(
        answers=[{"method": "GET", "path": f"/v1/models/{gone.id}", "times": 9, "answer": answer}]
    )
    job = job_service.fetch(gone)
    job_service.watch([job.id])
    library.apply_updates(job_service.jobs())
    assert library.get(gone.id) is None
    assert library.count() == 64


def test_a_stale_resource_is_shown_as_done(job_service: JobService, service: ThreadService) -> None:
    """A new model that still says "running" is done because its operation is."""
    service.scenario(switches=["incomplete"])
    library = loaded(job_service)
    old: Asset = library.entries(Filter(Kind.MODEL, AssetState.FAILED))[0]
    assert states_during(library, job_service, job_service.retry_asset(old))[-1] is AssetState.DONE
