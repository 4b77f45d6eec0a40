# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's pages: merged, filtered, sorted, and asked for through the worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    View,
    state_label,
    state_of,
    title,
)
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.queries import Balance, ListPage, Thumbnail
from mint_blender.jobs.service import JobService
from mint_blender.jobs.transfers import fetch_file
from mint_blender.message import Message
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Asset, Kind, Page, Usage

from ..harness.call_counts import count_lines
from ..mint_service.runner import ThreadService, running_service
from .engine_harness import EngineHarness, PictureDownloader, until
from .fast_config import account, fast_config
from .library_helpers import MODELS, AssetList, a_shown, an_asset, asked, load, making, numbers
from .workflow_harness import a_job, job_in_review, working

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


@given(
    st.lists(st.sampled_from(["new", "delete", "refresh", "more"]), max_size=40),
    st.integers(1, 4),
    st.integers(0, 12),
)
def test_the_loaded_list_equals_the_list_at_mint(steps: list[str], size: int, count: int) -> None:
    """After any order of changes and pages, a refresh and all pages show what Mint has."""
    mint, paged_list = AssetList(*range(count), size=size), PagedList(Kind.MODEL)
    newest = count
    for step in steps:
        if step == "new":
            mint.numbers.insert(0, newest)
            newest += 1
        elif step == "delete" and mint.numbers:
            del mint.numbers[newest % len(mint.numbers)]
        elif step == "refresh":
            paged_list.add_page(None, mint.page(None))
        else:
            load(paged_list, mint, 1)
        known = numbers(paged_list)
        assert len(known) == len(set(known)), "an entry twice"
        if "delete" not in steps:
            assert known == sorted(known, reverse=True), "not in Mint's order"
    paged_list.add_page(None, mint.page(None))
    load(paged_list, mint)
    assert set(mint.numbers) <= set(numbers(paged_list))
    assert paged_list.next_page is None


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
    """Unfinished and failed assets cannot be imported, and their state says so."""
    asset = an_asset(1, status=status)
    assert (state_of(asset), state_label(asset)) == (state, words)


def test_an_asset_without_a_file_is_not_offered() -> None:
    """Mint may return succeeded without a file."""
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


WANTED = st.builds(
    Filter,
    st.sampled_from([None, *Kind]),
    st.sampled_from([None, *AssetState]),
    st.sampled_from(["", "1"]),
    st.sampled_from(Sort),
)


@given(
    st.lists(st.sampled_from(["new", "delete", "change", "refresh", "more"]), max_size=30),
    WANTED,
    st.integers(0, 12),
)
def test_an_updated_view_equals_a_new_one(steps: list[str], wanted: Filter, count: int) -> None:
    """A view updated page by page equals a view computed at the end."""
    mint, library = AssetList(*range(count)), Library()
    newest = count
    for step in steps:
        library.entries(wanted)
        if step == "new":
            mint.numbers.insert(0, newest)
            newest += 1
        elif step == "delete" and mint.numbers:
            del mint.numbers[newest % len(mint.numbers)]
        elif step == "change" and mint.numbers:
            mint.failed.add(mint.numbers[newest % len(mint.numbers)])
        else:
            query = MODELS if step == "refresh" else library.next_page(Kind.MODEL)
            if query is not None:
                library.add_page(query, mint.page(query.cursor))
        shown = library.entries(wanted)
        anew = View(wanted, library.view(Filter()).entries).entries
        assert [each.id for each in shown] == [each.id for each in anew]
        places = [library.view(wanted).place(each) for each in shown]
        assert places == list(range(len(shown)))


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


# -- requests for the start of the list after new assets were reported or are missing


NOW = "2026-08-03T10:00:00.000Z"  # after all that Mint lists


def with_a_reported_new_one() -> tuple[Library, AssetList]:
    """Return a library that waits for its first page again.

    A job reported model 3, which was created after the first page was read.
    """
    library, mint = a_shown(1, 2)
    library.apply_updates([making(a_job(), "running", 3)])
    assert library.outdated_pages() == [MODELS]
    library.page_requested(MODELS)
    mint.numbers.insert(0, 3)
    return library, mint


def test_a_failed_first_page_is_not_requested_repeatedly() -> None:
    """The error is reported once, and the page is requested again only for a reason."""
    library, _ = with_a_reported_new_one()
    library.add_page(MODELS, None, "Mint did not answer.")
    assert library.outdated_pages() == []


def test_a_failed_first_page_is_requested_with_the_next_new_asset() -> None:
    """A further new model requests the first page once."""
    library, mint = with_a_reported_new_one()
    library.add_page(MODELS, None, "Mint did not answer.")
    library.apply_updates([making(a_job(), "running", 4)])
    assert library.outdated_pages() == [MODELS]
    library.page_requested(MODELS)
    library.add_page(MODELS, mint.page(None))
    assert (library.outdated_pages(), library.count()) == ([], 3)


def test_a_failed_first_page_is_requested_when_mint_answers_again() -> None:
    """Any successful page requests the missing first page."""
    library, mint = a_shown(1, 2, 3, 4, 5)
    library.apply_updates([making(a_job(), "running", 6, createdAt=NOW)])
    library.page_requested(MODELS)
    library.add_page(MODELS, None, "Mint did not answer.")
    further = library.next_page(Kind.MODEL)
    assert further.cursor is not None
    library.add_page(further, mint.page(further.cursor))
    assert library.outdated_pages() == [MODELS]


def test_a_failed_further_page_does_not_stop_the_first_page() -> None:
    """New assets are still requested."""
    library, _ = a_shown(1, 2, 3, 4, 5)
    library.apply_updates([making(a_job(), "running", 6, createdAt=NOW)])
    library.add_page(ListPage(Kind.MODEL, "3"), None, "Mint did not answer.")
    assert library.outdated_pages() == [MODELS]


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
    for said in asked(job_service, MODELS, Thumbnail(f"{service.files}/a.webp")):
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


def test_several_jobs_share_connections(home: Path, service: ThreadService) -> None:
    """Six jobs use no more connections to Mint and its files than there are threads."""
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
    assert service.connections("api") <= SIZES[Lane.CALL]


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
