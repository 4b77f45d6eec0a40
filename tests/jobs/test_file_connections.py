# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to the file host: all downloads of the engine share them, and they end in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mint_blender.files.download import Downloader
from mint_blender.jobs.engine.thread_messages import SetOnline
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.transfers import downloads
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Page

from ..mint_service.runner import ThreadService, running_service
from .engine_harness import EngineHarness, until
from .fast_config import account, fast_config
from .library_helpers import MODELS, asked
from .workflow_harness import job_in_review, working


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a service with a library."""
    with running_service(speed=2000, library={"models": 30}) as running:
        yield running
        assert not running.leaks()


def test_the_library_uses_a_connection_for_each_thread(
    job_service: JobService, service: ThreadService
) -> None:
    """Thumbnails share them: two threads, two connections."""
    (said,) = asked(job_service, MODELS)
    assert isinstance(said.answer, Page)
    files = [asset.assets for asset in said.answer.data if asset.assets]
    thumbnails = [Thumbnail(each.picture_url) for each in files if each.picture_url]
    answers = asked(job_service, *thumbnails)
    assert [said.error for said in answers if said.error] == []
    assert len(service.requests(host="files")) >= len(thumbnails) > 20
    assert service.connections("files") <= downloads.MAX_THUMBNAIL_DOWNLOADS


def test_files_of_several_jobs_share_connections(home: Path, service: ThreadService) -> None:
    """Six jobs with a Preview and a model each use no more connections than there are threads."""
    config = fast_config(home)
    job_service = JobService(config, account(service))
    jobs = [
        job_service.start(GenerationRequest(Kind.MODEL, f"lamp {number}")) for number in range(6)
    ]
    job_service.watch([job.id for job in jobs])
    assert {job_service.job(job.id).phase for job in jobs} == {Phase.READY}
    assert job_service.close(20)
    assert len(service.requests(host="files")) >= 12
    threads = config.downloads + downloads.MAX_THUMBNAIL_DOWNLOADS
    assert service.connections("files") <= threads


class CountingDownloader(Downloader):
    """Saves a picture from nowhere, and counts how often it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0

    def fetch(self, url: str, target: Path, **more: Any) -> Path:  # type: ignore[override]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(
            b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
        )
        return target

    def close(self) -> None:
        self.closed += 1
        super().close()


@pytest.fixture
def made() -> list[CountingDownloader]:
    """Return the downloaders that the engine below has made."""
    return []


@pytest.fixture
def engine(home: Path, made: list[CountingDownloader]) -> Iterator[EngineHarness]:
    """Yield an engine whose downloaders are counted."""

    def make(local_files: bool) -> CountingDownloader:
        made.append(CountingDownloader())
        return made[-1]

    engine = EngineHarness(home, downloader=make)
    yield engine
    engine.close()


def download(engine: EngineHarness) -> None:
    """Let a new job download its Preview."""
    job = job_in_review()
    engine.add(job)
    until(engine, lambda: engine.job(job).has_preview)


def test_one_downloader_serves_all_jobs(
    engine: EngineHarness, made: list[CountingDownloader]
) -> None:
    """Its connections stay open from one job to the next."""
    for _ in range(3):
        download(engine)
        engine.run(downloads.IDLE_TIMEOUT / 2)
    assert [each.closed for each in made] == [0]


def test_connections_are_closed_after_a_pause(
    engine: EngineHarness, made: list[CountingDownloader]
) -> None:
    """Other jobs still run then; the next download connects again."""
    engine.add(working())
    download(engine)
    engine.run(downloads.IDLE_TIMEOUT + 2)
    assert [each.closed for each in made] == [1]
    download(engine)
    assert [each.closed for each in made] == [1, 0]


def test_connections_are_closed_when_going_offline(
    engine: EngineHarness, made: list[CountingDownloader]
) -> None:
    """Nothing is left open while online access is off."""
    download(engine)
    engine.scheduler.receive(SetOnline(False))
    engine.run()
    assert [each.closed for each in made] == [1]


def test_connections_are_closed_at_the_end(
    engine: EngineHarness, made: list[CountingDownloader]
) -> None:
    """They do not outlive the scheduler."""
    download(engine)
    engine.scheduler.close()
    assert [each.closed for each in made] == [1]
