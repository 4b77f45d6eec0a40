# SPDX-License-Identifier: GPL-3.0-or-later
"""Results are cached by the identity of an object that never changes."""

from __future__ import annotations

from mint_blender.jobs.presentation.job_view import MOST, cached_by_identity


def test_a_result_is_computed_once_for_each_object() -> None:
    """An equal object is another one; so is the same object with other arguments."""
    computed = []

    @cached_by_identity
    def length(words: list[str], language: str) -> int:
        computed.append(language)
        return len(words)

    words = ["a", "lamp"]
    assert [length(words, "de"), length(words, "de"), length(list(words), "de")] == [2, 2, 2]
    assert length(words, "ja") == 2
    assert computed == ["de", "de", "ja"]


def test_an_object_that_takes_the_place_of_another_gets_its_own_result() -> None:
    """However many there are: no result is kept for an object that is gone."""

    @cached_by_identity
    def first(words: list[int]) -> int:
        return words[0]

    assert [first([number]) for number in range(3 * MOST)] == list(range(3 * MOST))
