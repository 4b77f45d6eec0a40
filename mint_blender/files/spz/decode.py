# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode Gaussian splats from SPZ files, versions 1 to 4, to NumPy arrays. Does not use Blender.

`attributes` yields one array after the other in Blender's axes, as they are written to a scene, so
that never all of them are in memory. `decode` returns all in the file's own axes (right, up, back,
as glTF, unless the file names others).

Attributes are decompressed and unpacked side by side, on threads that end with the call.

Source: https://github.com/nianticlabs/spz
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...message import Message
from ..errors import InvalidSplats
from . import coordinates, unpack
from .container import Header, SplatLimits, open_file, open_sections, parse_axes
from .coordinates import PER_DEGREE

__all__ = [
    "Header",
    "SplatLimits",
    "Splats",
    "attributes",
    "decode",
    "inspect",
    "read_axes",
    "to_blender_axes",
]

Floats = NDArray[np.float32]

_NAMES = ("positions", "scales", "rotations", "base")
_AHEAD = 2  # harmonics that are unpacked before the caller wants them: 24 MB each


@dataclass(frozen=True)
class Splats:
    """n Gaussian splats with k higher harmonics each (0, 3, 8, 15 or 24); all float32."""

    positions: Floats
    """(n, 3)."""
    scales: Floats
    """(n, 3) standard deviation along each axis of the splat."""
    rotations: Floats
    """(n, 4) quaternions w, x, y, z."""
    base: Floats
    """(n, 4) first harmonic of red, green, blue (color = 0.5 + 0.2820948 × it), opacity 0 to 1."""
    harmonics: Floats
    """(n, k, 3) higher harmonics; harmonics[:, i] is contiguous in memory."""
    antialiased: bool = False
    axes: str = coordinates.DEFAULT_AXES
    """Directions of x, y and z, see `coordinates`."""

    def __len__(self) -> int:
        return len(self.positions)

    def attributes(self) -> Iterator[tuple[str, Floats]]:
        """Yield name and values of each attribute, as the function `attributes` does."""
        for name in _NAMES:
            yield name, getattr(self, name)
        for index in range(self.harmonics.shape[1]):
            yield "harmonics", self.harmonics[:, index]


def inspect(path: Path, *, limits: SplatLimits = SplatLimits()) -> Header:
    """Return the header of an SPZ file after checking that it fits the file.

    Raises:
        InvalidSplats: If it does not, or is above the limits.
    """
    with open_file(path) as file:
        return open_sections(file, path, limits)[0]


def attributes(
    path: Path, *, limits: SplatLimits = SplatLimits()
) -> Generator[tuple[str, Floats], None, None]:
    """Yield the attributes of an SPZ file, in Blender's axes: name and values of each.

    The names and shapes are those of `Splats`, but each of the harmonics, (n, 3), comes by itself,
    from the lowest on, and its array is only valid until the next is asked for. Close the
    generator if not all are wanted.

    Raises:
        InvalidSplats: If the file is damaged or above the limits; some may have been yielded.
    """
    with _open(path, limits, blender_axes=True) as parts:
        for name in _NAMES:
            yield name, parts.take(name)
        for harmonic in parts.harmonics():
            yield "harmonics", harmonic


def decode(path: Path, *, limits: SplatLimits = SplatLimits(), max_degree: int = 4) -> Splats:
    """Return all splats of an SPZ file in the file's own axes.

    Args:
        path: The file.
        limits: The largest number of splats.
        max_degree: Harmonics of a higher degree are left out.

    Raises:
        InvalidSplats: If the file is damaged or above the limits.
    """
    with _open(path, limits, blender_axes=False) as parts:
        header = parts.header
        values = {name: parts.take(name) for name in _NAMES}
        kept = PER_DEGREE[min(header.degree, max_degree)]
        planes = np.empty((kept, header.points, 3), np.float32)
        for plane, harmonic in zip(planes, parts.harmonics(), strict=False):
            plane[:] = harmonic
    axes = header.axes or coordinates.DEFAULT_AXES
    return Splats(
        **values, harmonics=planes.transpose(1, 0, 2), antialiased=header.antialiased, axes=axes
    )


