# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading Gaussian splats from an SPZ file, versions 1 to 4, with NumPy; knows neither Blender nor
the network.

`decode` gives the values that the file holds, in the file's own axes (right, up, back, as glTF,
where it names no others); `to_blender_axes` turns them into those of Blender (right, forward, up).
A file is not trusted: counts are compared with the file's size and with a limit before anything of
that size is set aside, and no more is unpacked than the header promised.

Source of the layout: https://github.com/nianticlabs/spz (versions 1 to 3 are one gzip stream,
version 4 is a table of Zstandard streams).
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidSplats
from . import coordinates
from . import harmonics as radiance
from .harmonics import PER_DEGREE

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

MAGIC = b"NGSP"
_GZIP = b"\x1f\x8b"
_DEFLATE_RATIO = 1032  # no deflate stream unpacks to more than this many times its size
_LONGEST_RECORDS = 1 << 20  # bytes of extension records
_CHUNK = 1 << 18  # points turned at a time: keeps what NumPy needs in between small


@dataclass(frozen=True)
class SplatLimits:
    """How large a file may claim to be before it is refused unread."""

    points: int = 10_000_000


@dataclass(frozen=True)
class Header:
    """What an SPZ file says about itself."""

    version: int
    points: int
    degree: int  # of the spherical harmonics, 0 to 4
    fractional_bits: int
    antialiased: bool
    extended: bool  # extension records are in the file: the axes, and others that are skipped
    axes: str | None = coordinates.USUAL  # None where only the records after the splats tell

    @property
    def coefficients(self) -> int:
        """Higher harmonics of each color of a splat."""
        return PER_DEGREE[self.degree]

    @property
    def section_sizes(self) -> tuple[int, ...]:
        """Bytes of each attribute, in the order of the file."""
        position = 6 if self.version == 1 else 9
        rotation = 3 if self.version < 3 else 4
        return tuple(
            self.points * size for size in (position, 1, 3, 3, rotation, 3 * self.coefficients)
        )


@dataclass(frozen=True)
class Splats:
    """A cloud of Gaussian splats; n points, k higher harmonics (0, 3, 8, 15 or 24)."""

    positions: Floats  # (n, 3)
    scales: Floats  # (n, 3) standard deviation along each axis of the splat
    rotations: Floats  # (n, 4) w, x, y, z
    # (n, 4) first harmonic of red, green, blue (color = 0.5 + 0.2820948 x it), then opacity 0..1
    base: Floats
    harmonics: Floats  # (n, k, 3); harmonics[:, k] lies in one piece in memory
    antialiased: bool = False
    axes: str = coordinates.USUAL

    def __len__(self) -> int:
        return len(self.positions)


def inspect(path: Path, *, limits: SplatLimits = SplatLimits()) -> Header:
    """The header of an SPZ file, once it is known to fit the file. Raises InvalidSplats."""
    with _opened(path) as file:
        return _open_sections(file, path, limits)[0]


def decode(path: Path, *, limits: SplatLimits = SplatLimits(), max_degree: int = 4) -> Splats:
    """All splats of an SPZ file in the file's axes; harmonics above `max_degree` are left out.

    Raises InvalidSplats.
    """
    with _opened(path) as file:
        header, sections = _open_sections(file, path, limits)
        positions = _positions(next(sections), header, path)
        base = np.empty((header.points, 4), np.float32)
        base[:, 3] = next(sections) / np.float32(255)
        base[:, :3] = (
            next(sections).reshape(-1, 3) / np.float32(255) - np.float32(0.5)
        ) / np.float32(0.15)
        # 256 possible values: a table is exact and far cheaper than exp() for each splat
        scales = (
            np.exp(np.arange(256, dtype=np.float64) / 16 - 10)
            .astype(np.float32)[next(sections)]
            .reshape(-1, 3)
        )
        unpack = _rotations_of_bytes if header.version < 3 else _rotations_of_words
        rotations = _in_chunks(unpack, next(sections).reshape(header.points, -1), 4)
        harmonics = _harmonics(next(sections), header, PER_DEGREE[min(header.degree, max_degree)])
        axes = _axes(sections, header, path)
    return Splats(positions, scales, rotations, base, harmonics, header.antialiased, axes)


