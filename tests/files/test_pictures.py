# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures are recognized by their bytes; which file of an asset is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.files import file_choice, pictures
from mint_blender.files.errors import InvalidPicture
from mint_blender.files.glb import header

from .build_glb import box, jpeg_header, png, webp_header

HDR = b"#?RADIANCE\n# made by hand\nFORMAT=32-bit_rle_rgbe\n\n-Y 256 +X 512\n"
APP = b"\xff\xe0\x00\x10JFIF\0" + bytes(9) + b"\xff\xff\xfe\x00\x04hi"


@pytest.mark.covers("C12-bytes")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(2560, 1280), ("png", 2560, 1280, ".png", "image/png")),
        (jpeg_header(640, 480), ("jpeg", 640, 480, ".jpg", "image/jpeg")),
        (jpeg_header(640, 480, marker=0xC2, before=APP), ("jpeg", 640, 480, ".jpg", "image/jpeg")),
        (webp_header(1024, 768, b"VP8 "), ("webp", 1024, 768, ".webp", "image/webp")),
        (webp_header(1024, 768, b"VP8L"), ("webp", 1024, 768, ".webp", "image/webp")),
        (webp_header(16000, 8000, b"VP8X"), ("webp", 16000, 8000, ".webp", "image/webp")),
        (b"GIF89a" + bytes(20), ("gif", None, None, ".gif", "image/gif")),
        (b"BM" + bytes(20), ("bmp", None, None, ".bmp", "image/bmp")),
        (b"II*\0" + bytes(20), ("tiff", None, None, ".tif", "image/tiff")),
        (b"MM\0*" + bytes(20), ("tiff", None, None, ".tif", "image/tiff")),
        (b"\x76\x2f\x31\x01" + bytes(20), ("exr", None, None, ".exr", "image/x-exr")),
        (HDR, ("hdr", 512, 256, ".hdr", "image/vnd.radiance")),
        (HDR.replace(b"RADIANCE", b"RGBE"), ("hdr", 512, 256, ".hdr", "image/vnd.radiance")),
    ],
)
def test_format_and_size_come_from_the_bytes(
    tmp_path: Path, content: bytes, expected: tuple[object, ...]
) -> None:
    """Format, size, ending and media type are read, from memory and from any file name."""
    (tmp_path / "preview.txt").write_bytes(content)
    for source in (content, tmp_path / "preview.txt"):
        found = pictures.inspect(source)
        assert (found.format, found.width, found.height, found.suffix, found.media_type) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html>", "web page"),
        (b"  <html>", "web page"),
        (b'{"error": 1}', "web page"),
        (b"hello", "not a picture"),
        (png()[:20], "cut off"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIDAT" + bytes(20), "damaged"),
        (png(0, 5), "0 × 5"),
        (png()[:16] + b"\xff" * 8 + png()[24:], "claims to be"),
        (jpeg_header(4, 4)[:8], "cut off"),
        (b"\xff\xd8\xff\xe0\xff\xff", "cut off"),
        (b"\xff\xd8\xff\xda\0\4\0\0", "damaged"),
        (b"\xff\xd8\xff\xe0\0\2hello", "damaged"),
        (b"\xff\xd8\xff\xd9\0\2", "damaged"),
        (jpeg_header(0, 0), "0 × 0"),
        (webp_header(4, 4)[:24], "cut off"),
        (b"RIFF\x04\0\0\0WAVEfmt \0\0\0\0", "damaged"),
        (b"RIFF\x0c\0\0\0WEBPXXXX\0\0\0\0", "damaged"),
        (webp_header(4, 4).replace(b"\x9d\x01\x2a", b"abc"), "damaged"),
        (webp_header(4, 4, b"VP8L").replace(b"\x2f", b"\x2e"), "damaged"),
        (HDR[:-1], "cut off"),
        (HDR[:20], "cut off"),
        (b"#?RADIANCE\n" + b"# x\n" * 20_000, "its header has no end"),
        (HDR.replace(b"-Y 256 +X 512", b"+X 512 -Y 256"), "has no valid size"),
        (HDR.replace(b"256", b"-256"), "has no valid size"),
        (HDR.replace(b"256", b"9999999999"), "has no valid size"),
        (HDR.replace(b"256", b"999999999"), "512 × 999999999"),
        (HDR.replace(b"# made", b"-Y 60000 +X 120000\n# made"), "its header is invalid"),
        (HDR.replace(b"# made", b"# " + b"x" * 125 + b"\n# made"), "its header is invalid"),
        (HDR.replace(b"# made", b"\r\n-Y 60000 +X 120000\r\n"), "its header is invalid"),
        (HDR.replace(b"# made", b"# m\xe4de"), "its header is invalid"),
    ],
)
def test_other_content_is_refused_in_words(tmp_path: Path, content: bytes, words: str) -> None:
    """A web page, no bytes, a cut header and an absurd size each get their own sentence."""
    path = tmp_path / "preview.webp"
    path.write_bytes(content)
    with pytest.raises(InvalidPicture, match=words) as caught:
        pictures.inspect(path)
    assert str(caught.value).startswith("preview.webp ") and str(caught.value).endswith(".")


