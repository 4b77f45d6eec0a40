# SPDX-License-Identifier: GPL-3.0-or-later
"""A courtyard: the common geometry of collider, panorama and splats.

Coordinates are upright raw units around the capture point (the origin, at eye height): X right, Y
ahead, Z up, as the panorama's center looks along +Y. With Mint's calibration a unit is 2.5 meters:
the floor is 1.55 m below the eye, and the walls are 10 m apart. The courtyard is open to the sky,
so that its largest level area near the origin is below the origin. On the left, where the sun sets,
the wall is low.

In the files all axes are turned: raw glTF (x, y, z) = (-X, -Z, -Y), which is Y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

FLOOR, RIM = -0.62, 0.75  # heights of the floor and of the top of the walls
LOW_RIM = 0.1  # that of the wall on the left
HALF_X, HALF_Y = 2.0, 1.7
# the first two are beside the door and visible to the camera
PILLARS = ((-0.85, 1.05), (0.85, 1.05), (-1.25, -0.8), (1.25, -0.8))
# of the wall lanterns: beside the door, above the steps and the bench, and behind the viewer
LAMPS = ((-0.55, 1.6, 0.16), (0.55, 1.6, 0.16), (1.9, 0.0, 0.24), (-1.9, 0.0, -0.1), (0, -1.6, 0.2))
CELL = 0.0265  # edge of a triangle, small enough for more than 100,000 triangles


@dataclass
class Surface:
    """A grid of triangles with one paint."""

    points: Points
    triangles: NDArray[np.int64]
    paint: str


def raw(points: Points) -> Points:
    """Convert upright coordinates to those of the files (Y down)."""
    return np.column_stack([-points[:, 0], -points[:, 2], -points[:, 1]])


def sheet(
    corner: tuple[float, float, float],
    along: tuple[float, float, float],
    across: tuple[float, float, float],
    paint: str,
) -> Surface:
    """Return a flat rectangle from a corner and two edges; its normal is along x across."""
    a, b = np.array(along), np.array(across)
    rows = max(1, round(float(np.linalg.norm(a)) / CELL))
    columns = max(1, round(float(np.linalg.norm(b)) / CELL))
    u, v = np.meshgrid(np.linspace(0, 1, rows + 1), np.linspace(0, 1, columns + 1), indexing="ij")
    points = np.array(corner) + u.ravel()[:, None] * a + v.ravel()[:, None] * b
    return Surface(points, _cells(rows, columns), paint)


def _cells(rows: int, columns: int) -> NDArray[np.int64]:
    i, j = (m.ravel() for m in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    n = columns + 1
    a, b, c, d = i * n + j, (i + 1) * n + j, (i + 1) * n + j + 1, i * n + j + 1
    return np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])


def block(
    low: tuple[float, float, float], high: tuple[float, float, float], paint: str
) -> list[Surface]:
    """Return a box without its underside."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    dx, dy, dz = x1 - x0, y1 - y0, z1 - z0
    return [
        sheet((x0, y0, z1), (dx, 0, 0), (0, dy, 0), paint),
        sheet((x0, y0, z0), (dx, 0, 0), (0, 0, dz), paint),
        sheet((x1, y1, z0), (-dx, 0, 0), (0, 0, dz), paint),
        sheet((x1, y0, z0), (0, dy, 0), (0, 0, dz), paint),
        sheet((x0, y1, z0), (0, -dy, 0), (0, 0, dz), paint),
    ]


def pillar(x: float, y: float) -> list[Surface]:
    """Return a round column with a base."""
    radius, around, up = 0.13, 48, 64
    turn, height = np.meshgrid(
        np.linspace(0, 2 * np.pi, around + 1), np.linspace(FLOOR, 0.55, up + 1), indexing="ij"
    )
    bulge = radius * (1 + 0.25 * np.exp(-(((height - 0.55) / 0.06) ** 2)))
    points = np.column_stack(
        [(x + bulge * np.cos(turn)).ravel(), (y + bulge * np.sin(turn)).ravel(), height.ravel()]
    )
    foot = block((x - 0.2, y - 0.2, FLOOR), (x + 0.2, y + 0.2, FLOOR + 0.1), "stone")
    cap = block((x - 0.2, y - 0.2, 0.55), (x + 0.2, y + 0.2, 0.63), "stone")
    return [
        Surface(points, _cells(around, up), "pillar"),
        *foot,
        *cap,
        sheet((x - 0.2, y + 0.2, 0.55), (0.4, 0, 0), (0, -0.4, 0), "stone"),
    ]


def lantern(x: float, y: float, z: float) -> list[Surface]:
    """Return a lantern whose glass has its center here: a box between a cap and a foot of iron."""
    side, half = 0.035, 0.06
    return [
        *block((x - side, y - side, z - half), (x + side, y + side, z + half), "glass"),
        *block((x - 0.05, y - 0.05, z + half), (x + 0.05, y + 0.05, z + half + 0.025), "iron"),
        *block((x - 0.045, y - 0.045, z - half - 0.02), (x + 0.045, y + 0.045, z - half), "iron"),
    ]


def courtyard() -> list[Surface]:
    """Return floor, walls, a door ahead, steps on the right, a bench on the left, and lanterns."""
    x, y, tall = HALF_X, HALF_Y, RIM - FLOOR
    parts = [
        sheet((-x, -y, FLOOR), (2 * x, 0, 0), (0, 2 * y, 0), "floor"),
        sheet((-x, y, FLOOR), (2 * x, 0, 0), (0, 0, tall), "wall"),
        sheet((x, -y, FLOOR), (-2 * x, 0, 0), (0, 0, tall), "wall"),
        sheet((x, y, FLOOR), (0, -2 * y, 0), (0, 0, tall), "wall"),
        sheet((-x, -y, FLOOR), (0, 2 * y, 0), (0, 0, LOW_RIM - FLOOR), "wall"),
        *block((-0.36, y - 0.05, FLOOR), (0.36, y, 0.32), "stone"),
        *block((-0.28, y - 0.08, FLOOR), (0.28, y - 0.05, 0.24), "door"),
        *block((-x, -0.45, FLOOR), (-x + 0.3, 0.45, FLOOR + 0.2), "wood"),
    ]
    for step in range(3):
        parts += block(
            (x - 0.25 * (3 - step), -0.5, FLOOR), (x, 0.5, FLOOR + 0.12 * (step + 1)), "stone"
        )
    for spot in PILLARS:
        parts += pillar(*spot)
    for x, y, z in LAMPS:
        parts += lantern(x, y, z)
    return parts


def joined(parts: list[Surface]) -> tuple[Points, NDArray[np.int64], list[str]]:
    """Return all points, all triangles, and the paint of each triangle."""
    shifts = np.cumsum([0, *(len(part.points) for part in parts)])
    triangles = np.concatenate(
        [part.triangles + shift for part, shift in zip(parts, shifts, strict=False)]
    )
    paints = [part.paint for part in parts for _ in range(len(part.triangles))]
    return np.concatenate([part.points for part in parts]), triangles, paints
