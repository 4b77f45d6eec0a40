# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide about a job: approve or revise its Preview, resume, retry, cancel or dismiss it."""

from typing import TYPE_CHECKING

import bpy

from ...jobs.phases import Verb
from ...message import Message
from .. import heartbeat
from ..job_actions import (
    Action,
    JobOperator,
    Result,
    find_job,
    is_mouse_click,
    run_action,
)
from ..review import review_feedback
from ..translations import translated

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


class _Decision(JobOperator):
    """Base of the operators that decide about a job, which needs Mint."""

    verb: Verb
    spends = False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Decide at a click; what spends Credits takes no key. A script runs `execute`."""
        if self.spends and not is_mouse_click(self, event):
            return {"CANCELLED"}
        return self.execute(context)

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Run the decision."""
        return run_action(self, self.decision(job))

    def decision(self, job: "Job") -> Action:
        """Return the action, without a reference to the operator, which may be freed before it."""
        verb, job_id = self.verb.value, job.id

        def decide(service: "JobService") -> str:
            getattr(service, verb)(job_id)
            return job_id

        return decide


class MINT_OT_approve(_Decision):
    """Accept this Preview and generate the final result."""

    bl_idname = "mint.approve"
    bl_label = "Approve Preview"
    bl_description = "Accept this Preview and generate the final result"
    verb = Verb.APPROVE
    spends = True

    preview: bpy.props.IntProperty(
        name="Preview",
        description="Number of the Preview you looked at. 0 is the newest",
        min=0,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Approve the newest Preview: Mint can finish no other one."""
        from ...jobs.service import NotPossible

        newest = len(job.previews)
        if self.preview and not (job.has_preview and self.preview == newest):
            raise NotPossible(
                Message(
                    "{title}: Only the newest Preview, number {number}, can be approved. Look at "
                    "it first.",
                    title=job.title,
                    number=newest,
                )
            )
        return super().act(context, service, job)


class MINT_OT_revise(_Decision):
    """Request another Preview with your changes."""

    bl_idname = "mint.revise"
    bl_label = "Revise Preview"
    bl_description = "Request another Preview with your changes"
    spends = True

    feedback: bpy.props.StringProperty(
        name="Change", description="What to change", options={"SKIP_SAVE"}
    )

    def decision(self, job: "Job") -> Action:
        """Return the action with the given feedback, else with the text beside the Preview."""
        draft, job_id = review_feedback.of(job.id), job.id
        feedback = self.feedback or (draft.feedback if draft else "")

        def decide(service: "JobService") -> str:
            service.revise(job_id, feedback)
            return job_id

        return decide


class MINT_OT_resume(_Decision):
    """Resume this job."""

    bl_idname = "mint.resume"
    bl_label = "Resume Job"
    bl_description = "Resume this job. Nothing is started or charged twice"
    verb = Verb.RESUME


class MINT_OT_retry(_Decision):
    """Start this job again."""

    bl_idname = "mint.retry"
    bl_label = "Retry Job"
    bl_description = "Start this job again. This costs Credits again"
    verb = Verb.RETRY
    spends = True


class MINT_OT_use_candidate(JobOperator):
    """Use this result of your library for the job."""

    bl_idname = "mint.use_candidate"
    bl_label = "Use Result"
    bl_description = "Use this result of your library for the job. This is free"

    asset_id: bpy.props.StringProperty(name="Result", options={"SKIP_SAVE"})

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Use the result."""
        job_id, asset_id = job.id, self.asset_id

        def use(service: "JobService") -> str:
            service.use_candidate(job_id, asset_id)
            return job_id

        return run_action(self, use)


class MINT_OT_send_once_more(JobOperator):
    """Send the same request to Mint once more."""

    bl_idname = "mint.send_once_more"
    bl_label = "Send Once More"
    bl_description = (
        "Send the same request to Mint once more. While Mint remembers it, this is free and brings"
        " back what it has started. Later, nothing is sent"
    )

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Send it."""
        job_id = job.id

        def send(service: "JobService") -> str:
            service.send_once_more(job_id)
            return job_id

        return run_action(self, send)


class MINT_OT_cancel(_Decision):
    """Cancel this job here and at Mint."""

    bl_idname = "mint.cancel"
    bl_label = "Cancel Job"
    bl_description = "Cancel this job here and at Mint"
    verb = Verb.CANCEL

    asks: bpy.props.BoolProperty(
        name="Ask",
        description="Ask also if no Credits were spent",
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask before Credits are lost. A script is not asked."""
        job = find_job(self.job_id)
        if job is None or not (job.cost or self.asks):
            return self.execute(context)
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Cancel Job",
            message=translated(_what_is_lost(job)),
            confirm_text="Stop Job",  # beside Blender's own button Cancel
            icon="WARNING" if job.cost else "QUESTION",
        )


def _what_is_lost(job: "Job") -> str:
    if not job.cost:
        return Message("{title} has not finished.", title=job.title)
    return Message(
        "{title}: {credits:,.0f} Credits are spent or reserved. Mint may not return them.",
        title=job.title,
        credits=job.cost,
    )


class MINT_OT_dismiss(JobOperator):
    """Remove this job from the list."""

    bl_idname = "mint.dismiss"
    bl_label = "Dismiss Job"
    bl_description = "Remove this job from the list. Objects in your scene stay"

    def find(self, context: bpy.types.Context, service: "JobService") -> Result:
        """Dismiss the job, even if it cannot be read; needs no network.

        Jobs for which its card is shown are dismissed with it.
        """
        from . import grouped_jobs

        grouped_jobs.prepare(service)
        others = grouped_jobs.grouped().versions.get(self.job_id, ())
        service.dismiss(self.job_id)
        for each in others:
            service.dismiss(each.id)
        heartbeat.jobs_changed(service)
        heartbeat.redraw()
        return {"FINISHED"}


CLASSES = (
    MINT_OT_approve,
    MINT_OT_revise,
    MINT_OT_resume,
    MINT_OT_retry,
    MINT_OT_use_candidate,
    MINT_OT_send_once_more,
    MINT_OT_cancel,
    MINT_OT_dismiss,
)
