# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in the scene something lands that is dropped on a 3D View."""

from __future__ import annotations

from typing import Any

import bpy
from bpy_extras import view3d_utils
from mathutils import Vector
from mathutils.geometry import intersect_line_plane

FARTHEST = 1000.0
"""The floor counts only within this many scene units, not near the horizon."""


def location_under(context: bpy.types.Context, x: float, y: float) -> tuple[float, float, float]:
    """Return the point of the surface under a pixel of the region.

    Without a surface it is the point of the floor; without a floor, one as far away as the 3D
    cursor.
    """
    region: Any = context.region
    view: Any = context.region_data
    origin = view3d_utils.region_2d_to_origin_3d(region, view, (x, y))
    direction = view3d_utils.region_2d_to_vector_3d(region, view, (x, y))
    hit, location, *_ = context.scene.ray_cast(context.evaluated_depsgraph_get(), origin, direction)
    point = location if hit else _on_floor(origin, direction)
    if point is None:
        cursor = context.scene.cursor.location
        point = view3d_utils.region_2d_to_location_3d(region, view, (x, y), cursor)
    return point.x, point.y, point.z


def _on_floor(origin: Vector, direction: Vector) -> Vector | None:
    point = intersect_line_plane(origin, origin + direction, Vector(), Vector((0, 0, 1)))
    if point is None or (point - origin).dot(direction) <= 0:
        return None
    return point if (point - origin).length < FARTHEST else None
