# SPDX-License-Identifier: GPL-3.0-or-later
"""The library read through the worker: pages, thumbnails, connections and accounts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mint_blender.files import pictures
from mint_blender.files.download_folder import thumbnail_name
from mint_blender.jobs.engine.thread_messages import SetOnline
from mint_blender.jobs.engine.threads import IDLE_TIMEOUT, SIZES, Lane
from mint_blender.jobs.library.view_model import AssetState, Filter, Library, state_of
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import Balance, Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.transfers import fetch_file
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Page, Usage

from ..mint_service.runner import ThreadService, running_service
from .engine_harness import EngineHarness, PictureDownloader, until
from .fast_config import account, fast_config
from .library_helpers import MODELS, asked
from .workflow_harness import job_in_review, working


@pytest.fixture
def service() -> Iterator[ThreadService]:
    """Yield a service with a library."""
    with running_service(speed=2000, library={"models": 65, "worlds": 4}) as running:
        yield running
        assert not running.leaks()


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
    query = Thumbnail(model.assets.picture_url)
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
    monkeypatch.setattr(fetch_file, "PRUNE_INTERVAL", 1)
    (said,) = asked(job_service, MODELS)
    assert isinstance(said.answer, Page)
    files = [asset.assets for asset in said.answer.data if asset.assets]
    urls = [each.picture_url for each in files if each.picture_url][:4]
    first = asked(job_service, Thumbnail(urls[0]))[0].answer
    assert isinstance(first, Path)
    monkeypatch.setattr(fetch_file, "MAX_CACHE_BYTES", int(first.stat().st_size * 2.5))
    for url in (*urls[1:3], urls[0], urls[3]):
        asked(job_service, Thumbnail(url))
    left = {path.stem for path in (home / "thumbnails").iterdir()}
    assert left == {thumbnail_name(urls[0]), thumbnail_name(urls[3])}


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


# -- queries belong to the account and the number they were sent with


@pytest.fixture
def other() -> Iterator[ThreadService]:
    """Yield a service with another account and five models."""
    with running_service(library={"models": 5}, credits=200) as running:
        yield running


def answered(job_service: JobService) -> None:
    """Wait for the next answer to a query."""
    until = time.monotonic() + 20
    while job_service.worker.events.empty():
        assert time.monotonic() < until, "nothing was answered"
        time.sleep(0.005)


def test_an_answer_for_an_earlier_account_is_dropped(
    job_service: JobService, other: ThreadService
) -> None:
    """No query is pending after the account was changed."""
    job_service.queries.ask(MODELS)
    answered(job_service)
    job_service.set_account(account(other))
    assert not job_service.queries.is_pending(MODELS)
    assert not job_service.has_active_work
    job_service.catch_up()
    assert not job_service.queries.answers


def test_a_repeated_query_is_answered_by_the_new_account(
    job_service: JobService, other: ThreadService
) -> None:
    """The query stays pending until the answer for the new account arrives."""
    queries = (MODELS, Balance())
    for query in queries:
        job_service.queries.ask(query)
    answered(job_service)
    job_service.set_account(account(other))
    for query in queries:
        job_service.ask_and_wait(query)
    models, balance = (job_service.queries.answers[query].answer for query in queries)
    assert isinstance(models, Page)
    assert isinstance(balance, Usage)
    assert (len(models.data), balance.credits.total_available) == (5, 200)


def test_a_file_query_is_answered(job_service: JobService, service: ThreadService) -> None:
    """The answer has the number of its query."""
    query = Thumbnail(f"{service.files}/images/none.webp")
    job_service.ask_and_wait(query)
    assert "HTTP 404" in (job_service.queries.answers[query].error or "")


# -- connections to the file host: all downloads of the engine share them, and they end in time


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
    assert service.connections("files") <= SIZES[Lane.PICTURE]


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
    threads = SIZES[Lane.DOWNLOAD] + SIZES[Lane.PICTURE]
    assert service.connections("files") <= threads


class CountingDownloader(PictureDownloader):
    """Counts how often it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0

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
        engine.run(IDLE_TIMEOUT / 2)
    assert [each.closed for each in made] == [0]


def test_connections_are_closed_after_a_pause(
    engine: EngineHarness, made: list[CountingDownloader]
) -> None:
    """Other jobs still run then; the next download connects again."""
    engine.add(working())
    download(engine)
    engine.run(IDLE_TIMEOUT + 2)
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
