# SPDX-License-Identifier: GPL-3.0-or-later
"""Decode Gaussian splats from SPZ files, versions 1 to 4, to NumPy arrays. Does not use Blender.

`decode` returns the values in the file's own axes (right, up, back, as glTF, unless the file names
others); `to_blender_axes` transforms them to Blender's.

Source: https://github.com/nianticlabs/spz
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...message import Message
from ..errors import InvalidSplats
from . import coordinates
from . import harmonics as radiance
from .container import Bytes, open_file, open_sections, parse_axes
from .harmonics import PER_DEGREE
from .header import Header, SplatLimits

__all__ = ["Header", "SplatLimits", "Splats", "decode", "inspect", "read_axes", "to_blender_axes"]

Floats = NDArray[np.float32]

_CHUNK = 1 << 18  # points


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


def inspect(path: Path, *, limits: SplatLimits = SplatLimits()) -> Header:
    """Return the header of an SPZ file after checking that it fits the file.

    Raises:
        InvalidSplats: If it does not, or is above the limits.
    """
    with open_file(path) as file:
        return open_sections(file, path, limits)[0]


def decode(path: Path, *, limits: SplatLimits = SplatLimits(), max_degree: int = 4) -> Splats:
    """Return all splats of an SPZ file in the file's own axes.

    Args:
        path: The file.
        limits: The largest number of splats.
        max_degree: Harmonics of a higher degree are left out.

    Raises:
        InvalidSplats: If the file is damaged or above the limits.
    """
    with open_file(path) as file:
        header, sections = open_sections(file, path, limits)
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
        unpack = _unpack_rotations_v1 if header.version < 3 else _unpack_rotations_v3
        rotations = _in_chunks(unpack, next(sections).reshape(header.points, -1), 4)
        harmonics = _harmonics(next(sections), header, PER_DEGREE[min(header.degree, max_degree)])
        axes = _axes(sections, header, path)
    return Splats(positions, scales, rotations, base, harmonics, header.antialiased, axes)


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
        for _ in header.section_sizes:
            next(sections)
        return _axes(sections, header, path)


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
        harmonics=radiance.transform(splats.harmonics, matrix),
    )


def _axes(sections: Iterator[Bytes], header: Header, path: Path) -> str:
    """Return the axes once the last attribute is read, and check the end of the file."""
    records = bytes(next(sections))
    next(sections, None)
    return parse_axes(records, header, path) if header.axes is None else header.axes


def _positions(raw: Bytes, header: Header, path: Path) -> Floats:
    if header.version > 1:
        step = np.float32(1 / (1 << header.fractional_bits))
        return _in_chunks(lambda part: _signed_24(part) * step, raw.reshape(header.points, 9), 3)
    positions = raw.view("<f2").reshape(-1, 3).astype(np.float32)
    if not np.isfinite(positions).all():
        raise InvalidSplats(
            Message(
                "The splat file {name} has splats with invalid positions. Download it again.",
                name=path.name,
            )
        )
    return positions


def _signed_24(part: Bytes) -> Floats:
    """Unpack (n, 9) bytes, 24-bit signed integers, to (n, 3) float32."""
    # in the upper three bytes of four, the shift back down carries the sign
    wide = np.zeros((len(part), 3, 4), np.uint8)
    wide[:, :, 1:] = part.reshape(-1, 3, 3)
    return (wide.view("<i4")[:, :, 0] >> 8).astype(np.float32)


def _unpack_rotations_v1(part: Bytes) -> Floats:
    """Unpack (n, 3) bytes x, y, z of versions 1 and 2 to (n, 4) w, x, y, z; w >= 0."""
    out = np.empty((len(part), 4), np.float32)
    out[:, 1:] = part / np.float32(127.5) - np.float32(1)
    out[:, 0] = np.sqrt(np.maximum(0, 1 - np.square(out[:, 1:]).sum(axis=1)))
    return out


def _unpack_rotations_v3(part: Bytes) -> Floats:
    """Unpack (n, 4) bytes of versions 3 and 4 to (n, 4) w, x, y, z.

    The top two bits of a 32-bit word name the largest component, which follows from the other
    three (10 bits each, w lowest).
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
    """Unpack to (n, kept, 3), stored coefficient by coefficient, as attributes are written."""
    stored = raw.reshape(header.points, header.coefficients, 3)
    out = np.empty((kept, header.points, 3), np.float32)
    for index in range(kept):
        np.subtract(stored[:, index], np.float32(128), out=out[index])
        out[index] *= np.float32(1 / 128)
    return out.transpose(1, 0, 2)


def _in_chunks(function: Any, raw: Bytes, width: int) -> Floats:
    """Apply the function to `_CHUNK` points at a time, so that intermediate arrays stay small."""
    out = np.empty((len(raw), width), np.float32)
    for start in range(0, len(raw), _CHUNK):
        out[start : start + _CHUNK] = function(raw[start : start + _CHUNK])
    return out
