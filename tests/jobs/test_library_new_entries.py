# SPDX-License-Identifier: GPL-3.0-or-later
"""What has come in front of the list, or is missing there: it is asked for until it was read, and
not again and again.
"""

from __future__ import annotations

from mint_blender.jobs.library.pages import PagedList
from mint_blender.jobs.library.view_model import Library
from mint_blender.jobs.queries import ListPage
from mint_blender.mint.schema import Kind

from .library_helpers import MODELS, Mint, load, numbers
from .library_update_helpers import a_shown, making
from .workflow_harness import a_job

NOW = "2026-08-03T10:00:00.000Z"  # after all that Mint lists


def with_a_reported_new_one() -> tuple[Library, Mint]:
    """A library that has heard of model 3, which came after its first page was read; the first page
    is on its way again.
    """
    library, mint = a_shown(1, 2)
    library.apply_updates([making(a_job(), "running", 3)])
    assert library.outdated_pages() == [MODELS]
    library.page_requested(MODELS)
    mint.numbers.insert(0, 3)
    return library, mint


def test_what_could_not_be_read_is_not_asked_for_again_and_again() -> None:
    """Mint does not answer: that is said once, and asked again when there is a reason to."""
    library, _ = with_a_reported_new_one()
    library.add_page(MODELS, None, "Mint did not answer.")
    assert library.outdated_pages() == []


def test_what_could_not_be_read_is_asked_for_with_the_next_news() -> None:
    """Another model begins: the first page is asked for, once."""
    library, mint = with_a_reported_new_one()
    library.add_page(MODELS, None, "Mint did not answer.")
    library.apply_updates([making(a_job(), "running", 4)])
    assert library.outdated_pages() == [MODELS]
    library.page_requested(MODELS)
    library.add_page(MODELS, mint.page(None))
    assert (library.outdated_pages(), library.count()) == ([], 3)


def test_what_could_not_be_read_is_asked_for_once_mint_answers_again() -> None:
    """A further page comes: so Mint can be reached, and what is lacking in front is asked for."""
    library, mint = a_shown(1, 2, 3, 4, 5)
    library.apply_updates([making(a_job(), "running", 6, createdAt=NOW)])
    library.page_requested(MODELS)
    library.add_page(MODELS, None, "Mint did not answer.")
    further = library.next_page(Kind.MODEL)
    assert further is not None and further.cursor is not None
    library.add_page(further, mint.page(further.cursor))
    assert library.outdated_pages() == [MODELS]


def test_a_failed_further_page_is_no_failed_first_page() -> None:
    """What has come in front is still asked for."""
    library, _ = a_shown(1, 2, 3, 4, 5)
    library.apply_updates([making(a_job(), "running", 6, createdAt=NOW)])
    library.add_page(ListPage(Kind.MODEL, "3"), None, "Mint did not answer.")
    assert library.outdated_pages() == [MODELS]


# -- when the newest is gone
# -----------------------------------------------------------------------------------------------------


def torn(*above: int) -> tuple[PagedList, Mint]:
    """A list that knows the ones `above` and then 9, 8, 7; between them something is missing."""
    mint, paged_list = Mint(*range(10)), PagedList(Kind.MODEL)
    load(paged_list, mint, 1)
    mint.size = len(above)
    mint.numbers[:0] = range(max(above), 9, -1)
    paged_list.add_page(None, mint.page(None))
    assert numbers(paged_list) == [*above, 9, 8, 7]
    mint.size = 3
    return paged_list, mint


def without(paged_list: PagedList, mint: Mint, *gone: int) -> None:
    """These were deleted at Mint, as jobs have reported."""
    for number in gone:
        mint.numbers.remove(number)
        paged_list.drop(f"id_{number}")


def test_with_nothing_left_above_the_gap_the_first_page_is_asked_for() -> None:
    """What is missing then is the beginning of the list: it is read by itself, and again from its
    start.
    """
    paged_list, mint = torn(16, 15)
    without(paged_list, mint, 16)
    assert not paged_list.has_newer_entries
    without(paged_list, mint, 15)
    assert paged_list.has_newer_entries
    assert paged_list.next_page == MODELS


def test_what_is_below_stays_while_the_beginning_is_read() -> None:
    """No entry is lost on the way; where the first page does not reach the known the gap behind it
    is filled as ever.
    """
    paged_list, mint = torn(16, 15)
    without(paged_list, mint, 16, 15)
    load(paged_list, mint, 1)
    assert numbers(paged_list) == [14, 13, 12, 9, 8, 7]
    assert not paged_list.has_newer_entries
    load(paged_list, mint)
    assert numbers(paged_list) == [*range(14, -1, -1)]


def test_a_late_page_for_the_gap_that_is_no_more() -> None:
    """It was asked for before the last one above it was gone: it moves nothing, and the beginning
    is still wanted.
    """
    paged_list, mint = torn(15)
    late = mint.page("15")
    without(paged_list, mint, 15)
    paged_list.add_page("15", late)
    assert numbers(paged_list) == [9, 8, 7]
    assert paged_list.next_page == MODELS


def test_with_nothing_left_at_all_the_list_begins_anew() -> None:
    """Above and below the gap all are gone."""
    paged_list, mint = torn(12)
    without(paged_list, mint, 12, 9, 8, 7)
    assert numbers(paged_list) == []
    load(paged_list, mint)
    assert numbers(paged_list) == [11, 10, 6, 5, 4, 3, 2, 1, 0]
