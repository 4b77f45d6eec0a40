# SPDX-License-Identifier: GPL-3.0-or-later
"""Compute location, scale and orientation of results, without bpy.

`place` changes the scene; this module only computes the numbers for it. Axes are Blender's (Z up)
unless a name says otherwise.

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
    """A scale about the origin followed by a translation: `scale * point + translation`."""

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
    """Return the placement that moves the bottom center of a bounding box to `at`.

    Args:
        bounds_min: Lowest corner of the box, in meters.
        bounds_max: Highest corner of the box, in meters.
        at: The target in scene units.
        height: The new height in scene units; None keeps the size. A flat box keeps its size, too.
        meters_per_unit: The unit scale of the scene.

    Raises:
        ValueError: A number is not finite, or a size is not above zero.
    """
    low, high, place = _vector(bounds_min), _vector(bounds_max), _vector(at)
    if any(end < start for start, end in zip(low, high, strict=True)):
        raise ValueError(Message("the bounding box is invalid"))
    scale = 1.0 / _positive(meters_per_unit, "unit scale")
    extent = high[2] - low[2]
    if height is not None and extent > 0.0:
        scale = _positive(height, "height") / extent
    foot = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2])
    return Placement(
        scale, (place[0] - scale * foot[0], place[1] - scale * foot[1], place[2] - scale * foot[2])
    )


@dataclass(frozen=True)
class WorldCalibration:
    """The scale of a World's files, and the height of their origin above the floor."""

    scale: float
    height: float


def world_calibration(
    scale: float = 2.5, up: float = 1.5, *, meters_per_unit: float = 1.0
) -> WorldCalibration:
    """Return scale and height, in scene units, that show a World as Mint's viewer does.

    The origin of a World is its capture point, at eye height. Source: API contract, section 9.2.

    Args:
        scale: Mint's calibration.
        up: Height of the capture point above the floor, in meters.
        meters_per_unit: The unit scale of the scene.

    Raises:
        ValueError: A number is not finite, or a scale is not above zero.
    """
    unit = _positive(meters_per_unit, "unit scale")
    _, _, height = _vector((0.0, 0.0, up / unit))
    return WorldCalibration(_positive(scale, "scale") / unit, height)


NEAR = 0.25
"""Radius around the capture point, as a share of the wider horizontal extent."""
MIN_VERTICAL = 0.9
"""Least vertical component of a unit normal: the face is within 26 degrees of horizontal."""
MIN_SHARE = 0.6
"""Share of the area on one side that makes the answer certain."""


def is_upside_down(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> bool | None:
    """Return whether a collider is upside down when imported as it is; None if unknown.

    The origin is the capture point at eye height, so most of the nearly horizontal area around it
    must lie below: floor, ground, tables. Source: API contract, section 13.11.

    Args:
        vertices: (n, 3) positions in the file's glTF axes; its Y becomes Blender's Z.
        triangles: (m, 3) vertex indices.
    """
    import numpy as np  # large, and only needed here

    if not len(triangles):
        return None
    points = np.asarray(vertices, dtype=np.float64)
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    doubled = np.linalg.norm(normals, axis=1)
    centers = (a + b + c) / 3.0
    distances = np.hypot(centers[:, 0], centers[:, 2])
    used = points[np.unique(triangles)]
    reach = NEAR * float(max(np.ptp(used[:, 0]), np.ptp(used[:, 2])))
    counts = (
        (np.abs(normals[:, 1]) >= MIN_VERTICAL * doubled) & (doubled > 0.0) & (distances <= reach)
    )
    above = float(doubled[counts & (centers[:, 1] > 0.0)].sum())
    below = float(doubled[counts & (centers[:, 1] < 0.0)].sum())
    total = above + below
    if not (math.isfinite(total) and total > 0.0) or max(above, below) < MIN_SHARE * total:
        return None
    return above > below


def _vector(values: Sequence[float]) -> Vector:
    x, y, z = (float(value) for value in values)
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError(Message("a location must be three finite numbers"))
    return x, y, z


def _positive(value: float, name: str) -> float:
    if not (math.isfinite(value) and value > 0.0):
        raise ValueError(Message("the {name} must be a number above zero", name=name))
    return float(value)
