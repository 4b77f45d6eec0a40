# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture is, told by its bytes: names and media types lie (Mint serves WebP under several endings).

Reads headers only and decodes no pixels. PNG, JPEG and WebP tell their size; other formats that Blender opens are told by name.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import BadPicture

MOST_PIXELS = 2**28
"""16384 × 16384: as four-byte pixels 1 GiB. A larger claim is refused before anything is allocated for it."""


@dataclass(frozen=True)
class Picture:
    """What the header says. `width` and `height` in pixels, None where the format is only told by name."""

    format: str
    width: int | None
    height: int | None
    suffix: str
    media_type: str


def inspect(source: Path | bytes) -> Picture:
    """Tell what the picture is; raises `BadPicture` with a sentence when it is none, or is cut off in its header."""
    if isinstance(source, bytes):
        return _inspect(io.BytesIO(source), len(source), "The picture")
    try:
        with source.open("rb") as stream:
            return _inspect(stream, os.fstat(stream.fileno()).st_size, source.name)
    except OSError as error:
        raise BadPicture(f"{source.name} could not be read: {error.strerror or type(error).__name__}.") from error


def inspect_beginning(beginning: bytes, size: int, name: str) -> Picture:
    """As `inspect`, from the first bytes of a picture of `size` bytes. `name` is for the sentence."""
    return _inspect(io.BytesIO(beginning), size, name)


def check_end(path: Path, picture: Picture) -> None:
    """Raise `BadPicture` when the end of the file is missing, as after a download that broke off. WebP tells that in its header.

    Whatever may follow the end (a phone appends a film to a photo) does not matter, so it is looked for from the beginning.
    """
    end = ENDS.get(picture.format, b"")
    try:
        with path.open("rb") as stream:
            before = b""
            while block := stream.read(2**20):
                if end in before + block:
                    return
                before = block[-len(end) :]
    except OSError as error:
        raise BadPicture(f"{path.name} could not be read: {error.strerror or type(error).__name__}.") from error
    raise BadPicture(f"{path.name} is cut off: its end is missing.")


ENDS = {"png": b"IEND", "jpeg": b"\xff\xd9"}


def is_measured(head: bytes) -> bool:
    """Do these first bytes belong to a format whose header tells the size (PNG, JPEG, WebP)?"""
    return head.startswith(tuple(MEASURED))


def is_panorama(picture: Picture) -> bool:
    """Is the picture twice as wide as high (within 1 %), as an equirectangular panorama must be?"""
    if not picture.width or not picture.height:
        return False
    return abs(picture.width - 2 * picture.height) <= 0.02 * picture.height


def rename_by_content(path: Path) -> Path:
    """Give the file the ending that its bytes ask for, since Blender goes by the ending; answers the new path."""
    picture = inspect(path)
    suffix = path.suffix.lower()
    if suffix == picture.suffix or (picture.format, suffix) in {("jpeg", ".jpeg"), ("tiff", ".tiff")}:
        return path
    renamed = path.with_suffix(picture.suffix) if suffix in SUFFIXES else path.with_name(path.name + picture.suffix)
    return path.replace(renamed)


SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".exr", ".hdr"})


def _inspect(stream: BinaryIO, size: int, name: str) -> Picture:
    if not size:
        raise BadPicture(f"{name} is empty.")
    head = stream.read(32)
    for magic, read in MEASURED.items():
        if head.startswith(magic):
            stream.seek(0)
            try:
                format, width, height, suffix = read(stream, size)
            except (struct.error, IndexError):
                raise BadPicture(f"{name} is cut off: its header is incomplete.") from None
            except ValueError as error:
                raise BadPicture(f"{name} is damaged: {error}.") from None
            if not 0 < width * height <= MOST_PIXELS:
                raise BadPicture(f"{name} claims to be {width} × {height} pixels; that is not shown.")
            return Picture(format, width, height, suffix, f"image/{format}")
    for magic, (format, suffix, media_type) in NAMED.items():
        if head.startswith(magic):
            return Picture(format, None, None, suffix, media_type)
    raise BadPicture(_what_it_is(head, name))


