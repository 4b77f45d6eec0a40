# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of SPZ files: one gzip stream (versions 1 to 3) or Zstandard streams (version 4).

A file is not trusted: counts are compared with the file's size and with a limit before memory of
that size is allocated, and no more is decompressed than the header says.

Source: https://github.com/nianticlabs/spz
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...message import Message
from ..errors import InvalidSplats
from . import coordinates
from .coordinates import PER_DEGREE, flawed

MAGIC = b"NGSP"
MAX_POINTS = 10_000_000
"""Splats of the largest file that is read."""


@dataclass(frozen=True)
class Header:
    """Header of an SPZ file."""

    version: int
    points: int
    degree: int
    """Degree of the spherical harmonics, 0 to 4."""
    fractional_bits: int
    extended: bool
    """Whether the file has extension records: the axes, and others that are skipped."""
    axes: str | None = coordinates.DEFAULT_AXES
    """Such as "RUB"; None if only the records after the splats name them."""

    @property
    def coefficients(self) -> int:
        """Number of higher harmonics for each color of a splat."""
        return PER_DEGREE[self.degree]

    @property
    def section_sizes(self) -> tuple[int, ...]:
        """Bytes of position, opacity, color, scale, rotation and harmonics, in file order."""
        position = 6 if self.version == 1 else 9
        rotation = 3 if self.version < 3 else 4
        return tuple(
            self.points * size for size in (position, 1, 3, 3, rotation, 3 * self.coefficients)
        )


def parse_header(head: bytes, path: Path, versions: tuple[int, ...]) -> Header:
    """Parse the first 16 bytes of an uncompressed SPZ file.

    Args:
        head: The bytes.
        path: Names the file in error messages.
        versions: The SPZ versions that this container may hold.

    Raises:
        InvalidSplats: If the header is wrong or above the limits.
    """
    magic, version, points, degree, bits, flags, _ = struct.unpack("<4sIIBBBB", head)
    if magic != MAGIC:
        raise InvalidSplats(
            "The file {name} does not contain splats. Download it again.", name=path.name
        )
    if version not in versions:
        raise _wrong_version(version, path.name)
    if degree > 4 or bits > 23:
        raise flawed(path.name, Message("has an invalid header"))
    if points == 0:
        raise InvalidSplats("The splat file {name} contains no splats.", name=path.name)
    if points > MAX_POINTS:
        raise InvalidSplats(
            "The splat file {name} has {count:,} splats; the limit is {most:,}. Choose a"
            " lower splat quality for this World.",
            name=path.name,
            count=points,
            most=MAX_POINTS,
        )
    return Header(version, points, degree, bits, bool(flags & 2))


def _wrong_version(version: int, name: str) -> InvalidSplats:
    if 1 <= version <= 4:
        return flawed(
            name,
            Message(
                "is damaged: it is not compressed as SPZ version {version} requires",
                version=version,
            ),
        )
    return InvalidSplats(
        "The splat file {name} has SPZ version {version}; versions 1 to 4 are"
        " supported. Check for a newer version of this add-on.",
        name=name,
        version=version,
    )


def cut_short(name: str) -> InvalidSplats:
    """Return the error for a file that ends too early."""
    return flawed(name, Message("is cut short"))


Bytes = NDArray[np.uint8]

_GZIP = b"\x1f\x8b"
_MAX_DEFLATE_RATIO = 1032  # no deflate stream decompresses to more than this many times its size
_MAX_RECORD_BYTES = 1 << 20


def open_file(path: Path) -> BinaryIO:
    """Open the file for reading; raises InvalidSplats when it cannot be opened."""
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidSplats(
            "The splat file {name} cannot be opened ({reason}).",
            name=path.name,
            reason=error.strerror,
        ) from error


def open_sections(file: BinaryIO, path: Path) -> tuple[Header, Iterator[Bytes]]:
    """Return the header and an iterator that decompresses one attribute after the other.

    Each array is exactly as long as `Header.section_sizes` says. One more section follows: the
    extension records, empty if there are none. Advancing past that one checks the end of the file.

    Raises:
        InvalidSplats: If the file is damaged or above the limits.
    """
    size = path.stat().st_size
    start = file.read(4)
    file.seek(0)
    if start[:2] == _GZIP:
        return _open_gzip(file, path, size)
    if start == MAGIC:
        return _open_zstd(file, path, size)
    flaw = (
        Message("is empty")
        if not size
        else Message("is a web page")
        if start.lstrip()[:1] == b"<"
        else Message("is not an SPZ file")
    )
    raise flawed(path.name, flaw)


