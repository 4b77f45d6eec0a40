# SPDX-License-Identifier: GPL-3.0-or-later
"""Place or select the result of a job."""

from typing import TYPE_CHECKING

import bpy

from ...jobs.phases import HAS_RESULT, Phase
from ...message import Message
from .. import heartbeat
from ..create import properties as create_properties
from ..job_actions import JobOperator, Result, report_error

if TYPE_CHECKING:
    from ...jobs.job import Job
    from ...jobs.service import JobService


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

    def act(self, context: bpy.types.Context, service: "JobService", job: "Job") -> Result:
        """Import the result: at once for a script, prepared in the background for a click."""
        from ...jobs import rejected_files
        from ...jobs.service import NotPossible
        from . import auto_import, background_import, placed_results

        is_refused = self.raw and job.phase is Phase.PAUSED and rejected_files.has_importable(job)
        if (job.phase not in HAS_RESULT and not is_refused) or job.convert:
            raise NotPossible(
                Message(
                    "{title} is not ready to place: {state}.",
                    title=job.title,
                    state=service.view(job).state,
                )
            )
        if not placed_results.is_document_open(job):
            job = service.set_delivery(job.id, create_properties.with_cursor(context, job.delivery))
        if self.is_click and not self.raw and background_import.request(job):
            heartbeat.ensure()
            heartbeat.redraw()
            return {"FINISHED"}
        if error := auto_import.import_result(service, job, raw=self.raw):
            return report_error(self, error)
        heartbeat.redraw()
        return {"FINISHED"}


CLASSES = (MINT_OT_place,)
