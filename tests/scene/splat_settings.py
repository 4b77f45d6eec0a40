# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the display settings of splats, as the modifier panel does, and count what is shown."""

from __future__ import annotations

from typing import Any

import bpy

from mint_blender.scene.world import splats


def setting(made: bpy.types.Object, name: str) -> tuple[Any, str] | None:
    """Return holder and property of a display setting or None.

    Stored so that it can be animated and undone. Native splats have none.
    """
    modifier: Any = made.modifiers.get(splats._MODIFIER)
    if modifier is None or modifier.node_group is None:
        return None
    identifier = modifier.node_group.interface.items_tree[name].identifier
    if hasattr(modifier, "properties"):  # from 5.2 on
        return getattr(modifier.properties.inputs, identifier), "value"
    return modifier, f'["{identifier}"]'


def set_display(
    made: bpy.types.Object, *, density: float | None = None, viewport_limit: int | None = None
) -> None:
    """Set the settings that are given; native splats have none."""
    for name, value in (("Density", density), ("Viewport Limit", viewport_limit)):
        if value is not None and (found := setting(made, name)) is not None:
            holder, member = found
            if member == "value":
                holder.value = value
            else:
                holder[member.strip('[]"')] = value
    made.update_tag()


def shown(made: bpy.types.Object) -> tuple[int, int]:
    """Return what a window draws of splats: the numbers of squares and of points."""
    evaluated = made.evaluated_get(bpy.context.evaluated_depsgraph_get())
    if hasattr(evaluated, "evaluated_geometry"):
        geometry = evaluated.evaluated_geometry()
        mesh, cloud = geometry.mesh, geometry.pointcloud
    else:  # before 5.1 only data of the type of the object itself is available
        mesh, cloud = evaluated.data if evaluated.type == "MESH" else None, None
    return len(mesh.polygons) if mesh else 0, len(cloud.points) if cloud else 0