def _what_it_is(head: bytes, name: str) -> str:
    """A sentence about something that is no picture."""
    if name.lower().endswith((".svg", ".svgz")):
        return f"{name} is a drawing made of lines, not of pixels: save it as PNG in the program that it comes from."
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{"):
        return f"{name} is a web page or a message instead of a picture; the link may have expired."
    return f"{name} is not a picture of a kind that Blender opens."


Measures = tuple[str, int, int, str]


def _png(stream: BinaryIO, _size: int) -> Measures:
    length, kind, width, height = struct.unpack(">8xI4sII", stream.read(24))
    if kind != b"IHDR" or length != 13:
        raise ValueError("its first chunk is not a PNG header")
    return "png", width, height, ".png"


def _jpeg(stream: BinaryIO, size: int) -> Measures:
    """Walk from marker to marker until the frame header; every step goes forward, so it ends."""
    stream.seek(2)
    for _ in range(1000):
        if _byte(stream) != 0xFF:
            raise ValueError("a JPEG marker is missing")
        while (marker := _byte(stream)) == 0xFF:
            pass
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack(">H", stream.read(2))
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", stream.read(5))
            return "jpeg", width, height, ".jpg"
        if marker in (0xD9, 0xDA) or length < 2:
            raise ValueError("its JPEG frame header is missing")
        if stream.tell() + length - 2 > size:
            raise IndexError
        stream.seek(length - 2, os.SEEK_CUR)
    raise ValueError("its JPEG frame header is missing")


def _webp(stream: BinaryIO, size: int) -> Measures:
    """A RIFF container whose first chunk is VP8 (lossy), VP8L (lossless) or VP8X (extended)."""
    length, form, chunk = struct.unpack("<4xI4s4s4x", stream.read(20))
    if form != b"WEBP":
        raise ValueError("it is a RIFF file, but no WebP")
    if length + 8 > size:
        raise IndexError
    if chunk == b"VP8 ":
        start, width, height = struct.unpack("<3x3sHH", stream.read(10))
        if start != b"\x9d\x01\x2a":
            raise ValueError("its first WebP frame is no key frame")
        return "webp", width & 0x3FFF, height & 0x3FFF, ".webp"
    if chunk == b"VP8L":
        signature, bits = struct.unpack("<BI", stream.read(5))
        if signature != 0x2F:
            raise ValueError("its lossless WebP header is wrong")
        return "webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), ".webp"
    if chunk == b"VP8X":
        canvas = struct.unpack("<4x6s", stream.read(10))[0]
        return "webp", 1 + int.from_bytes(canvas[:3], "little"), 1 + int.from_bytes(canvas[3:], "little"), ".webp"
    raise ValueError("its first WebP chunk is unknown")


def _byte(stream: BinaryIO) -> int:
    return stream.read(1)[0]


MEASURED: dict[bytes, Callable[[BinaryIO, int], Measures]] = {b"\x89PNG\r\n\x1a\n": _png, b"\xff\xd8\xff": _jpeg, b"RIFF": _webp}
NAMED = {
    b"GIF87a": ("gif", ".gif", "image/gif"),
    b"GIF89a": ("gif", ".gif", "image/gif"),
    b"BM": ("bmp", ".bmp", "image/bmp"),
    b"II*\0": ("tiff", ".tif", "image/tiff"),
    b"MM\0*": ("tiff", ".tif", "image/tiff"),
    b"\x76\x2f\x31\x01": ("exr", ".exr", "image/x-exr"),
    b"#?RADIANCE": ("hdr", ".hdr", "image/vnd.radiance"),
    b"#?RGBE": ("hdr", ".hdr", "image/vnd.radiance"),
}
