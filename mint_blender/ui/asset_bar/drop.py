# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in the scene something lands that is dropped on a 3D View."""

from __future__ import annotations

from typing import Any

import bpy
from bpy_extras import view3d_utils

from ...scene.update import move
from ..typed_context import scene_of


def location_under(context: bpy.types.Context, x: float, y: float) -> tuple[float, float, float]:
    """Return the point of the surface or the floor under a pixel of the region.

    Without either it is a point as far away as the 3D cursor.
    """
    region: Any = context.region
    view: Any = context.region_data
    scene = scene_of(context)
    origin = view3d_utils.region_2d_to_origin_3d(region, view, (x, y))
    direction = view3d_utils.region_2d_to_vector_3d(region, view, (x, y))
    surface = move.surface_on_ray(scene, context.evaluated_depsgraph_get(), origin, direction)
    cursor = scene.cursor.location
    point = (
        surface.point
        if surface is not None
        else view3d_utils.region_2d_to_location_3d(region, view, (x, y), cursor)
    )
    return point.x, point.y, point.z