def read_axes(path: Path, *, limits: SplatLimits = SplatLimits()) -> str:
    """The axes in which a file's splats lie, such as "RUB".

    Only where records after the splats tell, those are unpacked for it.
    """
    with _opened(path) as file:
        header, sections = _open_sections(file, path, limits)
        if header.axes is not None:
            return header.axes
        for _ in header.section_sizes:
            next(sections)
        return _axes(sections, header, path)


def to_blender_axes(splats: Splats) -> Splats:
    """The same splats in Blender's axes, for places, turns and harmonics alike; from RUB, (x, y, z)
    becomes (x, -z, y).

    The color that a splat shows towards a direction stays with that direction. Blender 5.3's own
    importer does the same.
    """
    matrix = coordinates.to_blender(splats.axes)
    return replace(
        splats,
        positions=coordinates.transform_positions(splats.positions, matrix),
        rotations=coordinates.transform_rotations(splats.rotations, matrix),
        harmonics=radiance.turned(splats.harmonics, matrix),
    )


def _axes(sections: Iterator[Bytes], header: Header, path: Path) -> str:
    """The axes, once the last attribute is read: what follows it are extension records.

    The step after them looks at the file's end.
    """
    records = bytes(next(sections))
    next(sections, None)
    return _axes_in(records, header, path) if header.axes is None else header.axes


def _axes_in(records: bytes, header: Header, path: Path) -> str:
    """Where the header announces no records, what stands there and is none is just padding."""
    try:
        return coordinates.find(records, path.name)
    except InvalidSplats:
        if header.extended:
            raise
        return coordinates.USUAL


# --- the container
# ------------------------------------------------------------------------------------------------------------------------  # noqa: E501


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise InvalidSplats(
            f"The splat file {path.name} cannot be opened ({error.strerror})."
        ) from error


def _open_sections(
    file: BinaryIO, path: Path, limits: SplatLimits
) -> tuple[Header, Iterator[Bytes]]:
    """The header and an iterator that unpacks one attribute after the other, each exactly as long
    as the header promises.
    """
    size = path.stat().st_size
    start = file.read(4)
    file.seek(0)
    if start[:2] == _GZIP:
        return _open_gzip(file, path, size, limits)
    if start == MAGIC:
        return _open_table(file, path, size, limits)
    what = (
        "is empty"
        if not size
        else "is a web page"
        if start.lstrip()[:1] == b"<"
        else "does not begin like an SPZ file"
    )
    raise InvalidSplats(f"The splat file {path.name} {what}. Download it again.")


def _open_gzip(
    file: BinaryIO, path: Path, size: int, limits: SplatLimits
) -> tuple[Header, Iterator[Bytes]]:
    stream = _Gunzip(file, path.name)
    header = _parse(bytes(stream.take(16)), path, limits, versions=(1, 2, 3))
    header = replace(header, axes=None if header.extended else coordinates.USUAL)
    if sum(header.section_sizes) > size * _DEFLATE_RATIO:
        raise InvalidSplats(
            f"The splat file {path.name} says that it holds {header.points:,} splats, more than"
            f" {size:,} bytes can hold. Download it again."
        )

    def sections() -> Iterator[Bytes]:
        for length in header.section_sizes:
            yield stream.take(length)
        yield stream.rest(_LONGEST_RECORDS) if header.extended else np.zeros(0, np.uint8)
        stream.expect_end()

    return header, sections()


