# SPDX-License-Identifier: GPL-3.0-or-later
"""Work with the list of jobs: its menu and groups, and what is done with many jobs at once.

No operator here creates a job.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from ...jobs.phases import HAS_RESULT, Phase, Verb
from ...message import Message
from .. import heartbeat, session
from ..job_actions import JobOperator, Result, attempt, find_job, report_error, run_action
from ..operator_bases import ButtonOperator, MintOperator
from ..pricing import limit_dialog
from ..translations import translated
from ..typed_context import layout_of

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.presentation.job_view import JobView
    from ...jobs.service import JobService


class MINT_OT_job_menu(JobOperator):
    """More about this job."""

    bl_idname = "mint.job_menu"
    bl_label = "Job"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Open the menu for this job."""
        MINT_MT_job.job_id = self.job_id
        bpy.ops.wm.call_menu(name="MINT_MT_job")
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Do nothing: there is no menu to click in."""
        return report_error(self, Message("A menu needs a window and a mouse."))


class MINT_MT_job(bpy.types.Menu):
    """What can be done with a job."""

    bl_label = "Job"

    job_id = ""

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what makes sense for the job whose menu was opened last."""
        if (opened := _job_of_menu()) is not None:
            draw_job_menu(layout_of(self), *opened)


class MINT_MT_job_more(bpy.types.Menu):
    """Look at this job at Mint, or copy reports for support."""

    bl_label = "More"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw it for the job whose menu was opened last."""
        if (opened := _job_of_menu()) is not None:
            draw_more(layout_of(self), opened[0])


def _job_of_menu() -> "tuple[JobView, bool] | None":
    """Return the job whose menu was opened last, and whether it is active; None if it is gone."""
    from . import placed_results

    service = session.existing_service()
    job = find_job(MINT_MT_job.job_id)
    if service is None or job is None:
        return None
    return placed_results.view_of(service, job), service.is_active(job.id)


def draw_job_menu(layout: bpy.types.UILayout, view: "JobView", is_active: bool) -> None:
    """Draw what can be done with a result, or with a job that has stopped without one."""
    from ...jobs.job import is_unanswered
    from . import panel, placed_results

    job = placed_results.shown(view.job)
    layout.operator_context = "INVOKE_DEFAULT"
    panel.draw_details(layout, view if job is view.job else replace(view, job=job))
    if not is_active and job.hold is None and not is_unanswered(job):
        for verb, operator, icon in _VERBS:
            if verb in view.verbs:
                layout.operator(operator, icon=icon).job_id = job.id
    _draw_placing(layout, view, job)
    if not is_active and job.hold is None and not (job.convert or job.motion):
        layout.operator("mint.use_prompt", icon="DUPLICATE").job_id = job.id
    layout.menu(
        "MINT_MT_job_more", text=translated(Message("More")), translate=False, icon="THREE_DOTS"
    )
    if not is_active:
        layout.operator("mint.dismiss", icon="TRASH").job_id = job.id


_VERBS: tuple[tuple[Verb, str, Any], ...] = (
    (Verb.RESUME, "mint.resume", "PLAY"),
    (Verb.RETRY, "mint.retry", "FILE_REFRESH"),
    (Verb.CANCEL, "mint.cancel", "X"),
)


def _draw_placing(layout: bpy.types.UILayout, view: "JobView", job: "Job") -> None:
    """Draw how a result gets into the scene, once more too; for saved files, their folder."""
    from ..viewport import show_result
    from . import placed_results

    is_placed = job.phase is Phase.PLACED and not job.convert
    if view.folder:
        layout.operator(
            "wm.path_open", text="Open Folder", icon="FILE_FOLDER"
        ).filepath = view.folder
    if is_placed or (job.phase is Phase.READY and not job.convert):
        again = Message("Place Again") if is_placed else ""
        layout.operator(
            "mint.place",
            text=translated(placed_results.place_label(job, again)),
            translate=False,
            icon="IMPORT",
        ).job_id = job.id
    if is_placed or show_result.can_be_placed(job):
        layout.operator("mint.place_with_mouse", icon="SNAP_ON").job_id = job.id


def draw_more(layout: bpy.types.UILayout, view: "JobView") -> None:
    """Draw what is rarely used, such as how to import a file that our checks have refused."""
    from ...jobs import rejected_files

    job = view.job
    layout.operator_context = "INVOKE_DEFAULT"
    url = job.operation.mint_url if job.operation else None
    if url:
        layout.operator("mint.open_in_mint", icon="URL").url = url
    layout.operator("mint.copy_report", icon="COPYDOWN").job_id = job.id
    layout.operator("mint.copy_diagnostics", icon="COPYDOWN")
    if rejected_files.has_importable(job) and job.phase in HAS_RESULT:
        anyway = layout.operator("mint.place", text="Import Anyway", icon="IMPORT")
        anyway.job_id = job.id
        anyway.raw = True


class MINT_OT_copy_report(JobOperator):
    """Copy a report for support: IDs, state and error, without the API key and the prompt."""

    bl_idname = "mint.copy_report"
    bl_label = "Copy Report"

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Copy the report."""
        context.window_manager.clipboard = (
            f"Blender {bpy.app.version_string}\n{service.view(job).report()}"
        )
        self.report({"INFO"}, translated(Message("Report copied to the clipboard.")))
        return {"FINISHED"}


