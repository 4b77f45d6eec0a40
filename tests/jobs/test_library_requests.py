# SPDX-License-Identifier: GPL-3.0-or-later
"""The library read through the worker: pages, thumbnails, connections and accounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.files import pictures
from mint_blender.files.download_folder import thumbnail_name
from mint_blender.jobs.engine.thread_messages import SetOnline
from mint_blender.jobs.engine.threads import IDLE_TIMEOUT
from mint_blender.jobs.library.view_model import AssetState, Filter, Library, state_of
from mint_blender.jobs.queries import Balance, Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.transfers import fetch_file
from mint_blender.mint.schema import Kind, Page

from ..mint_service.runner import ThreadService, running_service
from .engine_harness import PICTURE, Engines, PictureDownloader
from .engine_harness import until as run_until
from .fast_config import account
from .library_helpers import MODELS, asked
from .service_helpers import until
from .workflow_harness import FILES, job_in_review, working

SERVICE = {"library": {"models": 65, "worlds": 4}}


def test_the_whole_list_through_the_worker(job_service: JobService, service: ThreadService) -> None:
    """65 models and 4 worlds take three and one requests, and the thread ends."""
    library = loaded(job_service, None)
    assert (library.count(Kind.MODEL), library.count(Kind.WORLD)) == (65, 4)
    requests = service.requests("GET", "/v1/models"), service.requests("GET", "/v1/worlds")
    assert [len(each) for each in requests] == [3, 1]
    states = [state_of(asset) for asset in library.entries(Filter(kind=Kind.MODEL))]
    assert (states.count(AssetState.FAILED), states.count(AssetState.UNFINISHED)) == (9, 1)
    until(lambda: not job_service.worker.is_running)


def test_a_thumbnail_is_downloaded_once(
    job_service: JobService, service: ThreadService, home: Path
) -> None:
    """It is cached with the file extension of its content; a missing one is reported."""
    model = loaded(job_service).entries(Filter(Kind.MODEL, AssetState.DONE))[0]
    query = Thumbnail(model.assets.picture_url or "")
    paths = [asked(job_service, query)[0].answer for _ in range(3)]
    assert len(set(paths)) == 1
    assert isinstance(paths[0], Path)
    assert paths[0].parent == home / "thumbnails"
    assert pictures.inspect(paths[0]).suffix == paths[0].suffix
    assert len(service.requests(host="files")) == 1
    (said,) = asked(job_service, Thumbnail(f"{service.files}/images/none.webp"))
    assert said.answer is None and "HTTP 404" in (said.error or "")
    job_service.allow_online(False)
    sent = len(service.log())
    for said in asked(job_service, MODELS, Thumbnail(f"{service.files}/a.webp")):
        assert "online access is off" in (said.error or "")
    assert len(service.log()) == sent


def test_the_thumbnail_cache_is_bounded(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Beyond its size the least recently used picture is removed."""
    monkeypatch.setattr(fetch_file, "PRUNE_INTERVAL", 1)
    monkeypatch.setattr(fetch_file, "MAX_CACHE_BYTES", int(len(PICTURE) * 2.5))
    urls = [f"{FILES}{number}.webp" for number in range(4)]
    for url in (*urls[:3], urls[0], urls[3]):
        fetch_file.thumbnail(url, home, PictureDownloader(), lambda: False)
    left = {path.stem for path in (home / "thumbnails").iterdir()}
    assert left == {thumbnail_name(urls[0]), thumbnail_name(urls[3])}


def test_an_answer_for_an_earlier_account_is_dropped(job_service: JobService) -> None:
    """No query is pending after the account was changed; the new account answers the next one."""
    queries = (MODELS, Balance())
    for query in queries:
        job_service.queries.ask(query)
    until(lambda: not job_service.worker.events.empty())
    with running_service(library={"models": 5}, credits=200) as other:
        job_service.set_account(account(other))
        assert not any(job_service.queries.is_pending(query) for query in queries)
        assert not job_service.has_active_work
        job_service.catch_up()
        assert not job_service.queries.answers
        models, balance = (each.answer for each in asked(job_service, *queries))
    assert (len(models.data), balance.credits.total_available) == (5, 200)


def test_connections_stay_from_one_job_to_the_next_and_are_closed(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One downloader serves all jobs, until it is not needed or not wanted any more.

    That is after a pause, also while other jobs run, when going offline, and at the end.
    """
    made: list[PictureDownloader] = []
    closed: list[PictureDownloader] = []

    def make(local_files: bool) -> PictureDownloader:
        made.append(PictureDownloader())
        return made[-1]

    def download() -> None:
        job = job_in_review()
        engine.add(job)
        run_until(engine, lambda: engine.job(job).has_preview)

    monkeypatch.setattr(PictureDownloader, "close", lambda self: closed.append(self))
    engine = engines(downloader=make)
    engine.add(working())
    for _ in range(3):
        download()
        engine.run(IDLE_TIMEOUT / 2)
    assert (len(made), len(closed)) == (1, 0)
    engine.run(IDLE_TIMEOUT + 2)
    assert closed == made
    download()
    engine.scheduler.receive(SetOnline(False))
    engine.run()
    assert closed == made and len(made) == 2
    engine.scheduler.receive(SetOnline(True))
    download()
    assert (len(made), len(closed)) == (3, 2)
    engine.scheduler.close()
    assert closed == made


def loaded(job_service: JobService, kind: Kind | None = Kind.MODEL) -> Library:
    """Return a library with all models loaded, or all assets of another kind, or of both."""
    library = Library()
    while (query := library.next_page(kind)) is not None:
        (said,) = asked(job_service, query)
        assert isinstance(said.answer, Page)
        library.add_page(query, said.answer)
    return library
