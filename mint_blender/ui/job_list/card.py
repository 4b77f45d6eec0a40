# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the menu of a job: all that its row has no room for."""

from __future__ import annotations

from typing import Any

import bpy

from ...jobs import rejected_files
from ...jobs.job import Job, asset_of, is_unanswered
from ...jobs.phases import Phase, Verb
from ...jobs.presentation.job_view import JobView
from ...message import Message
from ...mint.schema import Kind
from ..translations import translated
from ..viewport import place_with_mouse
from . import details, placed_results


def _draw_import_anyway(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw the button for a file that our check refused; it asks before it imports."""
    layout = layout.row(align=True)
    layout.operator_context = "INVOKE_DEFAULT"
    anyway = layout.operator("mint.place", text="Import Anyway", icon="IMPORT")
    anyway.job_id, anyway.raw = job.id, True


def _place_label(job: Job, again: str = "") -> str:
    """Return the label of the button Place: what a click will do."""
    if placed_results.will_replace(job):
        return Message("Replace Model") if job.kind is Kind.MODEL else Message("Replace World")
    return again or (
        Message("Place Result")
        if placed_results.is_document_open(job)
        else Message("Place at 3D Cursor")
    )


def _draw_follow_ups(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw what can be made from a result, or like it."""
    layout.operator_context = "INVOKE_DEFAULT"
    asset_id = asset_of(job)
    if (
        job.kind is Kind.MODEL
        and job.phase in {Phase.READY, Phase.PLACED}
        and asset_id
        and not job.convert
    ):
        optimized = (
            job.asset is not None
            and job.asset.assets is not None
            and job.asset.assets.optimized_glb_url
        )
        if not optimized:
            layout.operator("mint.optimize", text="Optimize…", icon="MOD_DECIM").asset_id = asset_id
        layout.operator("mint.convert", text="Convert…", icon="EXPORT").asset_id = asset_id
    if not job.convert:
        layout.operator("mint.again", text="Generate Again…", icon="DUPLICATE").job_id = job.id
        layout.operator("mint.use_prompt", icon="GREASEPENCIL").job_id = job.id


def _draw_place_with_mouse(layout: bpy.types.UILayout, job: Job) -> None:
    layout = layout.column()
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("mint.place_with_mouse", icon="SNAP_ON").job_id = job.id


def draw_menu(layout: bpy.types.UILayout, view: JobView, *, is_active: bool = False) -> None:
    """Draw the rarer actions, as far as they make sense for the job, and while it is active."""
    details.draw(layout, view)
    folder, job = view.folder, placed_results.shown(view.job)
    if folder:
        layout.operator("wm.path_open", text="Open Folder", icon="FILE_FOLDER").filepath = folder
    if job.phase is Phase.PLACED and not job.convert:
        if job.kind is Kind.WORLD:
            layout.operator("mint.look_inside", icon="HIDE_OFF").job_id = job.id
        layout.operator("mint.select_result", icon="ZOOM_SELECTED").job_id = job.id
        _draw_place_with_mouse(layout, job)
        layout.operator(
            "mint.place",
            text=translated(_place_label(job, Message("Place Again"))),
            translate=False,
            icon="IMPORT",
        ).job_id = job.id
    elif place_with_mouse.can_be_placed(job):
        _draw_place_with_mouse(layout, job)
    if rejected_files.has_importable(job) and job.phase in {Phase.READY, Phase.PLACED}:
        _draw_import_anyway(layout, job)
    if job.hold is not None:
        layout.operator("mint.copy_diagnostics", icon="COPYDOWN")
        _draw_removal(layout, job)
        return
    if is_active:  # what it offers otherwise would be in the way of what it does
        _draw_documents(layout, job)
        return
    _draw_follow_ups(layout, job)
    icon: Any
    for verb, operator, icon in (
        (Verb.RESUME, "mint.resume", "PLAY"),
        (Verb.RETRY, "mint.retry", "FILE_REFRESH"),
        (Verb.CANCEL, "mint.cancel", "X"),
    ):
        if verb in view.verbs and not is_unanswered(job):
            layout.operator(operator, icon=icon).job_id = job.id
    _draw_documents(layout, job)
    _draw_removal(layout, job)


def _draw_documents(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw Mint's page about the job, and what to copy for support."""
    url = job.operation.mint_url if job.operation else None
    if url:
        layout.operator("mint.open_in_mint", icon="URL").url = url
    layout.operator("mint.copy_report", icon="COPYDOWN").job_id = job.id
    layout.operator("mint.copy_diagnostics", icon="COPYDOWN")


def _draw_removal(layout: bpy.types.UILayout, job: Job) -> None:
    layout.separator()
    layout.operator("mint.dismiss", icon="TRASH").job_id = job.id