def _open_table(
    file: BinaryIO, path: Path, size: int, limits: SplatLimits
) -> tuple[Header, Iterator[Bytes]]:
    head = file.read(32)
    if len(head) < 32:
        raise _cut_short(path.name)
    header = _parse(head[:16], path, limits, versions=(4,))
    count, offset = head[15], struct.unpack_from("<I", head, 16)[0]
    wanted = header.section_sizes
    if not 32 <= offset <= size - 16 * count:
        raise _cut_short(path.name)
    header = replace(
        header, axes=_axes_in(file.read(min(offset - 32, _LONGEST_RECORDS)), header, path)
    )
    file.seek(offset)
    table = [struct.unpack("<QQ", file.read(16)) for _ in range(count)]
    needed = sum(1 for length in wanted if length)
    if count < needed or tuple(unpacked for _, unpacked in table[:6]) != wanted[:count]:
        raise InvalidSplats(
            f"The splat file {path.name} contradicts itself: its parts are not as long as"
            f" {header.points:,} splats need. Download it again."
        )
    packed = offset + 16 * count + sum(length for length, _ in table)
    if packed > size:
        raise _cut_short(path.name)
    if packed < size:
        raise InvalidSplats(
            f"The splat file {path.name} is longer than it says. Download it again."
        )

    def sections() -> Iterator[Bytes]:
        for index, length in enumerate(wanted):
            yield (
                _unzstd(file.read(table[index][0]), length, path.name)
                if length
                else np.zeros(0, np.uint8)
            )
        yield np.zeros(0, np.uint8)

    return header, sections()


def _parse(head: bytes, path: Path, limits: SplatLimits, versions: tuple[int, ...]) -> Header:
    magic, version, points, degree, bits, flags, _ = struct.unpack("<4sIIBBBB", head)
    if magic != MAGIC:
        raise InvalidSplats(f"The file {path.name} does not hold splats. Download it again.")
    if version not in versions and 1 <= version <= 4:
        raise InvalidSplats(
            f"The splat file {path.name} says that it is of SPZ version {version}, but is not"
            " packed like that. Download it again."
        )
    if version not in versions:
        raise InvalidSplats(
            f"The splat file {path.name} is of SPZ version {version}; versions 1 to 4 can be read."
            " Look for a newer version of this add-on."
        )
    if degree > 4 or bits > 23:
        raise InvalidSplats(
            f"The splat file {path.name} has a header that makes no sense. Download it again."
        )
    if points == 0:
        raise InvalidSplats(f"The splat file {path.name} holds no splats.")
    if points > limits.points:
        raise InvalidSplats(
            f"The splat file {path.name} says that it holds {points:,} splats; at most"
            f" {limits.points:,} are read. Choose a smaller quality of this World."
        )
    return Header(version, points, degree, bits, bool(flags & 1), bool(flags & 2))


