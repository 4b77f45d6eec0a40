# SPDX-License-Identifier: GPL-3.0-or-later
"""What has come in front of the list, or is missing there: it is asked for until it was read, and
not again and again.
"""

from __future__ import annotations

from mint_blender.jobs.library.pages import Shelf
from mint_blender.jobs.library.view_model import Library
from mint_blender.jobs.queries import ListPage
from mint_blender.mint.schema import Kind

from .test_library import MODELS, Mint, load, numbers
from .test_library_updates import a_shown, making
from .workflow_harness import a_job

NOW = "2026-08-03T10:00:00.000Z"  # after all that Mint lists


def told_of_a_new_one() -> tuple[Library, Mint]:
    """A library that has heard of model 3, which came after its first page was read; the first page
    is on its way again.
    """
    library, mint = a_shown(1, 2)
    library.follow([making(a_job(), "running", 3)])
    assert library.behind() == [MODELS]
    library.asked(MODELS)
    mint.numbers.insert(0, 3)
    return library, mint


def test_what_could_not_be_read_is_not_asked_for_again_and_again() -> None:
    """Mint does not answer: that is said once, and asked again when there is a reason to."""
    library, _ = told_of_a_new_one()
    library.take_in(MODELS, None, "Mint did not answer.")
    assert library.behind() == []


def test_what_could_not_be_read_is_asked_for_with_the_next_news() -> None:
    """Another model begins: the first page is asked for, once."""
    library, mint = told_of_a_new_one()
    library.take_in(MODELS, None, "Mint did not answer.")
    library.follow([making(a_job(), "running", 4)])
    assert library.behind() == [MODELS]
    library.asked(MODELS)
    library.take_in(MODELS, mint.page(None))
    assert (library.behind(), library.count()) == ([], 3)


def test_what_could_not_be_read_is_asked_for_once_mint_answers_again() -> None:
    """A further page comes: so Mint can be reached, and what is lacking in front is asked for."""
    library, mint = a_shown(1, 2, 3, 4, 5)
    library.follow([making(a_job(), "running", 6, createdAt=NOW)])
    library.asked(MODELS)
    library.take_in(MODELS, None, "Mint did not answer.")
    further = library.next_page(Kind.MODEL)
    assert further is not None and further.cursor is not None
    library.take_in(further, mint.page(further.cursor))
    assert library.behind() == [MODELS]


def test_a_failed_further_page_is_no_failed_first_page() -> None:
    """What has come in front is still asked for."""
    library, _ = a_shown(1, 2, 3, 4, 5)
    library.follow([making(a_job(), "running", 6, createdAt=NOW)])
    library.take_in(ListPage(Kind.MODEL, "3"), None, "Mint did not answer.")
    assert library.behind() == [MODELS]


# -- when the newest is gone
# -----------------------------------------------------------------------------------------------------


def torn(*above: int) -> tuple[Shelf, Mint]:
    """A shelf that knows the ones `above` and then 9, 8, 7; between them something is missing."""
    mint, shelf = Mint(*range(10)), Shelf(Kind.MODEL)
    load(shelf, mint, 1)
    mint.size = len(above)
    mint.numbers[:0] = range(max(above), 9, -1)
    shelf.take_in(None, mint.page(None))
    assert numbers(shelf) == [*above, 9, 8, 7]
    mint.size = 3
    return shelf, mint


def without(shelf: Shelf, mint: Mint, *gone: int) -> None:
    """These were deleted at Mint, and jobs have told so."""
    for number in gone:
        mint.numbers.remove(number)
        shelf.drop(f"id_{number}")


def test_with_nothing_left_above_the_gap_the_first_page_is_asked_for() -> None:
    """What is missing then is the beginning of the list: it is read by itself, and again from its
    start.
    """
    shelf, mint = torn(16, 15)
    without(shelf, mint, 16)
    assert not shelf.is_behind
    without(shelf, mint, 15)
    assert shelf.is_behind
    assert shelf.next_page == MODELS


def test_what_is_below_stays_while_the_beginning_is_read() -> None:
    """No entry is lost on the way; where the first page does not reach the known the gap behind it
    is filled as ever.
    """
    shelf, mint = torn(16, 15)
    without(shelf, mint, 16, 15)
    load(shelf, mint, 1)
    assert numbers(shelf) == [14, 13, 12, 9, 8, 7]
    assert not shelf.is_behind
    load(shelf, mint)
    assert numbers(shelf) == [*range(14, -1, -1)]


def test_a_late_page_for_the_gap_that_is_no_more() -> None:
    """It was asked for before the last one above it was gone: it moves nothing, and the beginning
    is still wanted.
    """
    shelf, mint = torn(15)
    late = mint.page("15")
    without(shelf, mint, 15)
    shelf.take_in("15", late)
    assert numbers(shelf) == [9, 8, 7]
    assert shelf.next_page == MODELS


def test_with_nothing_left_at_all_the_list_begins_anew() -> None:
    """Above and below the gap all are gone."""
    shelf, mint = torn(12)
    without(shelf, mint, 12, 9, 8, 7)
    assert numbers(shelf) == []
    load(shelf, mint)
    assert numbers(shelf) == [11, 10, 6, 5, 4, 3, 2, 1, 0]
