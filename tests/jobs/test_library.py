# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's pages: merged, filtered, sorted, and asked for through the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mint_blender.files import pictures
from mint_blender.files.download_folder import thumbnail_name
from mint_blender.jobs.engine.thread_messages import SetOnline
from mint_blender.jobs.engine.threads import IDLE_TIMEOUT, SIZES, Lane
from mint_blender.jobs.library.pages import PagedList
from mint_blender.jobs.library.view_model import (
    AssetState,
    Filter,
    Library,
    Sort,
    state_label,
    state_of,
    title,
)
from mint_blender.jobs.queries import Balance, ListPage, Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.transfers import fetch_file
from mint_blender.message import Message
from mint_blender.mint.schema import Asset, Kind, Page, Usage

from ..harness.call_counts import count_lines
from ..mint_service.runner import ThreadService, running_service
from .engine_harness import EngineHarness, PictureDownloader
from .engine_harness import until as run_until
from .fast_config import account
from .library_helpers import MODELS, AssetList, an_asset, asked, load, numbers
from .service_helpers import until
from .workflow_harness import job_in_review, working

# -- pages


def test_a_repeated_cursor_ends_the_list() -> None:
    """A cursor that was used before leads to no new page."""
    paged_list = PagedList(Kind.MODEL)
    paged_list.add_page(None, Page((an_asset(2),), "again"))
    paged_list.add_page("again", Page((an_asset(1),), "again"))
    assert (numbers(paged_list), paged_list.next_page) == ([2, 1], None)


def test_a_first_page_of_new_assets_begins_the_list_anew() -> None:
    """When the new first page does not reach known assets, all others are read again."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 2)
    mint.numbers[:0] = range(16, 9, -1)
    paged_list.add_page(None, mint.page(None))
    assert numbers(paged_list) == [16, 15, 14]
    load(paged_list, mint)
    assert numbers(paged_list) == [*range(16, -1, -1)]


def test_a_refresh_removes_deleted_assets() -> None:
    """An asset missing between two known ones is removed."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 2)
    mint.numbers.remove(8)
    paged_list.add_page(None, mint.page(None))
    assert numbers(paged_list) == [9, 7, 6, 5, 4]


def test_a_late_page_changes_no_order() -> None:
    """A page whose position is unknown updates its assets and moves none."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 3)
    before = numbers(paged_list)
    paged_list.add_page("7", Page((an_asset(6, name="Renamed"), an_asset(99)), "6"))
    assert numbers(paged_list) == before
    assert next(asset.name for asset in paged_list.entries() if asset.id == "id_6") == "Renamed"


def test_a_refused_cursor_restarts_the_list() -> None:
    """After an error for a further page a refresh reads the list from its start."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 2)
    paged_list.page_failed("4", "is not a cursor of this list")
    assert paged_list.error
    paged_list.add_page(None, mint.page(None))
    assert (numbers(paged_list), paged_list.error) == ([9, 8, 7], None)
    load(paged_list, mint)
    assert len(numbers(paged_list)) == 10


# -- what is shown


