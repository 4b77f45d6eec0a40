# SPDX-License-Identifier: GPL-3.0-or-later
"""Detect format and size of pictures from their headers, without decoding pixels.

Names and media types are not trusted: Mint serves WebP with several suffixes. The size is read from
PNG, JPEG, WebP and Radiance HDR. Of other formats that Blender opens only the name is known; they
are accepted from the user's own files, but not from downloads: some of Blender's readers allocate
what a header claims, show half a file as if it were complete (TIFF), or crash (a truncated EXR in
5.0).
"""

from __future__ import annotations

import io
import os
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..message import Message
from . import disk
from .errors import InvalidPicture

MAX_PIXELS = 2**28
"""Most pixels: 16384 × 16384; with four bytes for each pixel, 1 GiB."""


@dataclass(frozen=True)
class Picture:
    """A picture according to its header."""

    format: str
    width: int | None
    """Pixels; None for a format whose header is not read."""
    height: int | None
    suffix: str
    media_type: str
    is_deep: bool = False
    """Whether it has more than eight bits for each channel.

    If so, a pixel takes 16 bytes in Blender's memory, else four.
    """


def inspect(source: Path | bytes) -> Picture:
    """Return format and size of a picture.

    Raises:
        InvalidPicture: It is not a picture, or its header is incomplete.
    """
    if isinstance(source, bytes):
        return inspect_stream(io.BytesIO(source), len(source), Message("The picture"))
    try:
        with source.open("rb") as stream:
            return inspect_stream(stream, os.fstat(stream.fileno()).st_size, source.name)
    except OSError as error:
        raise InvalidPicture.unreadable(source, error) from error


def inspect_sized(source: Path | bytes) -> Picture:
    """Return what `inspect` does, for a picture that was downloaded.

    Raises:
        InvalidPicture: As `inspect`, and for a format whose size is not read here.
    """
    picture = inspect(source)
    if picture.width is None:
        name = Message("The picture") if isinstance(source, bytes) else source.name
        raise InvalidPicture(
            "{name} is in the format {format}. Only PNG, JPEG, WebP and HDR are accepted"
            " for downloaded pictures.",
            name=name,
            format=picture.format.upper(),
        )
    return picture


def check_complete(path: Path, picture: Picture) -> None:
    """Check that a PNG or JPEG has its end marker; WebP has its length in the header.

    The marker is searched for from the beginning, since data may follow it: phones append a film to
    a photo.

    Raises:
        InvalidPicture: The end is missing, as after an interrupted download.
    """
    end = END_MARKERS.get(picture.format, b"")
    try:
        with path.open("rb") as stream:
            before = b""
            while block := stream.read(2**20):
                if end in before + block:
                    return
                before = block[-len(end) :]
    except OSError as error:
        raise InvalidPicture.unreadable(path, error) from error
    raise InvalidPicture("{name} is cut off: its end is missing.", name=path.name)


END_MARKERS = {"png": b"IEND", "jpeg": b"\xff\xd9"}


def check_panorama(path: Path) -> None:
    """Check that a picture can be used as an equirectangular panorama.

    Raises:
        InvalidPicture: It is not 2:1, too large, cut off, or in a format whose size is not read.
    """
    picture = inspect_sized(path)
    width = picture.width or 0
    height = picture.height or 0
    if not is_panorama(picture):
        raise panorama_shape_error(path, width, height)
    limit = MAX_WIDTH_DEEP if picture.is_deep else MAX_WIDTH
    if width > limit:
        raise InvalidPicture(
            "The panorama {name} was not used: it is {width:,} pixels wide; the limit is {most:,}.",
            name=path.name,
            width=width,
            most=limit,
        )
    if picture.format == "jpeg":
        check_complete(path, picture)  # Blender would show the missing part in gray


def panorama_shape_error(path: Path, width: int, height: int) -> InvalidPicture:
    """Return the error for a picture that is not twice as wide as high."""
    return InvalidPicture(
        "The panorama {name} was not used: it is {width} × {height} pixels, but must be"
        " twice as wide as high.",
        name=path.name,
        width=width,
        height=height,
    )


