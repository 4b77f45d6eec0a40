# SPDX-License-Identifier: GPL-3.0-or-later
"""The library read through the worker: list pages and thumbnails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.files import pictures
from mint_blender.files.download_folder import thumbnail_name
from mint_blender.jobs.library.view_model import (
    AssetState,
    Filter,
    Library,
    state_of,
)
from mint_blender.jobs.queries import Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.transfers import file_queries
from mint_blender.mint.schema import Asset, Kind, Page

from ..mint_service.runner import ThreadService, running_service
from .fast_config import account, fast_config
from .library_helpers import MODELS, asked


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a service with a library."""
    with running_service(speed=2000, library={"models": 65, "worlds": 4}) as running:
        yield running
        assert not running.leaks()


@pytest.fixture
def job_service(home: Path, service: ThreadService) -> Iterator[JobService]:
    """Yield a job service connected to it."""
    job_service = JobService(fast_config(home), account(service))
    yield job_service
    assert job_service.close()


def test_the_whole_list_through_the_worker(job_service: JobService, service: ThreadService) -> None:
    """65 models and 4 worlds take three and one requests, and the thread ends."""
    library = Library()
    while (query := library.next_page()) is not None:
        (said,) = asked(job_service, query)
        assert isinstance(said.answer, Page)
        library.add_page(query, said.answer, said.error)
    assert (library.count(Kind.MODEL), library.count(Kind.WORLD)) == (65, 4)
    requests = service.requests("GET", "/v1/models"), service.requests("GET", "/v1/worlds")
    assert [len(each) for each in requests] == [3, 1]
    states = [state_of(asset) for asset in library.entries(Filter(kind=Kind.MODEL))]
    assert (states.count(AssetState.FAILED), states.count(AssetState.UNFINISHED)) == (9, 1)
    until = time.monotonic() + 10
    while job_service.worker.is_running:
        assert time.monotonic() < until, "the thread stays though nothing is in flight"
        time.sleep(0.005)


def first_model(job_service: JobService) -> Asset:
    """Return a finished model."""
    (said,) = asked(job_service, MODELS)
    assert isinstance(said.answer, Page)
    return next(asset for asset in said.answer.data if state_of(asset) is AssetState.DONE)


def test_a_thumbnail_is_downloaded_once(
    job_service: JobService, service: ThreadService, home: Path
) -> None:
    """It is cached with the file extension of its content."""
    model = first_model(job_service)
    assert model.assets is not None
    query = Thumbnail(model.assets.picture_url or "")
    paths = [asked(job_service, query)[0].answer for _ in range(3)]
    assert len(set(paths)) == 1
    assert isinstance(paths[0], Path)
    assert paths[0].parent == home / "thumbnails"
    assert pictures.inspect(paths[0]).suffix == paths[0].suffix
    assert len(service.requests(host="files")) == 1


def test_the_thumbnail_cache_is_bounded(
    job_service: JobService, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """Beyond its size the least recently used picture is removed."""
    monkeypatch.setattr(file_queries, "PRUNE_INTERVAL", 1)
    (said,) = asked(job_service, MODELS)
    assert isinstance(said.answer, Page)
    urls = [
        asset.assets.picture_url
        for asset in said.answer.data
        if asset.assets and asset.assets.picture_url
    ][:4]
    first = asked(job_service, Thumbnail(urls[0] or ""))[0].answer
    assert isinstance(first, Path)
    monkeypatch.setattr(file_queries, "MAX_CACHE_BYTES", int(first.stat().st_size * 2.5))
    for url in (*urls[1:3], urls[0], urls[3]):
        asked(job_service, Thumbnail(url or ""))
    left = {path.stem for path in (home / "thumbnails").iterdir()}
    assert left == {
        thumbnail_name(urls[0] or ""),
        thumbnail_name(urls[3] or ""),
    }


def test_a_missing_thumbnail_is_reported(job_service: JobService, service: ThreadService) -> None:
    """The query fails with a message."""
    (said,) = asked(job_service, Thumbnail(f"{service.files}/images/none.webp"))
    assert said.answer is None
    assert "HTTP 404" in (said.error or "")


def test_no_query_is_sent_offline(job_service: JobService, service: ThreadService) -> None:
    """Without permission to go online every query fails with a message."""
    job_service.allow_online(False)
    for said in asked(
        job_service,
        MODELS,
        Thumbnail(f"{service.files}/a.webp"),
    ):
        assert "online access is off" in (said.error or "")
    assert service.log() == []
