# SPDX-License-Identifier: GPL-3.0-or-later
"""Spherical harmonics of Gaussian splats: the basis, and its transform to other axes.

Source: the basis and its signs are those of "3D Gaussian Splatting for Real-Time Radiance Field
Rendering" (Kerbl and others, 2023), which SPZ and Blender 5.3 share. Knows neither Blender nor
files.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

PER_DEGREE = (0, 3, 8, 15, 24)  # higher coefficients up to each degree, for each color


def basis(directions: Doubles) -> Doubles:
    """Evaluate the 24 higher harmonics.

    Args:
        directions: (n, 3) unit vectors.

    Returns:
        (n, 24) float64 values, degree by degree.
    """
    x, y, z = np.asarray(directions, np.float64).T
    xx, yy, zz = x * x, y * y, z * z
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


def transform(harmonics: Floats, axes: Doubles) -> Floats:
    """Return the coefficients of the same radiance in other axes.

    Only coefficients of the same degree mix. One coefficient is computed at a time, which keeps
    intermediate arrays small: n may be millions.

    Args:
        harmonics: (n, k, 3) float32 coefficients.
        axes: (3, 3) orthogonal matrix from the old to the new axes; may be a reflection.

    Returns:
        (n, k, 3) float32 coefficients.
    """
    planes = harmonics.transpose(1, 0, 2)
    out = np.zeros_like(planes, order="C")
    part = np.empty(planes.shape[1:], np.float32)
    matrix = coefficient_matrix(axes)
    for row in range(len(planes)):
        for column in np.flatnonzero(matrix[row, : len(planes)]):
            np.multiply(planes[column], matrix[row, column], out=part)
            out[row] += part
    return out.transpose(1, 0, 2)


def coefficient_matrix(axes: Doubles) -> Floats:
    """Return the (24, 24) matrix from coefficients in old axes to those in new axes.

    Args:
        axes: (3, 3) orthogonal matrix from the old to the new axes; may be a reflection.
    """
    return _coefficient_matrix(tuple(map(tuple, axes.tolist())))


@cache
def _coefficient_matrix(axes: tuple[tuple[float, ...], ...]) -> Floats:
    """Compute the matrix in blocks of 3, 5, 7 and 9 coefficients.

    A least-squares fit is exact here: a rotated harmonic is a sum of harmonics of its own degree,
    and there are more directions than unknowns.
    """
    count = 200
    height = 1 - (2 * np.arange(count) + 1) / count
    angle = np.pi * (3 - np.sqrt(5.0)) * np.arange(count)
    flat = np.sqrt(1 - height**2)
    directions = np.stack((flat * np.cos(angle), flat * np.sin(angle), height), axis=1)
    before, after = basis(directions), basis(directions @ np.array(axes).T)
    matrix = np.zeros((24, 24))
    for start, end in pairwise(PER_DEGREE):
        block = slice(start, end)
        matrix[block, block] = np.linalg.lstsq(after[:, block], before[:, block], rcond=None)[0]
    matrix[np.abs(matrix) < 1e-9] = 0
    return matrix.astype(np.float32)