def read_axes(path: Path, *, limits: SplatLimits = SplatLimits()) -> str:
    """Return the axes of a file's splats, such as "RUB".

    The splats are decompressed only if the records after them name the axes.

    Raises:
        InvalidSplats: If the file is damaged or above the limits.
    """
    with open_file(path) as file:
        header, sections = open_sections(file, path, limits)
        if header.axes is not None:
            return header.axes
        records = deque(sections, maxlen=1).pop()
        return parse_axes(bytes(records()), header, path)


def to_blender_axes(splats: Splats) -> Splats:
    """Return the splats in Blender's axes (right, forward, up); from RUB, (x, y, z) is (x, -z, y).

    Positions, rotations and harmonics are transformed, so that a splat shows the same color in the
    same direction. Blender 5.3's own importer does the same.
    """
    matrix = coordinates.to_blender(splats.axes)
    return replace(
        splats,
        positions=coordinates.transform_positions(splats.positions, matrix),
        rotations=coordinates.transform_rotations(splats.rotations, matrix),
        harmonics=coordinates.transform_harmonics(splats.harmonics, matrix),
        axes=coordinates.BLENDER_AXES,
    )


class _Parts:
    """The attributes of a file while they are read, decompressed and unpacked."""

    def __init__(
        self, file: BinaryIO, path: Path, limits: SplatLimits, pool: Executor, *, blender_axes: bool
    ) -> None:
        header, sections = open_sections(file, path, limits)
        if header.axes is None:  # the records that name them follow the attributes
            *loaded, records = sections
            header = replace(header, axes=parse_axes(bytes(records()), header, path))
            sections = iter(loaded)
        self.header, self._path, self._pool = header, path, pool
        own = header.axes or coordinates.DEFAULT_AXES
        self._axes = coordinates.to_blender(own) if blender_axes else None
        # in the order of the file: a gzip stream is decompressed by `next`
        self._unpacked: dict[str, Future[Any]] = {
            "positions": pool.submit(unpack.positions, next(sections), header, self._axes),
            "base": pool.submit(unpack.base, next(sections), next(sections)),
            "scales": pool.submit(unpack.scales, next(sections)),
            "rotations": pool.submit(unpack.rotations, next(sections), header, self._axes),
            "harmonics": pool.submit(unpack.by_coefficient, next(sections), header),
        }
        for _ in sections:  # checks the end of the file
            pass

    def take(self, name: str) -> Floats:
        """Return the values of an attribute, which are then no longer kept here."""
        values: Floats = self._unpacked.pop(name).result()
        if name == "positions" and self.header.version == 1 and not np.isfinite(values).all():
            raise InvalidSplats(
                Message(
                    "The splat file {name} has splats with invalid positions. Download it again.",
                    name=self._path.name,
                )
            )
        return values

    def harmonics(self) -> Iterator[Floats]:
        """Yield (n, 3) of each harmonic; few are unpacked before they are wanted.

        An array is used again for a later one: new memory costs more time than unpacking.
        """
        stored = self._unpacked.pop("harmonics").result()
        matrix = np.eye(24, dtype=np.float32)
        if self._axes is not None:
            matrix = coordinates.coefficient_matrix(self._axes)
        rows = iter(matrix[: len(stored), : len(stored)])

        free = [np.empty(stored.shape[1:], np.float32) for _ in range(_AHEAD + 1)]

        def start(row: Floats) -> Future[Floats]:
            return self._pool.submit(unpack.harmonic, stored, row, free.pop())

        waiting = deque(map(start, islice(rows, _AHEAD)))
        while waiting:
            harmonic = waiting.popleft().result()
            waiting.extend(map(start, islice(rows, 1)))
            yield harmonic
            free.append(harmonic)


@contextmanager
def _open(path: Path, limits: SplatLimits, *, blender_axes: bool) -> Iterator[_Parts]:
    workers = max(2, min(4, os.cpu_count() or 1))
    with open_file(path) as file, ThreadPoolExecutor(workers, "mint-splats") as pool:
        yield _Parts(file, path, limits, pool, blender_axes=blender_axes)
