# SPDX-License-Identifier: GPL-3.0-or-later
"""All splats of an SPZ file at once, in the file's own axes, to compare them with others.

They are unpacked by the product; what turns whole arrays to Blender's axes is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mint_blender.files.spz import coordinates, decode, unpack
from mint_blender.files.spz.container import open_file, open_sections


@dataclass(frozen=True)
class Splats:
    """n Gaussian splats, with the shapes that `decode.attributes` documents; all float32."""

    positions: np.ndarray
    scales: np.ndarray
    rotations: np.ndarray
    base: np.ndarray
    harmonics: np.ndarray
    """(n, k, 3)."""
    axes: str = coordinates.DEFAULT_AXES

    def __len__(self) -> int:
        return len(self.positions)


def read_splats(path: Path) -> Splats:
    """Return all splats of a file that the product accepts; raise its InvalidSplats for others."""
    for _ in decode.attributes(path):
        pass
    with open_file(path) as file:
        header, sections = open_sections(file, path)
        positions, opacities, colors, scales, rotations, harmonics, records = sections
    axes = header.axes or coordinates.parse_axes(bytes(records), path.name)
    stored = unpack.by_coefficient(harmonics, header)
    planes = np.empty(stored.shape, np.float32)
    for row, plane in zip(np.eye(24, dtype=np.float32), planes, strict=False):
        unpack.harmonic(stored, row[: len(stored)], plane)
    return Splats(
        unpack.positions(positions, header, np.eye(3)),
        unpack.scales(scales),
        unpack.rotations(rotations, header, np.eye(3)),
        unpack.base(opacities, colors),
        planes.transpose(1, 0, 2),
        axes,
    )


def to_blender_axes(splats: Splats) -> Splats:
    """Return the splats in Blender's axes (right, forward, up)."""
    matrix = coordinates.to_blender(splats.axes)
    planes = splats.harmonics.transpose(1, 0, 2)
    turned = np.zeros_like(planes, order="C")
    for row, weights in enumerate(coordinates.coefficient_matrix(splats.axes)[: len(planes)]):
        for column in np.flatnonzero(weights[: len(planes)]):
            turned[row] += planes[column] * weights[column]
    return replace(
        splats,
        positions=coordinates.transform_positions(splats.positions, matrix),
        rotations=coordinates.transform_rotations(splats.rotations, matrix),
        harmonics=turned.transpose(1, 0, 2),
        axes="RFU",
    )
