# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand and how large they are: numbers in, numbers out.

Blender's axes (Z up) unless a name says otherwise.

`meters_per_unit` is a scene's unit scale (`unit_settings.scale_length`): 0.01 where one Blender
unit is a centimeter. glTF and Mint's calibration are in meters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..message import Message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Placement:
    """First scale about the origin, then move: `scale * point + translation`."""

    scale: float
    translation: Vector


def place_on_floor(
    bounds_min: Sequence[float],
    bounds_max: Sequence[float],
    at: Sequence[float],
    *,
    height: float | None = None,
    meters_per_unit: float = 1.0,
) -> Placement:
    """Put the bottom center of a box at the point `at`.

    The box is as measured, in meters; `at` and `height` are in scene units. Without `height` the
    size stays as delivered; with it the box becomes that high. A box without height (a flat sheet)
    stays as delivered. Raises `ValueError` for numbers that are no place or size.
    """
    low, high, place = _vector(bounds_min), _vector(bounds_max), _vector(at)
    if any(end < start for start, end in zip(low, high, strict=True)):
        raise ValueError(Message("the box ends before it begins"))
    scale = 1.0 / _positive(meters_per_unit, "unit scale")
    extent = high[2] - low[2]
    if height is not None and extent > 0.0:
        scale = _positive(height, "height") / extent
    foot = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2])
    return Placement(
        scale, (place[0] - scale * foot[0], place[1] - scale * foot[1], place[2] - scale * foot[2])
    )


@dataclass(frozen=True)
class WorldRoot:
    """Transform of the object that carries a whole World."""

    location: Vector
    rotation: Vector
    """Euler angles X, Y, Z in radians."""
    scale: float


def world_root(
    scale: float = 2.5,
    up: float = 1.5,
    *,
    flip: bool = True,
    at: Sequence[float] = (0.0, 0.0, 0.0),
    meters_per_unit: float = 1.0,
) -> WorldRoot:
    """Hold a World upright and to scale, as Mint's own viewer does (contract, section 9.2, turned
    into Blender's axes).

    The origin of a World is its capture point, at eye height: it comes to stand `up` meters above
    `at`. World files are Y down, which the half turn about Blender's Y corrects; `flip=False` is
    for those that are not.
    """
    place, unit = _vector(at), _positive(meters_per_unit, "unit scale")
    return WorldRoot(
        location=(place[0], place[1], place[2] + up / unit),
        rotation=(0.0, math.pi if flip else 0.0, 0.0),
        scale=_positive(scale, "scale") / unit,
    )


NEAR = 0.25
"""Of the wider horizontal extent: what counts as near the capture point."""
LEVEL = 0.9
"""Least vertical share of a normal: within 26 degrees of horizontal."""
CLEAR = 0.6
"""Share of the area that decides."""


def is_upside_down(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> bool | None:
    """Would this collider, imported as it is, hang upside down? None when its faces do not tell.

    `vertices` (n, 3) in the file's own glTF axes, `triangles` (m, 3) indices. The file's Y becomes
    Blender's Z. The origin is the capture point at eye height, so most of the nearly horizontal
    area around it must lie below: floor, ground, tables (contract, section 13.11).
    """
    import numpy as np  # large, and only needed here

    if not len(triangles):
        return None
    points = np.asarray(vertices, dtype=np.float64)
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normals, axis=1)
    centers = (a + b + c) / 3.0
    sideways = np.hypot(centers[:, 0], centers[:, 2])
    used = points[np.unique(triangles)]
    reach = NEAR * float(max(np.ptp(used[:, 0]), np.ptp(used[:, 2])))
    counts = (np.abs(normals[:, 1]) >= LEVEL * doubled) & (doubled > 0.0) & (sideways <= reach)
    above = float(doubled[counts & (centers[:, 1] > 0.0)].sum())
    below = float(doubled[counts & (centers[:, 1] < 0.0)].sum())
    total = above + below
    if not (math.isfinite(total) and total > 0.0) or max(above, below) < CLEAR * total:
        return None
    return above > below


def _vector(values: Sequence[float]) -> Vector:
    x, y, z = (float(value) for value in values)
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(Message("a place must be three finite numbers"))
    return x, y, z


def _positive(value: float, name: str) -> float:
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(Message("the {name} must be a number above zero", name=name))
    return float(value)
