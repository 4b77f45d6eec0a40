# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at the Previews of a job."""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...jobs.phases import HAS_RESULT
from ...message import Message, UserError
from .. import heartbeat, session
from ..job_actions import JobOperator, Result, attempt, find_job, report_error
from ..operator_bases import ButtonOperator
from ..translations import translated
from ..typed_context import layout_of
from . import card_state

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


class MINT_OT_show_preview(JobOperator):
    """Open the Preview in the program that this computer shows pictures with."""

    bl_idname = "mint.show_preview"
    bl_label = "View Full Size"
    bl_options = {"INTERNAL"}

    preview: bpy.props.IntProperty(
        name="Preview",
        description="Number of the Preview. 0 is the newest",
        min=0,
        options={"SKIP_SAVE"},
    )

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Open the file of the picture."""
        number = self.preview or len(job.previews)
        shown = job.previews[number - 1] if 0 < number <= len(job.previews) else None
        if shown is None or not Path(shown.path).is_file():
            raise UserError(Message("{title}: the Preview is no longer on disk.", title=job.title))
        return bpy.ops.wm.path_open(filepath=shown.path)


class MINT_OT_turn_card(JobOperator):
    """Show another Preview, or another job, on the review card."""

    bl_idname = "mint.turn_card"
    bl_label = "Show Preview"
    bl_description = "Show this Preview"
    bl_options = {"INTERNAL"}

    preview: bpy.props.IntProperty(min=0, options={"SKIP_SAVE"})

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Turn the card, which stays open."""
        show(service, job, self.preview)
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_MT_review(bpy.types.Menu):
    """What is done rarely with the job on the review card."""

    bl_label = "Preview"
    bl_description = "View Full Size, Cancel Job"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it for the job on the card."""
        job = find_job(card_state.shown_id())
        if job is None:
            return
        layout = layout_of(self)
        layout.operator_context = "INVOKE_DEFAULT"
        view = layout.operator("mint.show_preview", icon="ZOOM_IN")
        view.job_id = job.id
        view.preview = card_state.shown_number(job)
        layout.separator()
        cancel = layout.operator("mint.cancel", text="Cancel Job…", icon="X")
        cancel.job_id = job.id
        cancel.asks = True


def draw(layout: bpy.types.UILayout) -> None:
    """Draw in the status bar that Previews wait, with a button that opens the card."""
    from ..job_list import grouped_jobs

    jobs = grouped_jobs.grouped().previews
    if not jobs:
        return
    text = (
        Message("Mint: {title}: Preview ready", title=jobs[0].title)
        if len(jobs) == 1
        else Message("Mint: {count:,} Previews ready", count=len(jobs))
    )
    row = layout.row(align=True)
    row.label(text=translated(text), translate=False, icon="HIDE_OFF")
    row.operator("mint.review", text="Review…")


def show(service: "JobService", job: "Job", number: int = 0) -> None:
    """Turn the card to a Preview, with all its pictures, and ask for what a decision costs."""
    from ...jobs.queries import prices_of
    from ..pricing import price_dialog
    from . import review_card

    card_state.show(job.id, number)
    review_card.keep(job)
    price_dialog.ask_unknown(*prices_of(job.request, job.optimize))


class MINT_OT_review(ButtonOperator):
    """Look at the Preview, and approve it or say what to change."""

    bl_idname = "mint.review"
    bl_label = "Review Preview"

    job_id: bpy.props.StringProperty(
        name="Job",
        description="ID of the job, or the beginning of it. Empty: the first that waits",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Open the card."""
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> Result:
        """Open the card, which closes when the pointer leaves it, or when the result arrives."""
        return attempt(self, lambda: self._open(context, session.service()))

    def _open(self, context: bpy.types.Context, service: "JobService") -> Result:
        from ..job_list import grouped_jobs
        from ..pricing import limit_dialog, paid_clicks
        from . import review_card

        if context.window is None:
            return report_error(self, Message("There is no window to show the Preview in."))
        previews = grouped_jobs.grouped().previews
        job_id = self.job_id or next((preview.id for preview in reversed(previews)), "")
        if not job_id:
            return report_error(self, Message("No Preview waits for a decision."))
        job = service.job(job_id)
        show(service, job)
        paid_clicks.opened(review_card.NAME)
        card_state.opened(0 if job.phase in HAS_RESULT else limit_dialog.key_of(context))
        return context.window_manager.invoke_popup(self, width=review_card.WIDTH)

    def cancel(self, context: bpy.types.Context) -> None:
        """Note that the card closes."""
        card_state.opened(0)

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the card of the job that it was turned to last."""
        from ..pricing import price_dialog
        from . import review_card

        price_dialog.note(context.region_popup or context.region)
        service = session.existing_service()
        job = find_job(card_state.shown_id())
        if service is not None and job is not None:
            review_card.draw(layout_of(self), service, job)
