# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide about a job: approve or revise its Preview, resume, retry, cancel, dismiss or place it."""

from typing import TYPE_CHECKING

import bpy

from ...addon_settings import may_go_online
from ...jobs.phases import HAS_RESULT, Phase, Verb
from ...message import Message, UserError
from .. import heartbeat, session
from ..create import properties as create_properties
from ..job_actions import (
    Action,
    JobOperator,
    Result,
    find_job,
    report_error,
    run_action,
)
from ..pricing import limit_dialog, paid_clicks
from ..review import card_state

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


class _Decision(JobOperator):
    """Base of the operators that decide about a job, which needs Mint."""

    verb: Verb | str
    """What is decided, also the name of the method of the job service."""
    drops_draft = False
    """Whether what was written about the Preview is of no use afterwards."""

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Run the decision."""
        return run_action(self, self.decision(job))

    def arguments(self, job: "Job") -> tuple[str, ...]:
        """Return what the method needs besides the id of the job."""
        return ()

    def decision(self, job: "Job") -> Action:
        """Return the action, without a reference to the operator, which may be freed before it.

        Raises:
            UserError: The job does not allow this now.
        """
        verb = str(self.verb)
        job_id = job.id
        arguments = self.arguments(job)
        drops_draft = self.drops_draft

        def decide(service: "JobService") -> str:
            getattr(service, verb)(job_id, *arguments)
            if drops_draft:
                card_state.drop(job_id)
            return job_id

        return decide


class _PaidDecision(_Decision):
    """Base of those that spend Credits: by a click on a button that shows the price.

    Any other click opens a dialog with the price. A script runs `execute`.
    """

    verb: Verb
    words: Message
    """What the button of that dialog does."""

    credits: bpy.props.FloatProperty(
        name="Credits",
        description="Price that the button shows. 0: it shows none",
        min=0.0,
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Decide at a click on what the button has shown."""
        from ...jobs.queries import prices_of_click

        job = find_job(self.job_id)
        service = session.existing_service()
        if job is None or service is None or not may_go_online():
            return self.execute(context)  # which says why not
        verb = self.verb
        price = _price(service, job, self.verb)
        if price == 0 and verb is Verb.RESUME:
            return self.execute(context)
        if not paid_clicks.is_click(self, event):
            return {"CANCELLED"}
        is_other = self.credits and not paid_clicks.is_same(self.credits, price)
        if is_other or self.has_changed(job):
            paid_clicks.refuse(self, paid_clicks.AGAIN)
            heartbeat.redraw()
            return {"CANCELLED"}
        if self.credits or price == 0:
            return self.execute(context)
        try:
            action = self.decision(job)
        except UserError as error:
            return report_error(self, str(error))
        return limit_dialog.ask_price(
            job.title,
            self.words,
            lambda service: _price(service, job, verb),
            prices_of_click(job, verb),
            lambda later: run_action(later, action),
        )

    def has_changed(self, job: "Job") -> bool:
        """Return whether the job is not as its button has shown it."""
        return False


def _price(service: "JobService", job: "Job", verb: Verb) -> float | None:
    """Return what a decision costs in Credits; None: unknown.

    To resume costs what is paid beyond what was agreed to; 0 for a job that only goes on.
    """
    from ...jobs.queries import prices_of_click

    if verb in {Verb.APPROVE, Verb.REVISE}:
        return service.budget.of_review(job)[verb]
    queries = prices_of_click(job, verb)
    billing = job.operation.billing if job.operation and verb is Verb.RESUME else None
    required = billing.required_credits if billing and queries else None
    return required or service.budget.total(queries)


class _PreviewDecision(_PaidDecision):
    """Base of those about a Preview."""

    preview: bpy.props.IntProperty(
        name="Preview",
        description="Number of the Preview you looked at. 0 is the newest",
        min=0,
        options={"SKIP_SAVE", "HIDDEN"},
    )


