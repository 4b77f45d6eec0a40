# SPDX-License-Identifier: GPL-3.0-or-later
"""What has come in front of the list, or is missing there: it is asked for until it was read, and not again and again."""

from __future__ import annotations

from mint_blender.jobs.library import Library
from mint_blender.jobs.questions import ListPage
from mint_blender.mint.schema import Kind

from .telling import a_job
from .test_library import MODELS, Mint
from .test_told import a_shown, making

NOW = "2026-08-03T10:00:00.000Z"  # after all that Mint lists


def told_of_a_new_one() -> tuple[Library, Mint]:
    """A library that has heard of model 3, which came after its first page was read; the first page is on its way again."""
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
