# SPDX-License-Identifier: GPL-3.0-or-later
"""The library's pages: merged, filtered and sorted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from mint_blender.jobs.queries import ListPage
from mint_blender.message import Message
from mint_blender.mint.schema import Kind, Page

from ..call_counts import count_lines
from .library_helpers import MODELS, AssetList, a_shown, an_asset, load, making, numbers
from .workflow_harness import a_job

# -- pages


@pytest.mark.parametrize(("count", "requests"), [(10, 4), (0, 1)])
def test_a_list_is_read_to_its_end(count: int, requests: int) -> None:
    """Ten assets in pages of three take four requests, none takes one; then no page is left."""
    mint, paged_list = AssetList(*range(count)), PagedList(Kind.MODEL)
    load(paged_list, mint)
    assert (mint.asked, paged_list.next_page) == (requests, None)
    assert numbers(paged_list) == [*range(count)][::-1]


def test_a_repeated_cursor_ends_the_list() -> None:
    """A cursor that was used before leads to no new page."""
    paged_list = PagedList(Kind.MODEL)
    paged_list.add_page(None, Page((an_asset(2),), "again"))
    paged_list.add_page("again", Page((an_asset(1),), "again"))
    assert (numbers(paged_list), paged_list.next_page) == ([2, 1], None)


def test_a_refresh_adds_new_assets_in_front() -> None:
    """Loaded assets are kept without duplicates, and the next page is unchanged."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 2)
    further = paged_list.next_page
    mint.numbers.insert(0, 10)
    paged_list.add_page(None, mint.page(None))
    assert numbers(paged_list) == [10, 9, 8, 7, 6, 5, 4]
    assert paged_list.next_page == further


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