class MINT_OT_approve(_PreviewDecision):
    """Generate the final result from this Preview."""

    bl_idname = "mint.approve"
    bl_label = "Approve Preview"
    verb = Verb.APPROVE
    words = Message("Approve")

    draft: bpy.props.StringProperty(
        name="Draft",
        description="Unsent feedback that the button has shown",
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def has_changed(self, job: "Job") -> bool:
        """Return whether something was written that the button does not name."""
        is_on_card = bool(self.preview or self.credits)
        return is_on_card and self.draft != card_state.draft(job.id)

    def decision(self, job: "Job") -> Action:
        """Return the action for the newest Preview: Mint can finish no other one."""
        newest = len(job.previews)
        if self.preview and not (job.has_preview and self.preview == newest):
            raise UserError(
                Message(
                    "{title}: Only the newest Preview, number {number}, can be approved. Look at "
                    "it first.",
                    title=job.title,
                    number=newest,
                )
            )
        return super().decision(job)


class MINT_OT_revise(_PreviewDecision):
    """Make another Preview with this change.

    From then on, only the new one can be approved.
    """

    bl_idname = "mint.revise"
    bl_label = "Revise Preview"
    verb = Verb.REVISE
    drops_draft = True
    words = Message("Revise")

    feedback: bpy.props.StringProperty(
        name="Change", description="What to change", options={"SKIP_SAVE"}
    )

    def has_changed(self, job: "Job") -> bool:
        """Return whether the text, or the Preview that is shown, is another one by now."""
        number = card_state.shown_number(job)
        is_other = card_state.shown_id() == job.id and self.preview not in {0, number}
        return is_other or (bool(self.credits) and self.feedback != card_state.draft(job.id))

    def arguments(self, job: "Job") -> tuple[str, ...]:
        """Return the given feedback, else what is written on the card."""
        return (self.feedback or card_state.draft(job.id),)


class MINT_OT_resume(_PaidDecision):
    """Resume this job.

    Nothing is started or charged twice.
    """

    bl_idname = "mint.resume"
    bl_label = "Resume Job"
    verb = Verb.RESUME
    words = Message("Resume")


class MINT_OT_retry(_PaidDecision):
    """Start this job again.

    This costs Credits again.
    """

    bl_idname = "mint.retry"
    bl_label = "Retry Job"
    verb = Verb.RETRY
    words = Message("Retry")


class MINT_OT_use_candidate(_Decision):
    """Use this result of your library for the job.

    This is free.
    """

    bl_idname = "mint.use_candidate"
    bl_label = "Use Result"

    verb = "use_candidate"

    asset_id: bpy.props.StringProperty(name="Result", options={"SKIP_SAVE"})

    def arguments(self, job: "Job") -> tuple[str, ...]:
        """Return the id of the result."""
        return (self.asset_id,)


class MINT_OT_send_once_more(_Decision):
    """Send the same request to Mint once more.

    While Mint remembers it, this is free and brings back what it has started. Later, nothing is
    sent.
    """

    bl_idname = "mint.send_once_more"
    bl_label = "Send Once More"
    verb = "send_once_more"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Send it at a click: Mint may not have got what was agreed to before."""
        return self.execute(context) if paid_clicks.is_click(self, event) else {"CANCELLED"}


class MINT_OT_cancel(limit_dialog.LossDialog, _Decision):
    """Cancel this job here and at Mint."""

    bl_idname = "mint.cancel"
    bl_label = "Cancel Job"
    verb = Verb.CANCEL
    drops_draft = True

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
        words = Message("Cancel Job")
        if job.cost:
            words = Message("Cancel Job · up to {credits:,.0f} Credits are lost", credits=job.cost)
        return self.ask_before_loss(
            context,
            title="Cancel Job",
            loss=what_is_lost(job),
            words=words,
            is_paid=bool(job.cost),
        )

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Cancel the job."""
        try:
            job = session.service().job(self.job_id)
        except UserError as error:
            return report_error(operator, str(error))
        return run_action(operator, self.decision(job))


def what_is_lost(job: "Job") -> Message:
    """Return what of a job may be lost if it is canceled: what is spent, and what is reserved."""
    if not job.cost:
        return Message("{title} has not finished.", title=job.title)
    spent = sum(attempt.paid for attempt in job.attempts)
    reserved = job.cost - spent
    if not reserved:
        words = Message(
            "{credits:,.0f} Credits are spent. Mint may not return them.", credits=spent
        )
    elif not spent:
        words = Message(
            "{credits:,.0f} Credits are reserved. Mint may keep them.", credits=reserved
        )
    else:
        words = Message(
            "{spent:,.0f} Credits are spent, and {reserved:,.0f} are reserved. Mint may keep them.",
            spent=spent,
            reserved=reserved,
        )
    return Message("{title}: {words}", title=job.title, words=words)


class MINT_OT_dismiss(JobOperator):
    """Remove this job from the list.

    Objects in your scene stay.
    """

    bl_idname = "mint.dismiss"
    bl_label = "Dismiss Job"

    def find(self, context: bpy.types.Context, service: "JobService") -> Result:
        """Dismiss the job, even if it cannot be read; needs no network.

        Jobs that share its row are dismissed with it.
        """
        from . import grouped_jobs

        grouped_jobs.prepare(service)
        others = grouped_jobs.grouped().versions.get(self.job_id, ())
        service.dismiss(self.job_id)
        for other in others:
            service.dismiss(other.id)
        heartbeat.jobs_changed(service)
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_place(JobOperator):
    """Place this result in the current scene, where it was requested or at the 3D cursor."""

    bl_idname = "mint.place"
    bl_label = "Place Result"

    raw: bpy.props.BoolProperty(
        name="Import Anyway",
        description=(
            "Import the file without checking it, even if it did not pass the check. Blender may "
            "crash"
        ),
        options={"SKIP_SAVE"},
    )
    batch: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    is_click = False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask before a refused file is imported.

        Blender may crash on such a file, and unsaved work would be lost.
        """
        self.is_click = True
        if not self.raw:
            return self.execute(context)
        message = Message(
            "This file did not pass the check. Blender may crash while importing it: save"
            " your work first."
        )
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Import Anyway",
            message=message,
            confirm_text="Import Anyway",
            icon="WARNING",
        )

    def find(self, context: bpy.types.Context, service: "JobService") -> Result:
        """Place the result of the job, or all of a character: the model, then its motions."""
        from . import grouped_jobs

        row = grouped_jobs.batch(self.batch)
        if row is None:
            return super().find(context, service)
        done = [self.act(context, service, job) for job in row.jobs if job.phase in HAS_RESULT]
        return done[0] if done else {"CANCELLED"}

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Import the result: for a script before this returns, for a click once it is prepared."""
        from ...jobs import rejected_files
        from . import auto_import, placed_results

        is_refused = self.raw and job.phase is Phase.PAUSED and rejected_files.has_importable(job)
        if (job.phase not in HAS_RESULT and not is_refused) or job.convert:
            raise UserError(
                Message(
                    "{title} is not ready to place: {state}.",
                    title=job.title,
                    state=service.view(job).state,
                )
            )
        if not placed_results.is_document_open(job):
            job = service.set_delivery(job.id, create_properties.with_cursor(context, job.delivery))
        if self.is_click and not self.raw and auto_import.request(job):
            heartbeat.ensure()
            heartbeat.redraw()
            return {"FINISHED"}
        if error := auto_import.import_result(service, job, raw=self.raw):
            return report_error(self, error)
        heartbeat.redraw()
        return {"FINISHED"}
