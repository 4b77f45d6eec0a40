# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures are recognized by their bytes; which file of an asset is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mint_blender.files import file_choice, pictures
from mint_blender.files.errors import InvalidPicture
from mint_blender.files.glb import header

from .build_glb import box, jpeg_header, png, png_that_claims, webp_header

HDR = b"#?RADIANCE\n# made by hand\nFORMAT=32-bit_rle_rgbe\n\n-Y 256 +X 512\n"
APP = b"\xff\xe0\x00\x10JFIF\0" + bytes(9) + b"\xff\xff\xfe\x00\x04hi"


@pytest.mark.covers("C12-bytes")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (png(2560, 1280), ("png", 2560, 1280, ".png", "image/png")),
        (png()[:24] + b"\x10" + png()[25:], ("png", 4, 2, ".png", "image/png", True)),
        (jpeg_header(640, 480), ("jpeg", 640, 480, ".jpg", "image/jpeg")),
        (jpeg_header(640, 480, marker=0xC2, before=APP), ("jpeg", 640, 480, ".jpg", "image/jpeg")),
        (jpeg_header(4, 2, before=b"\xff" * 500), ("jpeg", 4, 2, ".jpg", "image/jpeg")),
        (webp_header(1024, 768, b"VP8 "), ("webp", 1024, 768, ".webp", "image/webp")),
        (webp_header(1024, 768, b"VP8L"), ("webp", 1024, 768, ".webp", "image/webp")),
        (webp_header(16000, 8000, b"VP8X"), ("webp", 16000, 8000, ".webp", "image/webp")),
        (b"GIF89a" + bytes(20), ("gif", None, None, ".gif", "image/gif")),
        (b"BM" + bytes(20), ("bmp", None, None, ".bmp", "image/bmp")),
        (b"II*\0" + bytes(20), ("tiff", None, None, ".tif", "image/tiff")),
        (b"MM\0*" + bytes(20), ("tiff", None, None, ".tif", "image/tiff")),
        (b"\x76\x2f\x31\x01" + bytes(20), ("exr", None, None, ".exr", "image/x-exr")),
        (HDR, ("hdr", 512, 256, ".hdr", "image/vnd.radiance", True)),
        (HDR.replace(b"RADIANCE", b"RGBE"), ("hdr", 512, 256, ".hdr", "image/vnd.radiance", True)),
    ],
)
def test_format_and_size_come_from_the_bytes(
    tmp_path: Path, content: bytes, expected: tuple[object, ...]
) -> None:
    """Format, size, ending, media type and depth, from memory and from any file name."""
    (tmp_path / "preview.txt").write_bytes(content)
    for source in (content, tmp_path / "preview.txt"):
        assert pictures.inspect(source) == pictures.Picture(*expected)  # type: ignore[arg-type]


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
        (b"\xff\xd8" + b"\xff" * 2**20, "frame header is missing"),  # of bytes that fill it
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
    assert pictures.is_panorama(pictures.inspect(png_that_claims(width, height))) is expected
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


FULL = file_choice.BLENDER_READS | {file_choice.DRACO}
NO_DRACO = file_choice.BLENDER_READS
SMALL, LARGE = "https://cdn.example/small.glb", "https://cdn.example/large.glb"
NO_WEBP = FULL - {file_choice.WEBP}


@pytest.mark.covers("C2-original")
@pytest.mark.parametrize(
    ("optimized", "original", "readable", "which", "reason"),
    [
        (SMALL, LARGE, FULL, "optimized", None),
        (None, LARGE, NO_DRACO, "original", None),  # as right after a generation
        (None, None, FULL, None, None),
        (SMALL, LARGE, NO_DRACO, "original", "a decoder for Draco"),
        (SMALL, LARGE, NO_WEBP, "original", "WebP"),
        (SMALL, LARGE, frozenset(), "original", "WebP pictures in models and a decoder for Draco"),
        (SMALL, None, NO_DRACO, "optimized", "may not open here: .*Draco"),
    ],
)
def test_the_smaller_file_is_used_where_it_can_be_read(
    optimized: str | None,
    original: str | None,
    readable: frozenset[str],
    which: str | None,
    reason: str | None,
) -> None:
    """Otherwise a sentence says which file is used instead, and what is missing for the other."""
    chosen = file_choice.choose_model(
        optimized_url=optimized, original_url=original, readable=readable
    )
    if chosen is None:
        assert which is None
        return
    assert (chosen.which, chosen.url) == (which, SMALL if which == "optimized" else LARGE)
    if reason is None:
        assert chosen.reason is None
    else:
        assert re.search(rf"{reason}.*\.$", chosen.reason or "") and which in str(chosen.reason)


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


OFFERED = ("full_res", "2m", "500k", "100k")


@pytest.mark.parametrize(
    ("offered", "wanted", "expected"),
    [
        (OFFERED, None, "100k"),
        (OFFERED, "500k", "500k"),
        (OFFERED, "500K", "500k"),
        (OFFERED, "full-res", "full_res"),
        (OFFERED, "3m", "100k"),
        (OFFERED, "", "100k"),
        (("500k",), "100k", "500k"),
        ((), None, None),
    ],
)
def test_the_requested_tier_of_splats_or_the_smallest_is_chosen(
    offered: tuple[str, ...], wanted: str | None, expected: str | None
) -> None:
    """The tier is found however it is written; one without an address is not offered."""
    urls = {tier: f"https://x/{tier}" if tier in offered else None for tier in OFFERED}
    chosen = file_choice.choose_splats(urls, wanted)
    assert chosen == (None if expected is None else (expected, urls[expected]))


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
