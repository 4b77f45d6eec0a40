# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at jobs: their previews, their results, their reports. Nothing here is sent or paid."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..jobs import card
from . import drafts
from .job_card import MINT_MT_job
from .operators import Result, find_job
from .scene import landing
from .translations import translated


class _JobOperator(bpy.types.Operator):
    """What all of these share: which job."""

    bl_options = {"INTERNAL"}

    job_id: bpy.props.StringProperty(name="Job", options={"SKIP_SAVE"})

    def gone(self) -> Result:
        """The job is not on the list any more."""
        self.report({"WARNING"}, translated("This job is no longer on the list."))
        return {"CANCELLED"}


class MINT_OT_show_preview(_JobOperator):
    """Open the Preview in an Image Editor of its own window"""

    bl_idname = "mint.show_preview"
    bl_label = "Look Closer"

    def execute(self, context: bpy.types.Context) -> Result:
        """A new window, so that nobody's layout is changed."""
        job = find_job(self.job_id)
        draft = drafts.of(job.id) if job else None
        if job is None or not job.previews:
            return self.gone()
        shown = job.previews[draft.shown - 1 if draft and 0 < draft.shown <= len(job.previews) else -1]
        if not Path(shown.path).is_file():
            return self.gone()
        image = bpy.data.images.load(shown.path, check_existing=True)
        image.use_fake_user = False
        bpy.ops.wm.window_new()
        area = context.window_manager.windows[-1].screen.areas[0]
        area.type = "IMAGE_EDITOR"
        area.spaces.active.image = image
        return {"FINISHED"}


class MINT_OT_turn_preview(_JobOperator):
    """Show another one of the previews so far"""

    bl_idname = "mint.turn_preview"
    bl_label = "Other Preview"

    to: bpy.props.IntProperty(min=1, options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Which one is shown is part of the draft."""
        draft = drafts.of(self.job_id)
        if draft is None:
            return self.gone()
        draft.shown = self.to
        return {"FINISHED"}


class MINT_OT_job_menu(_JobOperator):
    """More about this job"""

    bl_idname = "mint.job_menu"
    bl_label = "Job"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """A menu cannot be told its job, so it is told here."""
        MINT_MT_job.job_id = self.job_id
        bpy.ops.wm.call_menu(name=MINT_MT_job.bl_idname)
        return {"FINISHED"}


class MINT_OT_select_result(_JobOperator):
    """Select what this job brought into the scene"""

    bl_idname = "mint.select_result"
    bl_label = "Select Result"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Selecting objects needs Object Mode."""
        return context.mode == "OBJECT"

    def execute(self, context: bpy.types.Context) -> Result:
        """Found by its custom property, as objects do not outlive an undo."""
        placed = landing.find(job_id=self.job_id)
        if placed is None:
            self.report({"WARNING"}, translated("This result is not in the current scene."))
            return {"CANCELLED"}
        for each in context.selected_objects:
            each.select_set(False)
        for each in placed.objects:
            each.select_set(True)
        context.view_layer.objects.active = placed.root
        return {"FINISHED"}


class MINT_OT_copy_report(_JobOperator):
    """Copy what somebody who helps needs to know: ids, state and error, without key and prompt"""

    bl_idname = "mint.copy_report"
    bl_label = "Copy Report"
    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> Result:
        """To the clipboard."""
        job = find_job(self.job_id)
        if job is None:
            return self.gone()
        context.window_manager.clipboard = f"Blender {bpy.app.version_string}\n{card.report(job)}"
        self.report({"INFO"}, translated("The report is on the clipboard."))
        return {"FINISHED"}


class MINT_OT_open_in_mint(bpy.types.Operator):
    """Open this page of Mint in the web browser"""

    bl_idname = "mint.open_in_mint"
    bl_label = "Open in Mint"
    bl_options = {"REGISTER"}

    url: bpy.props.StringProperty(name="Address", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Only addresses of the web: the text comes from a service."""
        if not self.url.startswith("https://"):
            self.report({"ERROR"}, translated("That is not an address of a web page."))
            return {"CANCELLED"}
        bpy.ops.wm.url_open(url=self.url)
        return {"FINISHED"}


CLASSES = (
    MINT_OT_show_preview,
    MINT_OT_turn_preview,
    MINT_OT_job_menu,
    MINT_OT_select_result,
    MINT_OT_copy_report,
    MINT_OT_open_in_mint,
)