class _Gunzip:
    """A gzip stream from which exactly so many bytes are taken: whatever a bomb would unpack to, no
    more than that is ever unpacked.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._waiting = b""

    def take(self, length: int) -> Bytes:
        """The next `length` bytes."""
        # pages that are not written cost nothing, so a false promise costs nothing either
        out = np.zeros(length, np.uint8)
        filled = 0
        while filled < length:
            piece = self._more(min(length - filled, 1 << 20))
            if not piece:
                raise _cut_short(self._name)
            out[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
        return out

    def rest(self, most: int) -> Bytes:
        """All that is left, or its first `most` bytes."""
        pieces: list[bytes] = []
        while most > 0 and (piece := self._more(most)):
            pieces.append(piece)
            most -= len(piece)
        return np.frombuffer(b"".join(pieces), np.uint8)

    def expect_end(self) -> None:
        """Nothing may follow, and the checksum must be right."""
        if self._more(1) or self._unpacker.unused_data or self._file.read(1):
            raise InvalidSplats(
                f"The splat file {self._name} holds more than its header says. Download it again."
            )
        if not self._unpacker.eof:
            raise _cut_short(self._name)

    def _more(self, most: int) -> bytes:
        while not self._unpacker.eof:
            data = self._waiting or self._file.read(1 << 16)
            try:
                piece = self._unpacker.decompress(data, most)
            except zlib.error as error:
                raise InvalidSplats(
                    f"The splat file {self._name} is damaged ({error}). Download it again."
                ) from error
            self._waiting = self._unpacker.unconsumed_tail
            if piece or not data:
                return piece
        return b""


def _unzstd(packed: bytes, length: int, name: str) -> Bytes:
    """One Zstandard stream, which must unpack to exactly `length` bytes."""
    zstandard = _zstandard()
    out = np.zeros(length, np.uint8)
    view, filled = out.data, 0
    try:
        with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed) as reader:
            while filled < length and (got := reader.readinto(view[filled : filled + (1 << 20)])):
                filled += got
            more = reader.read(1)
    except zstandard.ZstdError as error:
        raise InvalidSplats(
            f"The splat file {name} is damaged ({error}). Download it again."
        ) from error
    if filled < length:
        raise _cut_short(name)
    if more:
        raise InvalidSplats(
            f"The splat file {name} holds more than its header says. Download it again."
        )
    return out


def _zstandard() -> Any:
    """Only version 4 needs it; Blender brings it along."""
    try:
        import zstandard
    except ImportError as error:
        raise InvalidSplats(
            "This splat file is packed with Zstandard, and this Python has no module for it."
            " Install the package zstandard."
        ) from error
    return zstandard


def _cut_short(name: str) -> InvalidSplats:
    return InvalidSplats(f"The splat file {name} is cut short. Download it again.")


# --- the values
# ---------------------------------------------------------------------------------------------------------------------------  # noqa: E501


def _positions(raw: Bytes, header: Header, path: Path) -> Floats:
    if header.version > 1:
        step = np.float32(1 / (1 << header.fractional_bits))
        return _in_chunks(lambda part: _signed_24(part) * step, raw.reshape(header.points, 9), 3)
    positions = raw.view("<f2").reshape(-1, 3).astype(np.float32)
    if not np.isfinite(positions).all():
        raise InvalidSplats(
            f"The splat file {path.name} has splats whose place is not a number. Download it again."
        )
    return positions


def _signed_24(part: Bytes) -> Floats:
    """(n, 9) bytes to (n, 3) whole numbers: placed in the upper three bytes of four, so that the
    shift back down carries the sign.
    """
    wide = np.zeros((len(part), 3, 4), np.uint8)
    wide[:, :, 1:] = part.reshape(-1, 3, 3)
    return (wide.view("<i4")[:, :, 0] >> 8).astype(np.float32)


def _rotations_of_bytes(part: Bytes) -> Floats:
    """Versions 1 and 2: x, y, z as bytes; w follows."""
    out = np.empty((len(part), 4), np.float32)
    out[:, 1:] = part / np.float32(127.5) - np.float32(1)
    out[:, 0] = np.sqrt(np.maximum(0, 1 - np.square(out[:, 1:]).sum(axis=1)))
    return out


def _rotations_of_words(part: Bytes) -> Floats:
    """Versions 3 and 4: the two top bits name the largest of x, y, z, w; it follows from the three
    others (10 bits each, w lowest).
    """
    word = np.ascontiguousarray(part).view("<u4")[:, 0].copy()
    largest = (word >> 30).astype(np.intp)
    out = np.zeros((len(part), 4), np.float32)  # x, y, z, w
    for index in (3, 2, 1, 0):
        stored = largest != index
        value = (word & 511).astype(np.float32) * np.float32(math.sqrt(0.5) / 511)
        out[stored, index] = np.where(word & 512, -value, value)[stored]
        word[stored] >>= np.uint32(10)
    rows = np.arange(len(part))
    out[rows, largest] = np.sqrt(np.maximum(0, 1 - np.square(out).sum(axis=1)))
    return out[:, [3, 0, 1, 2]]


def _harmonics(raw: Bytes, header: Header, kept: int) -> Floats:
    """Stored point by point, kept coefficient by coefficient: that is how they are written into
    attributes.
    """
    stored = raw.reshape(header.points, header.coefficients, 3)
    out = np.empty((kept, header.points, 3), np.float32)
    for index in range(kept):
        np.subtract(stored[:, index], np.float32(128), out=out[index])
        out[index] *= np.float32(1 / 128)
    return out.transpose(1, 0, 2)


def _in_chunks(turn: Any, raw: Bytes, width: int) -> Floats:
    out = np.empty((len(raw), width), np.float32)
    for start in range(0, len(raw), _CHUNK):
        out[start : start + _CHUNK] = turn(raw[start : start + _CHUNK])
    return out
