# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures are recognized by their bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mint_blender.files import pictures
from mint_blender.files.errors import InvalidPicture

from .build_glb import jpeg_header, png, webp_header

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
