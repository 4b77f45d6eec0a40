# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the Previews of a job."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...message import Message
from ..job_actions import JobOperator, Result
from ..typed_context import is_gizmo_dragged
from . import review_feedback

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


class MINT_OT_show_preview(JobOperator):
    """Open the Preview in an Image Editor in a new window."""

    bl_idname = "mint.show_preview"
    bl_label = "View Full Size"
    bl_description = "Open the Preview in an Image Editor in a new window. Esc closes it"
    bl_options = {"INTERNAL"}

    preview: bpy.props.IntProperty(
        name="Preview",
        description="Number of the Preview. 0 is the newest",
        min=0,
        options={"SKIP_SAVE"},
    )

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Open a temporary window, which leaves the user's layout and file as they are."""
        from ...jobs.service import NotPossible
        from . import full_size

        number = self.preview or len(job.previews)
        shown = job.previews[number - 1] if 0 < number <= len(job.previews) else None
        if shown is None or not Path(shown.path).is_file():
            raise NotPossible(
                Message("{title}: the Preview is no longer on disk.", title=job.title)
            )
        full_size.open_window(shown.path)
        return {"FINISHED"}


class MINT_OT_fit_preview(bpy.types.Operator):
    """Fit a Preview to its window, and remove its picture from the file when the window closes."""

    bl_idname = "mint.fit_preview"
    bl_label = "Fit Preview"
    bl_description = "Fit a Preview to its window"
    bl_options = {"INTERNAL"}

    _timer: bpy.types.Timer | None = None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Wait until the window has its size."""
        self._timer = context.window_manager.event_timer_add(0.05, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Fit the picture once, then pass every event on but Esc, which closes the window."""
        from . import full_size

        if is_gizmo_dragged(context):
            return {"PASS_THROUGH"}
        if event.type == "TIMER" and self._timer is not None and full_size.fit(context.window):
            self._remove_timer(context)
        if event.type == "ESC" and event.value == "PRESS":
            full_size.close_soon(context.window)
            return {"RUNNING_MODAL"}
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Remove the picture: the window closes, or another file is being opened."""
        from . import full_size

        self._remove_timer(context)
        full_size.free_unseen()

    def _remove_timer(self, context: bpy.types.Context) -> None:
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


class MINT_OT_turn_preview(JobOperator):
    """Compare with another Preview of this job."""

    bl_idname = "mint.turn_preview"
    bl_label = "Compare with Other Preview"
    bl_description = "Compare the newest Preview with another one of this job"
    bl_options = {"INTERNAL"}

    to: bpy.props.IntProperty(min=1, options={"SKIP_SAVE"})

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Remember which Preview is shown beside the newest."""
        from ...jobs.service import NotPossible

        draft = review_feedback.of(job.id)
        if draft is None:
            raise NotPossible(Message("{title} is not waiting for a decision.", title=job.title))
        draft.shown = self.to
        return {"FINISHED"}


CLASSES = (MINT_OT_show_preview, MINT_OT_fit_preview, MINT_OT_turn_preview)