@pytest.mark.parametrize("beginning", [b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"\x76\x2f\x31\x01"])
def test_downloads_must_have_a_format_with_a_known_size(tmp_path: Path, beginning: bytes) -> None:
    """Other formats are for the user's own files; the message lists the formats."""
    path = tmp_path / "place.png"
    path.write_bytes(beginning + bytes(40))
    name = pictures.inspect(path).format.upper()
    with pytest.raises(
        InvalidPicture, match=rf"^place\.png is in the format {name}. .*PNG, JPEG, WebP and HDR"
    ):
        pictures.inspect_sized(path)
    with pytest.raises(InvalidPicture, match=r"^The picture is in the format"):
        pictures.inspect_sized(beginning + bytes(40))
    path.write_bytes(HDR)
    assert pictures.inspect_sized(path) == pictures.inspect(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(), False),
        (png()[:24] + b"\x10" + png()[25:], True),
        (HDR, True),
        (jpeg_header(4, 4), False),
    ],
)
def test_the_bit_depth_is_read(content: bytes, expected: bool) -> None:
    """More than eight bits for a channel take four times the memory."""
    assert pictures.inspect(content).is_deep is expected


def test_a_missing_picture_is_an_error_in_words(tmp_path: Path) -> None:
    """A file that does not exist is reported in a sentence."""
    with pytest.raises(InvalidPicture, match="could not be read"):
        pictures.inspect(tmp_path / "gone.webp")


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (2560, 1280, True),
        (4096, 2048, True),
        (2561, 1280, True),
        (1920, 1080, False),
        (1280, 2560, False),
        (2600, 1280, False),
    ],
)
def test_a_panorama_is_twice_as_wide_as_high(width: int, height: int, expected: bool) -> None:
    """2:1 within a percent is accepted; a picture of unknown size is not."""
    assert pictures.is_panorama(pictures.inspect(png(width, height)[:64])) is expected
    assert pictures.is_panorama(pictures.inspect(b"GIF89a" + bytes(9))) is False


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.png", webp_header(4, 4), "a.webp"),
        ("a.webp", png(), "a.png"),
        ("a.jpeg", jpeg_header(4, 4), "a.jpeg"),
        ("a.jpg", jpeg_header(4, 4), "a.jpg"),
        ("a.PNG", png(), "a.PNG"),
        ("lamp-v1.2", png(), "lamp-v1.2.png"),
        ("lamp", png(), "lamp.png"),
    ],
)
def test_the_ending_follows_the_bytes(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    """A wrong ending is replaced, a missing one added, a right one kept."""
    (tmp_path / name).write_bytes(content)
    assert pictures.rename_by_content(tmp_path / name) == tmp_path / expected
    assert [path.name for path in tmp_path.iterdir()] == [expected]


@given(
    st.sampled_from(
        [
            b"",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"RIFF",
            webp_header(4, 4)[:12],
            webp_header(4, 4)[:20],
            png()[:16],
            jpeg_header(4, 4)[:6],
            HDR[:10],
            HDR[:-14],
            HDR[:-11],
        ]
    ),
    st.binary(max_size=64),
)
def test_random_bytes_are_described_or_refused(head: bytes, tail: bytes) -> None:
    """Noise after any known beginning leads to a description or a sentence."""
    try:
        found = pictures.inspect(head + tail)
    except InvalidPicture:
        return
    assert found.width is None or 0 < found.width * (found.height or 0) <= pictures.MAX_PIXELS


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
    assert chosen.reason is not None
    assert word in chosen.reason
    assert "original" in chosen.reason
    assert chosen.reason.endswith(".")


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
    assert chosen is not None
    assert chosen.which == "optimized"
    assert chosen.reason is not None
    assert "Draco" in chosen.reason


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
    assert file_choice.choose_splats({"100k": None}) is None
    assert file_choice.choose_splats({}) is None


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
