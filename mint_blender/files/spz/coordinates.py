# SPDX-License-Identifier: GPL-3.0-or-later
"""Coordinate systems of splat files, and transforms from them to Blender's axes.

Three letters name the directions of x, y and z: Left or Right, Up or Down, Front or Back. The
default is RUB, as in glTF. Knows neither Blender nor files.

Source: the extension records of https://github.com/nianticlabs/spz (type 0xADBE0003). The basis of
spherical harmonics and its signs are those of "3D Gaussian Splatting for Real-Time Radiance Field
Rendering" (Kerbl and others, 2023), which SPZ and Blender 5.3 share.
"""

from __future__ import annotations

import struct
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...message import Message
from ..errors import InvalidSplats

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

PER_DEGREE = (0, 3, 8, 15, 24)  # higher coefficients up to each degree, for each color
DEFAULT_AXES = "RUB"
_COORDINATE_SYSTEM = 0xADBE0003
# By the number in the record; 0 is "unspecified".
# fmt: off
_BY_NUMBER = (
    DEFAULT_AXES, "LDB", "RDB", "LUB", "RUB", "LDF", "RDF", "LUF", "RUF",
    "LFD", "RFD", "LFU", "RFU", "LBD", "RBD", "LBU", "RBU",
)
# fmt: on
# The direction of a letter in Blender: right, forward, up.
_IN_BLENDER = {
    "R": (1, 0, 0),
    "L": (-1, 0, 0),
    "F": (0, 1, 0),
    "B": (0, -1, 0),
    "U": (0, 0, 1),
    "D": (0, 0, -1),
}


def flawed(name: str, flaw: str) -> InvalidSplats:
    """Return the error for a file with this name, which "is cut short"."""
    return InvalidSplats("The splat file {name} {flaw}. Download it again.", name=name, flaw=flaw)


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
            raise flawed(name, Message("has extension records that are cut short"))
        kind, length = struct.unpack_from("<II", records, offset)
        value = records[offset + 8 : offset + 8 + length]
        if len(value) < length:
            raise flawed(name, Message("has extension records that are cut short"))
        if kind == _COORDINATE_SYSTEM:
            system = _parse_system(value, name)
            if axes not in (None, system):
                raise flawed(name, Message("names two different coordinate systems"))
            axes = system
        offset += 8 + length
    return axes or DEFAULT_AXES


def _parse_system(value: bytes, name: str) -> str:
    if len(value) != 4:
        raise flawed(name, Message("has a coordinate system record of the wrong size"))
    number = int.from_bytes(value, "little")
    if number >= len(_BY_NUMBER):
        raise InvalidSplats(
            "The splat file {name} uses coordinate system {number}, which is not"
            " supported. Check for a newer version of this add-on.",
            name=name,
            number=number,
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
    quaternion: Doubles = np.linalg.eigh(k)[1][:, -1]
    quaternion[np.abs(quaternion) < 1e-9] = 0
    return quaternion * (1 if quaternion[int(np.argmax(np.abs(quaternion)))] > 0 else -1)


# -- spherical harmonics


def basis(directions: Doubles) -> Doubles:
    """Evaluate the 24 higher harmonics.

    Args:
        directions: (n, 3) unit vectors.

    Returns:
        (n, 24) float64 values, degree by degree.
    """
    x, y, z = np.asarray(directions, np.float64).T
    xx = x * x
    yy = y * y
    zz = z * z
    columns = (
        -0.4886025119029199 * y,
        0.4886025119029199 * z,
        -0.4886025119029199 * x,
        1.0925484305920792 * x * y,
        -1.0925484305920792 * y * z,
        0.31539156525252005 * (2 * zz - xx - yy),
        -1.0925484305920792 * x * z,
        0.5462742152960396 * (xx - yy),
        -0.5900435899266435 * y * (3 * xx - yy),
        2.890611442640554 * x * y * z,
        -0.4570457994644658 * y * (4 * zz - xx - yy),
        0.3731763325901154 * z * (2 * zz - 3 * xx - 3 * yy),
        -0.4570457994644658 * x * (4 * zz - xx - yy),
        1.445305721320277 * z * (xx - yy),
        -0.5900435899266435 * x * (xx - 3 * yy),
        2.5033429417967046 * x * y * (xx - yy),
        -1.7701307697799304 * y * z * (3 * xx - yy),
        0.9461746957575601 * x * y * (7 * zz - 1),
        -0.6690465435572892 * y * z * (7 * zz - 3),
        0.10578554691520431 * (zz * (35 * zz - 30) + 3),
        -0.6690465435572892 * x * z * (7 * zz - 3),
        0.47308734787878004 * (xx - yy) * (7 * zz - 1),
        -1.7701307697799304 * x * z * (xx - 3 * yy),
        0.6258357354491761 * (xx * (xx - 3 * yy) - yy * (3 * xx - yy)),
    )
    return np.stack(columns, axis=1)


@cache
def coefficient_matrix(axes: str) -> Floats:
    """Return the (24, 24) matrix from coefficients of harmonics in these axes to Blender's."""
    return turned_coefficients(to_blender(axes))


def turned_coefficients(turn: Doubles) -> Floats:
    """Return the (24, 24) matrix for coefficients of harmonics after a (3, 3) turn or reflection.

    It has blocks of 3, 5, 7 and 9: only coefficients of the same degree mix. A least-squares fit is
    exact here: a rotated harmonic is a sum of harmonics of its own degree, and there are more
    directions than unknowns.
    """
    count = 200
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (3 - np.sqrt(5.0)) * np.arange(count)
    flat = np.sqrt(1 - height**2)
    directions = np.stack((flat * np.cos(angle), flat * np.sin(angle), height), axis=1)
    before = basis(directions)
    after = basis(directions @ turn.T)
    matrix = np.zeros((24, 24))
    for start, end in pairwise(PER_DEGREE):
        block = slice(start, end)
        matrix[block, block] = np.linalg.lstsq(after[:, block], before[:, block], rcond=None)[0]
    matrix[np.abs(matrix) < 1e-9] = 0
    return matrix.astype(np.float32)
