# SPDX-License-Identifier: GPL-3.0-or-later
"""The axes in which a splat file's cloud lies, and how places and rotations are brought from them
into Blender's.

Three letters name the directions of x, y and z: Left or Right, Up or Down, Front or Back. A file
that says nothing lies in RUB, as glTF. Source: the extension records of
https://github.com/nianticlabs/spz (type 0xADBE0003). Knows neither Blender nor files.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ..errors import InvalidSplats

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

USUAL = "RUB"
_COORDINATE_SYSTEM = 0xADBE0003
# By the number in the record; 0 is "unspecified".
_BY_NUMBER = (
    USUAL,
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


def find(records: bytes, name: str) -> str:
    """The axes that a file's extension records (type u32, length u32, value) name, "RUB" where they
    name none. Raises InvalidSplats.
    """
    axes, place = None, 0
    while place < len(records):
        if place + 8 > len(records):
            raise _cut_short(name)
        kind, length = struct.unpack_from("<II", records, place)
        value = records[place + 8 : place + 8 + length]
        if len(value) < length:
            raise _cut_short(name)
        if kind == _COORDINATE_SYSTEM:
            named = _named(value, name)
            if axes not in (None, named):
                raise InvalidSplats(
                    f"The splat file {name} names two different coordinate systems. Download it"
                    " again."
                )
            axes = named
        place += 8 + length
    return axes or USUAL


def _cut_short(name: str) -> InvalidSplats:
    return InvalidSplats(
        f"The splat file {name} has extension records that are cut short. Download it again."
    )


def _named(value: bytes, name: str) -> str:
    if len(value) != 4:
        raise InvalidSplats(
            f"The splat file {name} has a coordinate system record of the wrong size. Download it"
            " again."
        )
    number = int.from_bytes(value, "little")
    if number >= len(_BY_NUMBER):
        raise InvalidSplats(
            f"The splat file {name} uses coordinate system {number}, which is not known here. Look"
            " for a newer version of this add-on."
        )
    return _BY_NUMBER[number]


def to_blender(axes: str) -> Doubles:
    """(3, 3): what is at p in these axes is at matrix @ p in Blender's.

    Its determinant is -1 where the axes are left-handed.
    """
    return np.array([_IN_BLENDER[letter] for letter in axes], np.float64).T


def transform_positions(places: Floats, matrix: Doubles) -> Floats:
    """(n, 3) places, brought over by a matrix that only swaps and flips axes: exact, nothing is
    multiplied.
    """
    out = np.empty_like(places)
    for row in range(3):
        column = int(np.flatnonzero(matrix[row])[0])
        np.multiply(places[:, column], np.float32(matrix[row, column]), out=out[:, row])
    return out


def transform_rotations(rotations: Floats, matrix: Doubles) -> Floats:
    """(n, 4) rotations w, x, y, z of ellipsoids.

    A mirror image is taken through its center as well: an ellipsoid has no handedness.
    """
    a, b, c, d = _quaternion(matrix * np.linalg.det(matrix)).astype(np.float32)
    w, x, y, z = rotations.T
    return np.stack(
        (
            a * w - b * x - c * y - d * z,
            a * x + b * w + c * z - d * y,
            a * y - b * z + c * w + d * x,
            a * z + b * y - c * x + d * w,
        ),
        axis=1,
    )


def _quaternion(rotation: Doubles) -> Doubles:
    """w, x, y, z of a rotation matrix: the eigenvector of Bar-Itzhack's symmetric matrix, which has
    no special cases.
    """
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
    return found * (1 if found[int(np.argmax(np.abs(found)))] > 0 else -1)
