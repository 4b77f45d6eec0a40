# SPDX-License-Identifier: GPL-3.0-or-later
"""What a placed result is called and how large it is, as values for the journal."""

from __future__ import annotations

import bpy

from ..jobs.job_values import Placement
from ..scene.bounds import bounds_in_meters
from ..scene.data_blocks import current_scene
from ..scene.place import PlacedResult

MOST_NAMES = 50
"""A model of a thousand parts is described by the first of them."""


def placement_of(placed: PlacedResult, scene: bpy.types.Scene | None = None) -> Placement:
    """Return where a result is. `scene` is the one that it was placed in; None: the current one."""
    scene = scene or current_scene()
    others = [each for each in placed.objects if each != placed.root]
    bounds = bounds_in_meters(placed.objects, scene)
    return Placement(
        scene=scene.name,
        objects=tuple(each.name for each in (placed.root, *others)[:MOST_NAMES]),
        file=bpy.data.filepath or None,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
    )
