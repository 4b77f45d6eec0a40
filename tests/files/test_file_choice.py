# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the offered files is used, and what the user reads when one cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.files import file_choice
from mint_blender.files.glb import header

from .build_glb import box

FULL = file_choice.BLENDER_READS | {file_choice.DRACO}
NO_DRACO = file_choice.BLENDER_READS
FILES = {
    "optimized_url": "https://cdn.example/small.glb",
    "original_url": "https://cdn.example/large.glb",
}


def test_the_optimized_file_is_used_where_it_can_be_read() -> None:
    """The smaller file is used, and nothing is explained."""
    assert file_choice.choose_model(**FILES, readable=FULL) == file_choice.Choice(
        FILES["optimized_url"], "optimized"
    )


@pytest.mark.covers("C2-original")
@pytest.mark.parametrize(
    ("readable", "word"),
    [
        (NO_DRACO, "Draco"),
        (FULL - {file_choice.WEBP}, "WebP"),
        (frozenset(), "WebP pictures in models and a decoder for Draco"),
    ],
)
def test_the_original_is_used_where_the_optimized_file_cannot_be_read(
    readable: frozenset[str], word: str
) -> None:
    """The user is told which file was used and what is missing."""
    chosen = file_choice.choose_model(**FILES, readable=readable)
    assert chosen is not None and (chosen.url, chosen.which) == (FILES["original_url"], "original")
    assert (
        chosen.reason is not None
        and word in chosen.reason
        and "original" in chosen.reason
        and chosen.reason.endswith(".")
    )


def test_without_an_optimized_file_the_original_needs_no_reason() -> None:
    """Right after a generation there is no optimized file; that is normal."""
    assert file_choice.choose_model(
        optimized_url=None, original_url="https://x/y.glb", readable=NO_DRACO
    ) == file_choice.Choice("https://x/y.glb", "original")


def test_an_optimized_file_alone_is_tried_with_a_warning() -> None:
    """The user is warned; what the file really needs is in its header."""
    chosen = file_choice.choose_model(
        optimized_url="https://x/y.glb", original_url=None, readable=NO_DRACO
    )
    assert (
        chosen is not None
        and chosen.which == "optimized"
        and chosen.reason is not None
        and "Draco" in chosen.reason
    )


def test_nothing_is_chosen_from_nothing() -> None:
    """Without an address there is no choice and no error."""
    assert file_choice.choose_model(optimized_url=None, original_url=None, readable=FULL) is None


def test_missing_extensions_are_listed(tmp_path: Path) -> None:
    """Required extensions that this Blender cannot read are listed, sorted."""
    path = tmp_path / "lamp.glb"
    path.write_bytes(box(requires=["ZZ_new", file_choice.DRACO, "EXT_texture_webp"]))
    found = header.inspect(path)
    assert file_choice.missing_extensions(found, NO_DRACO) == (file_choice.DRACO, "ZZ_new")
    assert file_choice.missing_extensions(found, FULL | {"ZZ_new"}) == ()


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ([file_choice.DRACO], ["Draco", "blender.org"]),
        (["EXT_meshopt_compression"], ["meshopt", "original"]),
        ([file_choice.BASISU], ["KTX2", "original"]),
        ([file_choice.WEBP], ["WebP"]),
        (["ZZ_new", "AA_new"], ["AA_new and ZZ_new", "original"]),
        ([file_choice.DRACO, "ZZ_new"], ["Draco", "ZZ_new"]),
    ],
)
def test_each_missing_extension_has_its_advice(missing: list[str], words: list[str]) -> None:
    """Several are all named, and two names for one thing only once."""
    sentence = file_choice.explain_missing(missing)
    assert all(word in sentence for word in words) and sentence.endswith(".")
    assert (
        file_choice.explain_missing(["EXT_meshopt_compression", "KHR_meshopt_compression"]).count(
            "lacks"
        )
        == 1
    )
    assert file_choice.explain_missing([]) == ""


TIERS = {
    "full_res": "https://x/full",
    "2m": "https://x/2m",
    "500k": "https://x/500k",
    "100k": "https://x/100k",
}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (None, "100k"),
        ("500k", "500k"),
        ("500K", "500k"),
        ("full-res", "full_res"),
        ("3m", "100k"),
        ("", "100k"),
    ],
)
def test_the_requested_tier_of_splats_or_the_smallest_is_chosen(
    wanted: str | None, expected: str
) -> None:
    """The tier is found however it is written; otherwise the smallest is chosen."""
    assert file_choice.choose_splats(TIERS, wanted) == (expected, TIERS[expected])


def test_tiers_without_an_address_are_not_offered() -> None:
    """A missing part is not an error."""
    assert file_choice.choose_splats({"100k": None, "500k": "https://x/500k"}, "100k") == (
        "500k",
        "https://x/500k",
    )
    assert (
        file_choice.choose_splats({"100k": None}) is None and file_choice.choose_splats({}) is None
    )


@pytest.mark.parametrize(
    ("tier", "splats"),
    [
        ("100k", 1e5),
        ("500k", 5e5),
        ("2m", 2e6),
        ("1.5M", 1.5e6),
        ("250000", 2.5e5),
        ("full_res", float("inf")),
        ("500k-spz", 5e5),
        ("v2max", float("inf")),
    ],
)
def test_tier_names_are_read_as_numbers(tier: str, splats: float) -> None:
    """The suffix k is thousands, m is millions; a name without a number counts as large."""
    assert file_choice.splat_count(tier) == splats


@given(
    st.dictionaries(st.text(max_size=12), st.none() | st.text(min_size=1, max_size=5), max_size=5),
    st.none() | st.text(max_size=12),
)
def test_any_tier_names_are_accepted(urls: dict[str, str | None], wanted: str | None) -> None:
    """A tier is chosen exactly when one is offered, and it is one of those."""
    chosen = file_choice.choose_splats(urls, wanted)
    assert (chosen is None) == (not any(urls.values()))
    if chosen:
        assert urls[chosen[0]] == chosen[1]
