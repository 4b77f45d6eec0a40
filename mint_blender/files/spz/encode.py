# SPDX-License-Identifier: GPL-3.0-or-later
"""Write Gaussian splats as an SPZ file (version 3) or as a PLY file. Does not use Blender.

Arrays are in Blender's axes, as `decode.attributes` yields them. An SPZ file rounds: positions to
1/4096, scales to 3 %, rotations to a quarter of a degree, colors to one step of 255; it gets no
higher harmonics. A PLY file is exact and has the axes right, down, front, as those of the method
"3D Gaussian Splatting for Real-Time Radiance Field Rendering" (Kerbl and others, 2023).
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..disk import replacing
from . import coordinates

Floats = NDArray[np.float32]
_BITS = 12
"""Fractional bits of a position in an SPZ file; fewer for what is more than 2,048 away."""


@dataclass(frozen=True)
class Splats:
    """The attributes of n splats, as `decode.attributes` yields them."""

    positions: Floats
    scales: Floats
    rotations: Floats
    base: Floats
    harmonics: Sequence[Floats] = field(default_factory=tuple)
    """One (n, 3) array for each higher harmonic, from the lowest on."""

    def turned(
        self, turn: NDArray[np.float64], scale: float = 1.0, offset: Sequence[float] = (0, 0, 0)
    ) -> Splats:
        """Return the splats turned by a (3, 3) rotation or reflection, scaled and moved."""
        positions = self.positions @ (turn.T * scale) + np.array(offset)
        rotations = coordinates.transform_rotations(self.rotations, turn)
        harmonics: list[Floats] = []
        if self.harmonics:
            count = len(self.harmonics)
            matrix = coordinates.turned_coefficients(turn)[:count, :count]
            stacked = np.tensordot(matrix, np.stack(self.harmonics), axes=1)
            harmonics = list(stacked.astype(np.float32))
        return Splats(
            positions.astype(np.float32),
            self.scales * np.float32(scale),
            rotations,
            self.base,
            harmonics,
        )


def write_ply(path: Path, splats: Splats) -> None:
    """Write a PLY file in place of what is there.

    Raises:
        OSError: The file cannot be written.
    """
    file = splats.turned(coordinates.to_blender("RDF").T)
    opacity = np.clip(file.base[:, 3:], 1e-6, 1 - 1e-6)
    columns = [file.positions, file.base[:, :3]]
    # all coefficients of red, then of green, then of blue
    columns += [harmonic[:, [color]] for color in range(3) for harmonic in file.harmonics]
    columns += [np.log(opacity / (1 - opacity)), np.log(np.maximum(file.scales, 1e-9))]
    columns += [file.rotations]
    names = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2"]
    names += [f"f_rest_{index}" for index in range(3 * len(file.harmonics))]
    names += ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(file.positions)}\n"
    header += "".join(f"property float {name}\n" for name in names) + "end_header\n"
    content = np.concatenate(columns, axis=1).astype("<f4")
    with replacing(path) as part, part.open("wb") as out:
        out.write(header.encode())
        out.write(content.tobytes())


def write_spz(path: Path, splats: Splats) -> None:
    """Write an SPZ file in place of what is there, without the higher harmonics.

    Raises:
        OSError: The file cannot be written.
    """
    plain = Splats(splats.positions, splats.scales, splats.rotations, splats.base)
    file = plain.turned(coordinates.to_blender(coordinates.DEFAULT_AXES).T)
    count = len(file.positions)
    bits = _BITS
    while bits and np.abs(file.positions).max(initial=0.0) * (1 << bits) >= 1 << 23:
        bits -= 1
    header = struct.pack("<4sIIBBBB", b"NGSP", 3, count, 0, bits, 0, 0)
    whole = np.round(file.positions * (1 << bits))
    places = np.clip(whole, -(1 << 23), (1 << 23) - 1).astype("<i4")
    sections = (
        places.view(np.uint8).reshape(count, 3, 4)[..., :3],
        _byte(file.base[:, 3] * 255),
        _byte((file.base[:, :3] * 0.15 + 0.5) * 255),
        _byte((np.log(np.maximum(file.scales, 1e-9)) + 10) * 16),
        _packed_rotations(file.rotations),
    )
    with (
        replacing(path) as part,
        part.open("wb") as out,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=out, mtime=0) as packed,
    ):
        packed.write(header)
        for section in sections:
            packed.write(section.tobytes())


def _byte(values: Floats) -> NDArray[np.uint8]:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def _packed_rotations(rotations: Floats) -> NDArray[np.uint32]:
    """Return quaternions w, x, y, z without their largest component, 10 bits for each other."""
    turns = np.roll(rotations.astype(np.float64), -1, axis=1)  # x, y, z, w
    turns /= np.linalg.norm(turns, axis=1, keepdims=True)
    largest = np.abs(turns).argmax(axis=1)
    turns *= np.sign(np.take_along_axis(turns, largest[:, None], axis=1))
    packed = largest.astype(np.uint32) << 30
    shift = np.zeros(len(turns), np.uint32)
    for index in (3, 2, 1, 0):
        size = np.minimum(np.round(np.abs(turns[:, index]) * np.sqrt(2) * 511), 511)
        bits = size.astype(np.uint32) | (turns[:, index] < 0).astype(np.uint32) << 9
        is_stored = largest != index
        packed = np.where(is_stored, packed | bits << shift, packed).astype(np.uint32)
        shift = np.where(is_stored, shift + 10, shift).astype(np.uint32)
    return np.asarray(packed, "<u4")
