# SPDX-License-Identifier: GPL-3.0-or-later
"""The scale of a World, one number for all axes.

It is a property of the object that has the scale, so that a change is an undo step of Blender's.
"""

from __future__ import annotations

from typing import Any

import bpy


def _get_scale(self: bpy.types.Object) -> float:
    from ...scene.world import calibration

    return calibration.scale_of(self)


def _set_scale(self: bpy.types.Object, value: float) -> None:
    from ...scene.world import calibration

    calibration.set_scale(self, value)


def scale_property() -> Any:
    """Return the property for all objects; only those of Worlds show it."""
    return bpy.props.FloatProperty(
        name="Scale",
        description="Size of the whole World. 1 is the size that it came with",
        min=0.001,
        soft_min=0.1,
        soft_max=10.0,
        get=_get_scale,
        set=_set_scale,
        options=set(),
    )
