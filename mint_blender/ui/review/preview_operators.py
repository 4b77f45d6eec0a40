# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the Previews of a job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...message import Message
from .. import icons
from ..job_actions import JobOperator, Result
from . import review_feedback

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


class MINT_OT_show_preview(JobOperator):
    """Open the Preview in an Image Editor in a new window."""

    bl_idname = "mint.show_preview"
    bl_label = "View Full Size"
    bl_description = "Open the Preview in an Image Editor in a new window"
    bl_options = {"INTERNAL"}

    def act(self, context: bpy.types.Context, service: JobService, job: Job) -> Result:
        """Open a new window, so that the user's layout stays as it is."""
        from ...jobs.service import NotPossible

        draft = review_feedback.of(job.id)
        shown = (
            job.previews[draft.shown - 1 if draft and 0 < draft.shown <= len(job.previews) else -1]
            if job.previews
            else None
        )
        if shown is None or not Path(shown.path).is_file():
            raise NotPossible(
                Message("{title}: the Preview is no longer on disk.", title=job.title)
            )
        image = icons.for_editor(shown.path)
        bpy.ops.wm.window_new()
        area = context.window_manager.windows[-1].screen.areas[0]
        area.type = "IMAGE_EDITOR"
        area.spaces.active.image = image
        return {"FINISHED"}


class MINT_OT_turn_preview(JobOperator):
    """Show another Preview of this job."""

    bl_idname = "mint.turn_preview"
    bl_label = "Show Other Preview"
    bl_description = "Show another Preview of this job"
    bl_options = {"INTERNAL"}

    to: bpy.props.IntProperty(min=1, options={"SKIP_SAVE"})

    def act(self, context: bpy.types.Context, service: JobService, job: Job) -> Result:
        """Remember which Preview is shown beside the unsent feedback."""
        from ...jobs.service import NotPossible

        draft = review_feedback.of(job.id)
        if draft is None:
            raise NotPossible(Message("{title} is not waiting for a decision.", title=job.title))
        draft.shown = self.to
        return {"FINISHED"}


CLASSES = (MINT_OT_show_preview, MINT_OT_turn_preview)
