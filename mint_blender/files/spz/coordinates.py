# SPDX-License-Identifier: GPL-3.0-or-later
"""Coordinate systems of splat files, and transforms from them to Blender's axes.

Three letters name the directions of x, y and z: Left or Right, Up or Down, Front or Back. The
default is RUB, as in glTF. Knows neither Blender nor files.

Source: the extension records of https://github.com/nianticlabs/spz (type 0xADBE0003).
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ...message import Message
from ..errors import InvalidSplats

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

DEFAULT_AXES = "RUB"
BLENDER_AXES = "RFU"
_COORDINATE_SYSTEM = 0xADBE0003
# By the number in the record; 0 is "unspecified".
_BY_NUMBER = (
    DEFAULT_AXES,
    *[
        "LDB",
        "RDB",
        "LUB",
        "RUB",
        "LDF",
        "RDF",
        "LUF",
        "RUF",
        "LFD",
        "RFD",
        "LFU",
        "RFU",
        "LBD",
        "RBD",
        "LBU",
        "RBU",
    ],
)
# The direction of a letter in Blender: right, forward, up.
_IN_BLENDER = {
    "R": (1, 0, 0),
    "L": (-1, 0, 0),
    "F": (0, 1, 0),
    "B": (0, -1, 0),
    "U": (0, 0, 1),
    "D": (0, 0, -1),
}


def parse_axes(records: bytes, name: str) -> str:
    """Return the axes named by extension records, "RUB" if they name none.

    Args:
        records: Each is a type (u32), a length (u32) and a value, little-endian.
        name: The file's name for error messages.

    Raises:
        InvalidSplats: If records are damaged, contradictory or of an unknown system.
    """
    axes, offset = None, 0
    while offset < len(records):
        if offset + 8 > len(records):
            raise _cut_short(name)
        kind, length = struct.unpack_from("<II", records, offset)
        value = records[offset + 8 : offset + 8 + length]
        if len(value) < length:
            raise _cut_short(name)
        if kind == _COORDINATE_SYSTEM:
            system = _parse_system(value, name)
            if axes not in (None, system):
                raise InvalidSplats(
                    Message(
                        "The splat file {name} names two different coordinate systems."
                        " Download it again.",
                        name=name,
                    )
                )
            axes = system
        offset += 8 + length
    return axes or DEFAULT_AXES


def _cut_short(name: str) -> InvalidSplats:
    return InvalidSplats(
        Message(
            "The splat file {name} has extension records that are cut short. Download it again.",
            name=name,
        )
    )


def _parse_system(value: bytes, name: str) -> str:
    if len(value) != 4:
        raise InvalidSplats(
            Message(
                "The splat file {name} has a coordinate system record of the wrong size."
                " Download it again.",
                name=name,
            )
        )
    number = int.from_bytes(value, "little")
    if number >= len(_BY_NUMBER):
        raise InvalidSplats(
            Message(
                "The splat file {name} uses coordinate system {number}, which is not"
                " supported. Check for a newer version of this add-on.",
                name=name,
                number=number,
            )
        )
    return _BY_NUMBER[number]


def to_blender(axes: str) -> Doubles:
    """Return the (3, 3) float64 matrix from these axes to Blender's, to be applied as matrix @ p.

    Its determinant is -1 if the axes are left-handed.
    """
    return np.array([_IN_BLENDER[letter] for letter in axes], np.float64).T


def transform_positions(positions: Floats, matrix: Doubles) -> Floats:
    """Transform (n, 3) positions by a matrix that only swaps and flips axes, without rounding."""
    out = np.empty_like(positions)
    for row in range(3):
        column = int(np.flatnonzero(matrix[row])[0])
        np.multiply(positions[:, column], np.float32(matrix[row, column]), out=out[:, row])
    return out


def transform_rotations(rotations: Floats, matrix: Doubles) -> Floats:
    """Transform (n, 4) rotations w, x, y, z of ellipsoids.

    A reflection is combined with a point reflection: an ellipsoid has no handedness.
    """
    a, b, c, d = _quaternion(matrix * np.linalg.det(matrix)).astype(np.float32)
    product = np.array(((a, -b, -c, -d), (b, a, -d, c), (c, d, a, -b), (d, -c, b, a)))
    out = np.empty_like(rotations)
    for row, weights in enumerate(product):
        first, *others = np.flatnonzero(weights)  # often only two
        total = weights[first] * rotations[:, first]
        for column in others:
            total += weights[column] * rotations[:, column]
        out[:, row] = total
    return out


def _quaternion(rotation: Doubles) -> Doubles:
    """Return w, x, y, z of a rotation matrix by Bar-Itzhack's method (no special cases)."""
    m = rotation
    k = np.array(
        [
            [m[0, 0] + m[1, 1] + m[2, 2], m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]],
            [m[2, 1] - m[1, 2], m[0, 0] - m[1, 1] - m[2, 2], m[0, 1] + m[1, 0], m[0, 2] + m[2, 0]],
            [m[0, 2] - m[2, 0], m[0, 1] + m[1, 0], m[1, 1] - m[0, 0] - m[2, 2], m[1, 2] + m[2, 1]],
            [m[1, 0] - m[0, 1], m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[2, 2] - m[0, 0] - m[1, 1]],
        ]
    )
    found: Doubles = np.linalg.eigh(k)[1][:, -1]
    found[np.abs(found) < 1e-9] = 0
    return found * (1 if found[int(np.argmax(np.abs(found)))] > 0 else -1)
