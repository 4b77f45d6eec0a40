# SPDX-License-Identifier: GPL-3.0-or-later
"""Header of SPZ files, versions 1 to 4. Does not use Blender and opens no file.

Source: https://github.com/nianticlabs/spz
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from ...message import Message
from ..errors import InvalidSplats
from . import coordinates
from .harmonics import PER_DEGREE

MAGIC = b"NGSP"


@dataclass(frozen=True)
class SplatLimits:
    """The largest file that is read."""

    points: int = 10_000_000


@dataclass(frozen=True)
class Header:
    """Header of an SPZ file."""

    version: int
    points: int
    degree: int
    """Degree of the spherical harmonics, 0 to 4."""
    fractional_bits: int
    antialiased: bool
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


def parse_header(head: bytes, path: Path, limits: SplatLimits, versions: tuple[int, ...]) -> Header:
    """Parse the first 16 bytes of an uncompressed SPZ file.

    Args:
        head: The bytes.
        path: Names the file in error messages.
        limits: The largest number of splats.
        versions: The SPZ versions that this container may hold.

    Raises:
        InvalidSplats: If the header is wrong or above the limits.
    """
    magic, version, points, degree, bits, flags, _ = struct.unpack("<4sIIBBBB", head)
    if magic != MAGIC:
        raise InvalidSplats(
            Message("The file {name} does not contain splats. Download it again.", name=path.name)
        )
    if version not in versions:
        raise _wrong_version(version, path.name)
    if degree > 4 or bits > 23:
        raise InvalidSplats(
            Message(
                "The splat file {name} has an invalid header. Download it again.",
                name=path.name,
            )
        )
    _check_count(points, limits, path.name)
    return Header(version, points, degree, bits, bool(flags & 1), bool(flags & 2))


def _wrong_version(version: int, name: str) -> InvalidSplats:
    if 1 <= version <= 4:
        return InvalidSplats(
            Message(
                "The splat file {name} is damaged: it is not compressed as SPZ version {version}"
                " requires. Download it again.",
                name=name,
                version=version,
            )
        )
    return InvalidSplats(
        Message(
            "The splat file {name} has SPZ version {version}; versions 1 to 4 are"
            " supported. Check for a newer version of this add-on.",
            name=name,
            version=version,
        )
    )


def _check_count(points: int, limits: SplatLimits, name: str) -> None:
    if points == 0:
        raise InvalidSplats(Message("The splat file {name} contains no splats.", name=name))
    if points > limits.points:
        raise InvalidSplats(
            Message(
                "The splat file {name} has {count:,} splats; the limit is {most:,}. Choose a"
                " lower splat quality for this World.",
                name=name,
                count=points,
                most=limits.points,
            )
        )


def cut_short(name: str) -> InvalidSplats:
    """Return the error for a file that ends too early."""
    return InvalidSplats(
        Message("The splat file {name} is cut short. Download it again.", name=name)
    )