def _open_gzip(file: BinaryIO, path: Path, size: int) -> tuple[Header, Iterator[Bytes]]:
    stream = _GzipReader(file, path.name)
    header = parse_header(bytes(stream.take(16)), path, versions=(1, 2, 3))
    header = replace(header, axes=None if header.extended else coordinates.DEFAULT_AXES)
    if sum(header.section_sizes) > size * _MAX_DEFLATE_RATIO:
        raise flawed(
            path.name,
            Message(
                "claims {count:,} splats, more than {size:,} bytes can hold",
                count=header.points,
                size=size,
            ),
        )

    def sections() -> Iterator[Bytes]:
        for length in header.section_sizes:
            yield stream.take(length)
        yield stream.rest(_MAX_RECORD_BYTES if header.extended else 0)
        stream.expect_end()

    return header, sections()


def _open_zstd(file: BinaryIO, path: Path, size: int) -> tuple[Header, Iterator[Bytes]]:
    head = file.read(32)
    if len(head) < 32:
        raise cut_short(path.name)
    header = parse_header(head[:16], path, versions=(4,))
    count = head[15]
    offset = struct.unpack_from("<I", head, 16)[0]
    if not 32 <= offset <= size - 16 * count:
        raise cut_short(path.name)
    records = file.read(min(offset - 32, _MAX_RECORD_BYTES))
    try:
        header = replace(header, axes=coordinates.parse_axes(records, path.name))
    except InvalidSplats:
        if header.extended:  # without the flag the bytes may be padding
            raise
    file.seek(offset)
    packed_sizes = _read_stream_table(file, count, header, path.name)
    claimed = offset + 16 * count + sum(packed_sizes)
    if claimed > size:
        raise cut_short(path.name)
    if claimed < size:
        raise flawed(path.name, Message("is longer than its header says"))

    def sections() -> Iterator[Bytes]:
        for index, length in enumerate(header.section_sizes):
            packed = file.read(packed_sizes[index]) if length else b""
            yield _decompress_zstd(packed, length, path.name) if length else np.zeros(0, np.uint8)
        yield np.zeros(0, np.uint8)

    return header, sections()


def _read_stream_table(file: BinaryIO, count: int, header: Header, name: str) -> list[int]:
    """Return the compressed bytes of each stream.

    Raises:
        InvalidSplats: The decompressed sizes in the table do not fit the number of splats.
    """
    table = [struct.unpack("<QQ", file.read(16)) for _ in range(count)]
    sizes = header.section_sizes
    needed = sum(1 for length in sizes if length)
    if count < needed or tuple(unpacked for _, unpacked in table[:6]) != sizes[:count]:
        raise flawed(
            name,
            Message(
                "is damaged: its parts do not have the size of {count:,} splats",
                count=header.points,
            ),
        )
    return [packed for packed, _ in table]


class _GzipReader:
    """A gzip stream read in exact amounts, so that a decompression bomb is never unpacked."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._pending = b""

    def take(self, length: int) -> Bytes:
        """Return the next `length` bytes."""
        # pages that are not written cost nothing, so a false length costs nothing either
        out = np.zeros(length, np.uint8)
        filled = 0
        while filled < length:
            piece = self._decompress(min(length - filled, 1 << 20))
            if not piece:
                raise cut_short(self._name)
            out[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        return out

    def rest(self, limit: int) -> Bytes:
        """Return what is left, at most `limit` bytes."""
        pieces: list[bytes] = []
        while limit > 0 and (piece := self._decompress(limit)):
            pieces.append(piece)
            limit -= len(piece)
        return np.frombuffer(b"".join(pieces), np.uint8)

    def expect_end(self) -> None:
        """Raise InvalidSplats if data follows or the checksum is wrong."""
        if self._decompress(1) or self._decompressor.unused_data or self._file.read(1):
            raise flawed(self._name, Message("contains more than its header says"))
        if not self._decompressor.eof:
            raise cut_short(self._name)

    def _decompress(self, limit: int) -> bytes:
        while not self._decompressor.eof:
            data = self._pending or self._file.read(1 << 16)
            try:
                piece = self._decompressor.decompress(data, limit)
            except zlib.error as error:
                raise flawed(self._name, Message("is damaged ({reason})", reason=error)) from error
            self._pending = self._decompressor.unconsumed_tail
            if piece or not data:
                return piece
        return b""


def _decompress_zstd(packed: bytes, length: int, name: str) -> Bytes:
    """Decompress one Zstandard stream, which must give exactly `length` bytes."""
    zstandard = _zstandard()
    out = np.zeros(length, np.uint8)
    view = out.data
    filled = 0
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed) as reader:
            while filled < length and (count := reader.readinto(view[filled : filled + (1 << 20)])):
                filled += count
            more = reader.read(1)
    except zstandard.ZstdError as error:
        raise flawed(name, Message("is damaged ({reason})", reason=error)) from error
    if filled < length:
        raise cut_short(name)
    if more:
        raise flawed(name, Message("contains more than its header says"))
    return out


def _zstandard() -> Any:
    """Import zstandard, which only version 4 needs; Blender includes it."""
    try:
        import zstandard
    except ImportError as error:
        raise InvalidSplats(
            "This splat file is compressed with Zstandard. Install the Python package"
            " zstandard to read it."
        ) from error
    return zstandard
