# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests for the start of the list after new assets were reported or are missing."""

from __future__ import annotations

from mint_blender.jobs.library.pages import PagedList
from mint_blender.jobs.library.view_model import Library
from mint_blender.jobs.queries import ListPage
from mint_blender.mint.schema import Kind

from .library_helpers import MODELS, AssetList, load, numbers
from .library_update_helpers import a_shown, making
from .workflow_harness import a_job

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
    assert further is not None and further.cursor is not None
    library.add_page(further, mint.page(further.cursor))
    assert library.outdated_pages() == [MODELS]


def test_a_failed_further_page_does_not_stop_the_first_page() -> None:
    """New assets are still requested."""
    library, _ = a_shown(1, 2, 3, 4, 5)
    library.apply_updates([making(a_job(), "running", 6, createdAt=NOW)])
    library.add_page(ListPage(Kind.MODEL, "3"), None, "Mint did not answer.")
    assert library.outdated_pages() == [MODELS]


# -- when the newest is gone
# -----------------------------------------------------------------------------------------------------


def torn(*above: int) -> tuple[PagedList, AssetList]:
    """Return a list with the assets `above`, a gap, and the assets 9, 8 and 7."""
    mint, paged_list = AssetList(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 1)
    mint.size = len(above)
    mint.numbers[:0] = range(max(above), 9, -1)
    paged_list.add_page(None, mint.page(None))
    assert numbers(paged_list) == [*above, 9, 8, 7]
    mint.size = 3
    return paged_list, mint


def without(paged_list: PagedList, mint: AssetList, *gone: int) -> None:
    """Remove these assets, as if jobs reported them deleted."""
    for number in gone:
        mint.numbers.remove(number)
        paged_list.drop(f"id_{number}")


def test_the_first_page_is_requested_when_all_above_the_gap_is_deleted() -> None:
    """The gap is now at the start of the list, which is read again."""
    paged_list, mint = torn(16, 15)
    without(paged_list, mint, 16)
    assert not paged_list.has_newer_entries
    without(paged_list, mint, 15)
    assert paged_list.has_newer_entries
    assert paged_list.next_page == MODELS


def test_assets_below_the_gap_are_kept() -> None:
    """No asset is lost, and a remaining gap is filled as usual."""
    paged_list, mint = torn(16, 15)
    without(paged_list, mint, 16, 15)
    load(paged_list, mint, 1)
    assert numbers(paged_list) == [14, 13, 12, 9, 8, 7]
    assert not paged_list.has_newer_entries
    load(paged_list, mint)
    assert numbers(paged_list) == [*range(14, -1, -1)]


def test_a_late_page_for_a_closed_gap_moves_nothing() -> None:
    """The page was requested before the last asset above was deleted."""
    paged_list, mint = torn(15)
    late = mint.page("15")
    without(paged_list, mint, 15)
    paged_list.add_page("15", late)
    assert numbers(paged_list) == [9, 8, 7]
    assert paged_list.next_page == MODELS


def test_an_empty_list_is_read_from_its_start() -> None:
    """All assets above and below the gap are deleted."""
    paged_list, mint = torn(12)
    without(paged_list, mint, 12, 9, 8, 7)
    assert numbers(paged_list) == []
    load(paged_list, mint)
    assert numbers(paged_list) == [11, 10, 6, 5, 4, 3, 2, 1, 0]