def a_library() -> Library:
    """Return a library with three models and two worlds."""
    library = Library()
    models = an_asset(1, name="Zebra"), an_asset(5, status="running"), an_asset(3, status="failed")
    worlds = (
        an_asset(2, kind=Kind.WORLD, name="Hall", prompt=None),
        an_asset(4, kind=Kind.WORLD, id="id_w", prompt="a green hall"),
    )
    library.add_page(MODELS, Page(models, None))
    library.add_page(ListPage(Kind.WORLD), Page(worlds, None))
    return library


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), ["id_5", "id_w", "id_3", "id_2", "id_1"]),
        (Filter(sort=Sort.OLDEST), ["id_1", "id_2", "id_3", "id_w", "id_5"]),
        (Filter(sort=Sort.NAME), ["id_w", "id_3", "id_5", "id_2", "id_1"]),
        (Filter(kind=Kind.WORLD), ["id_w", "id_2"]),
        (Filter(state=AssetState.UNFINISHED), ["id_5"]),
        (Filter(state=AssetState.FAILED), ["id_3"]),
        (Filter(words="HALL"), ["id_w", "id_2"]),
        (Filter(words="hall green"), ["id_w"]),
        (Filter(words="hall blue"), []),
    ],
)
def test_assets_are_filtered_and_sorted(wanted: Filter, expected: list[str]) -> None:
    """The filter has kind, state and text; the order is by date or name."""
    assert [asset.id for asset in a_library().entries(wanted)] == expected


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        ("succeeded", AssetState.DONE, "Done"),
        ("running", AssetState.UNFINISHED, "In progress"),
        ("enchanting", AssetState.UNFINISHED, 'In progress ("enchanting")'),
        ("failed", AssetState.FAILED, "Failed"),
        ("canceled", AssetState.FAILED, "Canceled"),
    ],
)
def test_the_state_of_an_asset_is_shown(status: str, state: AssetState, words: str) -> None:
    """What is unfinished, has failed, or has no file cannot be imported, and its state says so."""
    asset = an_asset(1, status=status)
    assert (state_of(asset), state_label(asset)) == (state, words)
    assert state_label(an_asset(1, assets=None)) == "Done, but no file"


def test_an_asset_without_name_and_prompt_is_called_by_its_kind_and_id() -> None:
    """The title is a message, so that it is shown in the user's language."""
    shown = [title(an_asset(1, kind=kind, prompt=None, assets=None)) for kind in Kind]
    assert shown == ["Model id_1", "World id_1"]
    assert all(isinstance(each, Message) for each in shown)


def test_both_kinds_reach_equally_far_back() -> None:
    """With both kinds shown, the one with the shorter history is loaded further."""
    library = Library()
    library.add_page(MODELS, Page((an_asset(9), an_asset(8)), "m"))
    library.add_page(ListPage(Kind.WORLD), Page((an_asset(5, kind=Kind.WORLD, id="w"),), "w"))
    assert library.next_page() == ListPage(Kind.MODEL, "m")
    library.add_page(ListPage(Kind.MODEL, "m"), Page((an_asset(1),), "m2"))
    assert library.next_page() == ListPage(Kind.WORLD, "w")
    assert library.next_page(Kind.MODEL) == ListPage(Kind.MODEL, "m2")


def test_the_number_of_assets_in_certain_order() -> None:
    """Sorted by date, the order is certain as far back as both lists reach.

    Sorted by name it is not certain before all is loaded, so all known assets count.
    """
    library = Library()
    library.add_page(MODELS, Page((an_asset(9), an_asset(8), an_asset(7)), "m"))
    assert library.settled_count(Filter()) == 0, "of the worlds nothing is known"
    library.add_page(
        ListPage(Kind.WORLD),
        Page((an_asset(8, kind=Kind.WORLD, id="w"), an_asset(1, kind=Kind.WORLD, id="w2")), None),
    )
    settled = library.entries(Filter())[: library.settled_count(Filter())]
    assert [each.id for each in settled] == ["id_9", "id_8", "w", "id_7"]
    assert library.settled_count(Filter(kind=Kind.WORLD)) == 2
    assert library.settled_count(Filter(sort=Sort.NAME)) == 5


def test_a_new_page_costs_no_full_sort() -> None:
    """A filter reads every asset; a page is merged by bisection."""

    def efforts(count: int) -> tuple[int, int, int]:
        library, wanted = Library(), Filter(words="thing", sort=Sort.NAME)
        library.add_page(MODELS, Page(tuple(an_asset(-number) for number in range(count)), "0"))
        first = count_lines(lambda: library.entries(wanted))
        page = Page(tuple(an_asset(-count - number) for number in range(30)), "1")
        further = count_lines(lambda: library.add_page(ListPage(Kind.MODEL, "0"), page))
        assert len(library.entries(wanted)) == count + 30
        return first, further, count_lines(lambda: library.entries(wanted))

    few, many = efforts(50), efforts(5000)
    assert many[0] > 50 * few[0], "what is counted is the work"
    assert many[1] < 2 * few[1]
    assert many[2] == few[2]