class MINT_OT_open_in_mint(MintOperator):
    """Open this page of Mint in the web browser."""

    bl_idname = "mint.open_in_mint"
    bl_label = "Open in Mint"

    url: bpy.props.StringProperty(name="Address", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Open https addresses only, as the text comes from a service."""
        if not self.url.startswith("https://"):
            return report_error(self, Message("This is not a web address."))
        bpy.ops.wm.url_open(url=self.url)
        return {"FINISHED"}


def _ids(service: "JobService", key: str) -> list[str] | None:
    """Return the ids of a batch's jobs; None for an empty key: all jobs."""
    from . import grouped_jobs

    grouped_jobs.prepare(service)
    batch = grouped_jobs.batch(key)
    return None if not key else [job.id for job in batch.jobs] if batch else []


class MINT_OT_scroll_jobs(ButtonOperator):
    """Show earlier or later jobs of the list."""

    bl_idname = "mint.scroll_jobs"
    bl_label = "Scroll Jobs"

    by: bpy.props.IntProperty(options={"SKIP_SAVE"})
    count: bpy.props.IntProperty(min=1, default=1, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Bring other rows into sight; needs no network."""
        from . import grouped_jobs

        grouped_jobs.scroll(self.by, self.count)
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_toggle_batch(ButtonOperator):
    """Show or hide the jobs that were started together."""

    bl_idname = "mint.toggle_batch"
    bl_label = "Show Jobs"

    batch: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Open or close the batch; needs no network."""
        from . import grouped_jobs

        grouped_jobs.toggle(self.batch)
        heartbeat.redraw()
        return {"FINISHED"}


def change_list(operator: bpy.types.Operator, change: "Callable[[JobService], None]") -> Result:
    """Change many jobs on the list without a network, and show it.

    An error of the journal is reported as a sentence.
    """

    def act() -> None:
        service = session.service()
        change(service)
        heartbeat.jobs_changed(service)

    return attempt(operator, act)


class MINT_OT_continue_queue(MintOperator):
    """Send the jobs left in the queue by an earlier session.

    They will be charged.
    """

    bl_idname = "mint.continue_queue"
    bl_label = "Continue Queue"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Show the price before the click that sends them."""
        count = len(session.service().unfinished.queue)
        return limit_dialog.ask_price(
            Message("1 queued job")
            if count == 1
            else Message("{count:,} queued jobs", count=count),
            Message("Continue"),
            lambda service: service.unfinished.queue_credits or None,
            (),
            lambda later: run_action(later, _continue_queue),
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Send them all, in their order."""
        return run_action(self, _continue_queue)


def _continue_queue(service: "JobService") -> None:
    service.unfinished.continue_queue()


class MINT_OT_discard_queue(MintOperator):
    """Cancel the jobs left in the queue by an earlier session.

    They have not been sent to Mint or charged.
    """

    bl_idname = "mint.discard_queue"
    bl_label = "Discard Queue"

    def execute(self, context: bpy.types.Context) -> Result:
        """Cancel them; they stay on the list with their prompts. Needs no network."""
        return change_list(self, lambda service: service.unfinished.discard_queue())


class MINT_OT_resume_all(MintOperator):
    """Resume all paused and interrupted jobs."""

    bl_idname = "mint.resume_all"
    bl_label = "Resume All Mint Jobs"

    def execute(self, context: bpy.types.Context) -> Result:
        """Resume each; nothing is started or charged twice."""
        from ...jobs.job_values import ABOVE_OWN_LIMIT

        def resume(service: "JobService") -> None:
            for job in service.jobs():
                # such a job needs a confirmation of its own
                above_its_limit = job.problem is not None and job.problem.code == ABOVE_OWN_LIMIT
                if job.phase is Phase.PAUSED and job.hold is None and not above_its_limit:
                    service.resume(job.id)
            service.unfinished.resume_all()

        return run_action(self, resume)


class MINT_OT_cancel_all(limit_dialog.LossDialog, MintOperator):
    """Cancel all active jobs here and at Mint."""

    bl_idname = "mint.cancel_all"
    bl_label = "Cancel All Mint Jobs"
    keep_words = Message("Keep Jobs")

    queued: bpy.props.BoolProperty(
        name="Queued Jobs",
        description="Cancel only jobs that have not been sent to Mint or charged",
        options={"SKIP_SAVE"},
    )
    batch: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask first, as many jobs are canceled at once."""
        if self.queued:
            return self.ask_before_loss(
                context,
                title="Cancel Queued Jobs",
                loss=Message("These jobs have not been sent to Mint. Nothing was charged."),
                words=Message("Cancel Queued Jobs"),
                is_paid=False,
            )
        return self.ask_before_loss(
            context,
            title="Cancel All Mint Jobs",
            loss=Message("Mint may not return Credits that are spent or reserved."),
            words=Message("Cancel All Jobs"),
            is_paid=True,
        )

    def spend(self, context: bpy.types.Context, operator: bpy.types.Operator) -> Result:
        """Cancel what can be canceled, or what was not sent yet, of one batch."""
        is_queued = self.queued
        key = self.batch

        def cancel(service: "JobService") -> None:
            if is_queued:
                service.cancel_waiting(_ids(service, key))
                return
            for job in service.jobs():
                if service.is_active(job.id) and service.view(job).can_be_canceled:
                    service.cancel(job.id)

        return run_action(operator, cancel)


class MINT_OT_dismiss_finished(MintOperator):
    """Remove all placed, saved, canceled and failed jobs from the list.

    Objects in your scene stay.
    """

    bl_idname = "mint.dismiss_finished"
    bl_label = "Dismiss All"

    batch: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask first, as this affects many jobs."""
        key = self.batch

        def ask() -> Result:
            service = session.service()
            finished = service.finished(_ids(service, key), failed=True)
            if not finished:
                return report_error(self, Message("There is nothing to dismiss."))
            message = Message(
                "This removes {count:,} jobs from the list. Objects in your scene and files on disk"
                " stay.",
                count=len(finished),
            )
            return context.window_manager.invoke_confirm(
                self,
                event,
                title="Dismiss All",
                message=translated(message),
                confirm_text="Dismiss",
            )

        return attempt(self, ask)

    def execute(self, context: bpy.types.Context) -> Result:
        """Dismiss them all, or those of one batch; needs no network."""
        key = self.batch
        return change_list(
            self,
            lambda service: service.dismiss_finished(_ids(service, key), failed=True),
        )


class MINT_OT_show_older_jobs(MintOperator):
    """List more of the jobs that ended longer ago."""

    bl_idname = "mint.show_older_jobs"
    bl_label = "Show Older Jobs"

    def execute(self, context: bpy.types.Context) -> Result:
        """Read them from the journal; needs no network."""
        return change_list(self, lambda service: service.cache.show_older())
