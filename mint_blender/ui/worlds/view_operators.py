# SPDX-License-Identifier: GPL-3.0-or-later
"""Change how a 3D View shows a World: in color, and while walking through it."""

from __future__ import annotations

import bpy

from ...message import Message
from ..job_actions import Result, report_error
from ..typed_context import scene_of
from . import look_inside


class MINT_OT_show_colors(look_inside.ViewOperator):
    """Show the colors of Worlds in this 3D View."""

    bl_idname = "mint.show_colors"
    bl_label = "Show Colors"
    bl_description = (
        "Show the colors of Worlds in this 3D View: Solid shading with Color set to Attribute"
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Set the shading of the view."""
        area = self.area(context)
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        look_inside.show_colors(area)
        return {"FINISHED"}


class MINT_OT_walk_inside(look_inside.ViewOperator):
    """Walk through the World with Blender's Walk Navigation."""

    bl_idname = "mint.walk_inside"
    bl_label = "Walk"
    bl_description = (
        "Walk through the World: mouse to look around, W A S D to move, click to stop. As View > "
        "Navigation > Walk Navigation"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether there is a 3D View to walk in."""
        return context.window is not None

    def execute(self, context: bpy.types.Context) -> Result:
        """Leave the camera where it is, and start walking."""
        area = self.area(context)
        if area is None:
            return report_error(self, Message("Open a 3D View to look inside the World."))
        look_inside.leave_camera(area, scene_of(context))
        region = next(each for each in area.regions if each.type == "WINDOW")
        with bpy.context.temp_override(area=area, region=region):
            bpy.ops.view3d.walk("INVOKE_DEFAULT")
        return {"FINISHED"}


CLASSES = (MINT_OT_show_colors, MINT_OT_walk_inside)
