# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpack the attributes of SPZ files from bytes to float32 values. Does not use Blender.

Files have millions of splats, so everything is computed in blocks that stay in the processor's
cache. What a byte means is looked up in a table of the 256 possible values, which is exact.

Source: https://github.com/nianticlabs/spz
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import coordinates
from .container import Bytes, Header

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_BLOCK = 1 << 14  # splats

_BYTES = np.arange(256, dtype=np.float32)
_OPACITIES = _BYTES / np.float32(255)
_COLORS = (_BYTES / np.float32(255) - np.float32(0.5)) / np.float32(0.15)
_SCALES = np.exp(np.arange(256, dtype=np.float64) / 16 - 10).astype(np.float32)
_COMPONENTS = _BYTES / np.float32(127.5) - np.float32(1)
# of 10 bits: a sign and a magnitude, of which 511 is the most that a second component can have
_SMALLER = (np.arange(1024) & 511).astype(np.float32) * np.float32(math.sqrt(0.5) / 511)
_SMALLER[512:] *= -1


def positions(section: Bytes, header: Header, axes: Doubles) -> Floats:
    """Return (n, 3) positions in the axes that a matrix leads to.

    Those of version 1 may be infinite or not a number.
    """
    step = np.float32(1 / (1 << header.fractional_bits))

    def unpack(part: Bytes) -> Floats:
        own = (
            part.view("<f2").astype(np.float32) if header.version == 1 else _signed_24(part) * step
        )
        return coordinates.transform_positions(own, axes)

    return _in_blocks(unpack, section.reshape(header.points, -1), 3)


def base(opacities: Bytes, colors: Bytes) -> Floats:
    """Return (n, 4): the first harmonic of red, green and blue, and the opacity."""
    out = np.empty((len(opacities), 4), np.float32)
    out[:, 3] = _OPACITIES[opacities]
    out[:, :3] = _in_blocks(lambda part: _COLORS[part], colors.reshape(-1, 3), 3)
    return out


def scales(section: Bytes) -> Floats:
    """Return (n, 3) standard deviations."""
    return _in_blocks(lambda part: _SCALES[part], section.reshape(-1, 3), 3)


def rotations(section: Bytes, header: Header, axes: Doubles) -> Floats:
    """Return (n, 4) quaternions w, x, y, z in the axes that a matrix leads to."""
    from_bytes = _rotations_v1 if header.version < 3 else _rotations_v3

    return _in_blocks(
        lambda part: coordinates.transform_rotations(from_bytes(part), axes),
        section.reshape(header.points, -1),
        4,
    )


def by_coefficient(section: Bytes, header: Header) -> Bytes:
    """Return the higher harmonics as (k, n, 3) bytes: attributes are written one by one."""
    stored = section.view("V3").reshape(header.points, header.coefficients)
    out = np.empty(stored.shape[::-1], "V3")
    for start in range(0, header.points, _BLOCK):
        out[:, start : start + _BLOCK] = np.ascontiguousarray(stored[start : start + _BLOCK].T)
    return out.view(np.uint8).reshape(header.coefficients, header.points, 3)


def harmonic(stored: Bytes, weights: Floats, out: Floats) -> Floats:
    """Return one higher harmonic: (n, 3), a weighted sum of those in the file.

    Args:
        stored: (k, n, 3) bytes, from `by_coefficient`.
        weights: (k,) a row of the matrix from the file's coefficients to the wanted ones.
        out: (n, 3) where to put the values, contiguous. It is returned.
    """
    values = out.reshape(-1)
    flat = stored.reshape(len(stored), -1)
    term = np.empty(3 * _BLOCK, np.float32)
    first, *others = np.flatnonzero(weights)
    for start in range(0, len(values), len(term)):
        block = slice(start, start + len(term))
        total = values[block]
        _weigh(flat[first, block], weights[first], total)
        for index in others:
            total += _weigh(flat[index, block], weights[index], term[: len(total)])
    return out


def _weigh(stored: Bytes, weight: np.float32, out: Floats) -> Floats:
    out[:] = stored
    out -= np.float32(128)
    out *= weight / np.float32(128)
    return out


def _signed_24(part: Bytes) -> Floats:
    """Unpack (n, 9) bytes, 24-bit signed integers, to (n, 3) float32."""
    # in the upper three bytes of four, the shift back down carries the sign
    wide = np.zeros((len(part), 3, 4), np.uint8)
    wide[:, :, 1:] = part.reshape(-1, 3, 3)
    return (wide.view("<i4")[:, :, 0] >> 8).astype(np.float32)


def _rotations_v1(part: Bytes) -> Floats:
    """Unpack (n, 3) bytes x, y, z of versions 1 and 2 to (n, 4) w, x, y, z; w >= 0."""
    x, y, z = (_COMPONENTS[part[:, column]] for column in range(3))
    return np.stack((_remaining(x, y, z), x, y, z), axis=1)


def _rotations_v3(part: Bytes) -> Floats:
    """Unpack (n, 4) bytes of versions 3 and 4 to (n, 4) w, x, y, z.

    The top two bits of a 32-bit word name the largest component of x, y, z, w, which follows from
    the other three: 10 bits each, the first of them highest.
    """
    word = np.ascontiguousarray(part).view("<u4")[:, 0]
    largest = word >> 30
    first, second, third = (_SMALLER[word >> shift & 1023] for shift in (20, 10, 0))
    rest = _remaining(first, second, third)
    out = np.empty((len(part), 4), np.float32)
    out[:, 0] = np.where(largest == 3, rest, third)
    out[:, 1] = np.where(largest == 0, rest, first)
    out[:, 2] = np.where(largest == 0, first, np.where(largest == 1, rest, second))
    out[:, 3] = np.where(largest <= 1, second, np.where(largest == 2, rest, third))
    return out


def _remaining(first: Floats, second: Floats, third: Floats) -> Floats:
    """Return the component that is missing in quaternions; it is not negative."""
    squares = np.square(first) + np.square(second) + np.square(third)
    rest: Floats = np.sqrt(np.maximum(0, 1 - squares))
    return rest


def _in_blocks(function: Callable[[Bytes], Floats], raw: Bytes, width: int) -> Floats:
    """Apply the function to one block of splats after the other, so that its arrays stay small."""
    out = np.empty((len(raw), width), np.float32)
    for start in range(0, len(raw), _BLOCK):
        out[start : start + _BLOCK] = function(raw[start : start + _BLOCK])
    return out