def test_entries_that_have_not_changed_are_not_sorted_again() -> None:
    """Loading the first page again executes few lines of Python for each of its entries."""
    library, mint = Library(), AssetList(*range(1, 1001), size=50)
    query: ListPage | None = MODELS
    while query is not None:
        library.add_page(query, mint.page(query.cursor))
        query = library.next_page(Kind.MODEL)
    assert len(library.entries(Filter())) == 1000
    page = mint.page(None)
    assert count_lines(lambda: library.add_page(MODELS, page)) < 50 * len(page.data)
    assert len(library.entries(Filter())) == 1000


# -- the library read through the worker: pages, thumbnails, connections and accounts


SERVICE = {"library": {"models": 65, "worlds": 4}}


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
    until(lambda: not job_service.worker.is_running)


def first_model(job_service: JobService) -> Asset:
    """Return a finished model."""
    (said,) = asked(job_service, MODELS)
    assert isinstance(said.answer, Page)
    return next(asset for asset in said.answer.data if state_of(asset) is AssetState.DONE)


def test_a_thumbnail_is_downloaded_once(
    job_service: JobService, service: ThreadService, home: Path
) -> None:
    """It is cached with the file extension of its content; a missing one is reported."""
    model = first_model(job_service)
    query = Thumbnail(model.assets.picture_url)
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


# -- queries belong to the account and the number they were sent with


@pytest.fixture
def other() -> Iterator[ThreadService]:
    """Yield a service with another account and five models."""
    with running_service(library={"models": 5}, credits=200) as running:
        yield running


def test_an_answer_for_an_earlier_account_is_dropped(
    job_service: JobService, other: ThreadService
) -> None:
    """No query is pending after the account was changed; the new account answers the next one."""
    queries = (MODELS, Balance())
    for query in queries:
        job_service.queries.ask(query)
    until(lambda: not job_service.worker.events.empty())
    job_service.set_account(account(other))
    assert not any(job_service.queries.is_pending(query) for query in queries)
    assert not job_service.has_active_work
    job_service.catch_up()
    assert not job_service.queries.answers
    models, balance = (each.answer for each in asked(job_service, *queries))
    assert isinstance(models, Page)
    assert isinstance(balance, Usage)
    assert (len(models.data), balance.credits.total_available) == (5, 200)


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
    run_until(engine, lambda: engine.job(job).has_preview)


@pytest.mark.parametrize(
    "end",
    [
        lambda engine: engine.run(IDLE_TIMEOUT + 2),
        lambda engine: (engine.scheduler.receive(SetOnline(False)), engine.run()),
        lambda engine: engine.scheduler.close(),
    ],
    ids=["after a pause, while other jobs run", "when going offline", "at the end"],
)
def test_connections_stay_from_one_job_to_the_next_and_are_closed(
    engine: EngineHarness, made: list[CountingDownloader], end: Callable[[EngineHarness], object]
) -> None:
    """One downloader serves all jobs, until it is not needed or not wanted any more."""
    engine.add(working())
    for _ in range(3):
        download(engine)
        engine.run(IDLE_TIMEOUT / 2)
    assert [each.closed for each in made] == [0]
    end(engine)
    assert [each.closed for each in made] == [1]


def test_a_download_after_a_pause_connects_again(
    engine: EngineHarness, made: list[CountingDownloader]
) -> None:
    """With another downloader."""
    download(engine)
    engine.run(IDLE_TIMEOUT + 2)
    download(engine)
    assert [each.closed for each in made] == [1, 0]
