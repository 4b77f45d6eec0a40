# SPDX-License-Identifier: GPL-3.0-or-later
"""Show in Viewport: select a result and frame it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ...message import Message
from ..job_actions import JobOperator, Result
from ..translations import translated
from ..typed_context import scene_of

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


class MINT_OT_select_result(JobOperator):
    """Select the objects of this result, and show them in the 3D Viewport."""

    bl_idname = "mint.select_result"
    bl_label = "Show in Viewport"
    bl_description = "Select the objects of this result, and show them in the 3D Viewport"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return whether objects can be selected: in Object Mode."""
        is_possible = context.mode == "OBJECT"
        if not is_possible:
            cls.poll_message_set(translated(Message("Switch to Object Mode first")))
        return is_possible

    def act(self, context: bpy.types.Context, service: JobService, job: Job) -> Result:
        """Select the objects, found by their custom property, which survives an undo."""
        from ...scene import place

        placed = place.find(job_id=job.id, scene=scene_of(context))
        if placed is None:
            return self._warn(Message("This result is not in the current scene."))
        if not place.select(placed, scene_of(context)):
            return self._warn(
                Message("This result is hidden. Make its collection visible in the Outliner.")
            )
        frame_selected(context)
        return {"FINISHED"}

    def _warn(self, sentence: str) -> Result:
        self.report({"WARNING"}, translated(sentence))
        return {"CANCELLED"}


def frame_selected(context: bpy.types.Context) -> None:
    """Move the view so that the selected objects fill it; without a 3D Viewport, do nothing."""
    area = _viewport_of(context)
    if area is None:
        return
    region = next(each for each in area.regions if each.type == "WINDOW")
    with context.temp_override(area=area, region=region):
        space = area.spaces.active
        if isinstance(space, bpy.types.SpaceView3D) and space.local_view is not None:
            bpy.ops.view3d.localview(frame_selected=False)
        bpy.ops.view3d.view_selected()


def _viewport_of(context: bpy.types.Context) -> bpy.types.Area | None:
    """Return the 3D Viewport of the click, else the largest one of the window."""
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    areas = context.screen.areas if context.screen is not None else ()
    return max(
        (each for each in areas if each.type == "VIEW_3D"),
        key=lambda each: each.width * each.height,
        default=None,
    )


CLASSES = (MINT_OT_select_result,)