MAX_WIDTH, MAX_WIDTH_DEEP = 16384, 8192
"""Pixels of the widest panorama: with eight bits for each channel, which is the limit of graphics
cards, and with more. Both take 512 MiB of memory.
"""


def is_panorama(picture: Picture) -> bool:
    """Return whether a picture is twice as wide as high, within 1 %."""
    if not picture.width or not picture.height:
        return False
    return abs(picture.width - 2 * picture.height) <= 0.02 * picture.height


def rename_by_content(path: Path) -> Path:
    """Rename a file so that its suffix fits its content, and return the new path.

    Blender chooses its reader by the suffix.

    Raises:
        InvalidPicture: As `inspect`.
    """
    picture = inspect(path)
    suffix = path.suffix.lower()
    if suffix == picture.suffix or (picture.format, suffix) in ALIASES:
        return path
    renamed = (
        path.with_suffix(picture.suffix)
        if suffix in SUFFIXES
        else path.with_name(path.name + picture.suffix)
    )
    disk.replace(path, renamed)
    return renamed


ALIASES = frozenset({("jpeg", ".jpeg"), ("tiff", ".tiff")})
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".exr", ".hdr"}
)


GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for media that an algorithm has generated."""
_XMP = b"".join(
    (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>',
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">',
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
        b'<rdf:Description rdf:about=""',
        b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"',
        b' Iptc4xmpExt:DigitalSourceType="%s"/></rdf:RDF></x:xmpmeta>' % GENERATED.encode(),
        b'<?xpacket end="w"?>',
    )
)
_AFTER_HEADER = 8 + 25  # bytes: the signature, and the chunk IHDR


def mark_generated(path: Path) -> None:
    """Write into a PNG that it shows generated media, as XMP.

    Source: the PNG specification, 11.3.4.5 iTXt; the XMP specification, part 3; the IPTC Photo
    Metadata Standard, Digital Source Type.

    Raises:
        OSError: The file cannot be read or written.
    """
    content = path.read_bytes()
    text = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + _XMP
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    with disk.replacing(path) as part:
        part.write_bytes(content[:_AFTER_HEADER] + chunk + content[_AFTER_HEADER:])


def inspect_stream(stream: BinaryIO, size: int, name: str) -> Picture:
    """Return what `inspect` does.

    Args:
        stream: The file, of which the beginning is enough.
        size: Bytes of the whole file.
        name: Names the picture in error messages.

    Raises:
        InvalidPicture: As `inspect`.
    """
    if not size:
        raise InvalidPicture("{name} is empty.", name=name)
    head = stream.read(32)
    for magic, read in READERS.items():
        if head.startswith(magic):
            stream.seek(0)
            try:
                picture = read(stream, size)
            except (struct.error, IndexError):
                raise InvalidPicture(
                    "{name} is cut off: its header is incomplete.", name=name
                ) from None
            except ValueError as error:
                raise InvalidPicture(
                    "{name} is damaged: {reason}.", name=name, reason=error
                ) from None
            width = picture.width or 0
            height = picture.height or 0
            if not 0 < width * height <= MAX_PIXELS:
                raise InvalidPicture(
                    "{name} claims to be {width} × {height} pixels, which is not a usable size.",
                    name=name,
                    width=width,
                    height=height,
                )
            return picture
    for magic, (format, suffix, media_type) in UNREAD_FORMATS.items():
        if head.startswith(magic):
            return Picture(format, None, None, suffix, media_type)
    raise InvalidPicture(_not_a_picture(head, name))


def _not_a_picture(head: bytes, name: str) -> str:
    """Return why the content is not a picture: a sentence for the user."""
    if name.lower().endswith((".svg", ".svgz")):
        return Message(
            "{name} is a vector drawing. Export it as PNG from the program that created it.",
            name=name,
        )
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{"):
        return Message(
            "{name} is a web page or a message instead of a picture; the link may have expired.",
            name=name,
        )
    return Message("{name} is not a picture that Blender can open.", name=name)


def _png(stream: BinaryIO, _size: int) -> Picture:
    length, kind, width, height, bits = struct.unpack(">8xI4sIIB", stream.read(25))
    if kind != b"IHDR" or length != 13:
        raise ValueError(Message("its first chunk is not a PNG header"))
    return Picture("png", width, height, ".png", "image/png", is_deep=bits > 8)


def _jpeg(stream: BinaryIO, size: int) -> Picture:
    """Read markers up to the frame header.

    Markers and the bytes that fill the space before them are counted, so it ends soon.
    """
    stream.seek(2)
    marker = 0xD8
    for _ in range(1000):
        if marker != 0xFF and stream.read(1)[0] != 0xFF:
            raise ValueError(Message("a JPEG marker is missing"))
        marker = stream.read(1)[0]
        if marker in {0x01, 0xFF} or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = struct.unpack(">H", stream.read(2))
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", stream.read(5))
            return Picture("jpeg", width, height, ".jpg", "image/jpeg")
        if marker in (0xD9, 0xDA) or length < 2:
            raise ValueError(Message("its JPEG frame header is missing"))
        if stream.tell() + length - 2 > size:
            raise IndexError
        stream.seek(length - 2, os.SEEK_CUR)
    raise ValueError(Message("its JPEG frame header is missing"))


def _webp(stream: BinaryIO, size: int) -> Picture:
    """Read a RIFF container whose first chunk is VP8 (lossy), VP8L (lossless) or VP8X."""
    length, form, chunk = struct.unpack("<4xI4s4s4x", stream.read(20))
    if form != b"WEBP":
        raise ValueError(Message("it is a RIFF file, but not WebP"))
    if length + 8 > size:
        raise IndexError
    if chunk == b"VP8 ":
        start, width, height = struct.unpack("<3x3sHH", stream.read(10))
        if start != b"\x9d\x01\x2a":
            raise ValueError(Message("its first WebP frame is not a key frame"))
        return _of_webp(width & 0x3FFF, height & 0x3FFF)
    if chunk == b"VP8L":
        signature, bits = struct.unpack("<BI", stream.read(5))
        if signature != 0x2F:
            raise ValueError(Message("its lossless WebP header is wrong"))
        return _of_webp(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if chunk == b"VP8X":
        canvas = struct.unpack("<4x6s", stream.read(10))[0]
        return _of_webp(
            1 + int.from_bytes(canvas[:3], "little"), 1 + int.from_bytes(canvas[3:], "little")
        )
    raise ValueError(Message("its first WebP chunk is unknown"))


def _of_webp(width: int, height: int) -> Picture:
    return Picture("webp", width, height, ".webp", "image/webp")


def _hdr(stream: BinaryIO, _size: int) -> Picture:
    """Read lines of text, an empty line, and the size.

    Strict, since a lenient reader could find another size than Blender does.
    """
    head = stream.read(HDR_HEAD)
    text, _, rest = head.partition(b"\n\n")
    line, end, _ = rest.partition(b"\n")
    if not end:
        raise IndexError if len(head) < HDR_HEAD else ValueError(Message("its header has no end"))
    if (
        any(
            len(entry) > HDR_LINE or entry.startswith((b"-", b"+")) or not entry.isascii()
            for entry in text.split(b"\n")
        )
        or b"\r" in text
    ):
        raise ValueError(Message("its header is invalid"))
    size = re.fullmatch(rb"-Y ([0-9]{1,9}) \+X ([0-9]{1,9})", line)
    if size is None:
        raise ValueError(Message("its header has no valid size"))
    return Picture("hdr", int(size[2]), int(size[1]), ".hdr", "image/vnd.radiance", is_deep=True)


HDR_HEAD = 2**16
HDR_LINE = 120
"""Most bytes of a Radiance header, and of one line of it."""


READERS: dict[bytes, Callable[[BinaryIO, int], Picture]] = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8\xff": _jpeg,
    b"RIFF": _webp,
    b"#?RADIANCE": _hdr,
    b"#?RGBE": _hdr,
}
UNREAD_FORMATS = {
    b"GIF87a": ("gif", ".gif", "image/gif"),
    b"GIF89a": ("gif", ".gif", "image/gif"),
    b"BM": ("bmp", ".bmp", "image/bmp"),
    b"II*\0": ("tiff", ".tif", "image/tiff"),
    b"MM\0*": ("tiff", ".tif", "image/tiff"),
    b"\x76\x2f\x31\x01": ("exr", ".exr", "image/x-exr"),
}
