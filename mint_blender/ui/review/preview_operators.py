# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the Previews of a job."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from ..job_actions import JobOperator, Result
from ..translations import translated
from ..typed_context import all_areas, is_gizmo_dragged
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
        from . import large_previews

        number = self.preview or len(job.previews)
        shown = job.previews[number - 1] if 0 < number <= len(job.previews) else None
        if shown is None or not Path(shown.path).is_file():
            raise NotPossible(
                Message("{title}: the Preview is no longer on disk.", title=job.title)
            )
        large_previews.open_window(shown.path)
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
        from . import large_previews

        if is_gizmo_dragged(context):
            return {"PASS_THROUGH"}
        if event.type == "TIMER" and self._timer is not None and large_previews.fit(context.window):
            self._remove_timer(context)
        if event.type == "ESC" and event.value == "PRESS":
            large_previews.close_soon(context.window)
            return {"RUNNING_MODAL"}
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Remove the picture: the window closes, or another file is being opened."""
        from . import large_previews

        self._remove_timer(context)
        large_previews.free_unseen()

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


_ATTEMPTS = 20
_SECONDS = 0.1  # between two attempts to show the tab, which Blender has to draw first


def waiting() -> "tuple[Job, ...]":
    """Return the jobs whose Preview waits for a decision, newest first."""
    from ..job_list import grouped_jobs

    return grouped_jobs.grouped().previews


def count_words(count: int) -> str:
    """Return how many Previews wait."""
    return Message("1 preview") if count == 1 else Message("{count:,} previews", count=count)


def draw(layout: bpy.types.UILayout) -> None:
    """Draw in the status bar that Previews wait, with a button that leads to them."""
    jobs = waiting()
    if not jobs:
        return
    text = (
        Message("Mint: {title}: Preview ready", title=jobs[0].title)
        if len(jobs) == 1
        else Message("Mint: {count:,} Previews ready", count=len(jobs))
    )
    row = layout.row(align=True)
    row.label(text=translated(text), translate=False, icon="HIDE_OFF")
    row.operator("mint.review", icon="RIGHTARROW_THIN")


class MINT_OT_review(bpy.types.Operator):
    """Open the sidebar of the 3D View at the Preview that waits for a decision."""

    bl_idname = "mint.review"
    bl_label = "Show Preview"
    bl_description = "Open the sidebar of the 3D View at the Preview that waits for a decision"
    bl_options = {"INTERNAL"}

    job_id: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Open the sidebar; without a 3D View, show the Preview in a window."""
        areas = [each for each in context.screen.areas if each.type == "VIEW_3D"]
        jobs = waiting()
        if areas:
            area = max(areas, key=lambda each: each.width * each.height)
            space: Any = area.spaces.active
            space.show_region_ui = True
            bpy.app.timers.register(partial(_show_tab, area.as_pointer(), [None] * _ATTEMPTS))
        elif jobs and jobs[0].previews:
            bpy.ops.mint.show_preview(job_id=jobs[0].id)  # type: ignore[attr-defined]
        return {"FINISHED"}


def _show_tab(pointer: int, attempts: list[None]) -> float | None:
    """Bring the tab to the front, once Blender has drawn the sidebar."""
    area = next((each for each in all_areas() if each.as_pointer() == pointer), None)
    region: Any = next((each for each in area.regions if each.type == "UI"), None) if area else None
    if region is None or not attempts:
        return None
    attempts.pop()
    try:
        region.active_panel_category = "Mint"
    except (AttributeError, TypeError):  # not drawn yet
        return _SECONDS
    region.tag_redraw()
    return None if region.active_panel_category == "Mint" else _SECONDS


CLASSES = (MINT_OT_show_preview, MINT_OT_fit_preview, MINT_OT_turn_preview, MINT_OT_review)
