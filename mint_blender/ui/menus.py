# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries in Blender's menus and status bar. F3 finds only operators that are in a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..jobs.phases import Phase
from ..message import Message
from . import session, visibility
from .manual import links as manual
from .translations import translated
from .typed_context import layout_of

if TYPE_CHECKING:
    from ..jobs.service import JobService


class MINT_MT_add(bpy.types.Menu):
    """Add models and Worlds that Mint generates."""

    bl_label = "Mint"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what adds something. F3 finds it by its name: generate, prompt, model, world."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator(
            "mint.generate", text="Generate 3D Model from Prompt…", icon="MESH_MONKEY"
        ).kind = "MODEL"
        layout.operator(
            "mint.generate", text="Generate World from Prompt…", icon="WORLD"
        ).kind = "WORLD"
        layout.separator()
        layout.operator(
            "mint.import_asset", text="Import Model or World from Library…", icon="IMPORT"
        )
        layout.operator("mint.browse_library", text="Browse Library", icon="IMGDISPLAY")


class MINT_MT_jobs(bpy.types.Menu):
    """What concerns all jobs."""

    bl_label = "Mint Jobs"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what is done with many jobs at once."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("mint.resume_all", icon="PLAY")
        layout.operator("mint.cancel_all", icon="X")
        layout.operator("mint.dismiss_finished", icon="TRASH")
        layout.operator("mint.show_older_jobs", icon="TRIA_DOWN")


class MINT_MT_manage(bpy.types.Menu):
    """Manage Mint's jobs, library and account."""

    bl_label = "Mint Jobs and Account"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what the panels and the preferences have too, so that F3 finds it."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.menu("MINT_MT_jobs", icon="PRESET")
        layout.operator("mint.cancel_all", text="Cancel Queued Jobs", icon="X").queued = True
        layout.operator("mint.continue_queue", icon="PLAY")
        layout.operator("mint.discard_queue", icon="X")
        layout.separator()
        layout.menu("MINT_MT_references", icon="IMAGE_DATA")
        layout.separator()
        layout.operator("mint.refresh_library", icon="FILE_REFRESH")
        layout.operator("mint.refresh_account", icon="FILE_REFRESH")
        layout.operator("mint.copy_diagnostics", icon="COPYDOWN")
        manual.draw(layout_of(self))


def _draw_add(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("MINT_MT_add", icon="WORLD")


def _draw_manage(self: bpy.types.Menu, context: bpy.types.Context) -> None:
    self.layout.separator()
    self.layout.menu("MINT_MT_manage", icon="WORLD")


def _draw_status_bar(self: bpy.types.Header, context: bpy.types.Context) -> None:
    """Draw which Previews wait, how many jobs run and which one ends next.

    Draws nothing while no job runs and no Preview waits.
    """
    from .review import preview_operators

    visibility.note("jobs")
    service = session.existing_service()
    if service is not None:
        preview_operators.draw(layout_of(self))
        _draw_running_jobs(self, service)


def _draw_running_jobs(self: bpy.types.Header, service: JobService) -> None:
    from .job_list import grouped_jobs, placed_results
    from .job_list import panel as job_list_panel

    grouped = grouped_jobs.grouped()
    if not grouped.active:
        return
    followed = grouped.followed
    running = [job for job in followed if job.phase is not Phase.WAITING] or followed[:1]
    ahead = [
        (outlook.remaining, job)
        for job in running
        if (outlook := service.outlook(job)).remaining is not None
    ]
    _, job = min(ahead, key=lambda pair: pair[0], default=(None, running[-1]))
    row = self.layout.row(align=True)
    count = grouped.active
    text = (
        Message("Mint: {count:,} jobs, next: {title}", count=count, title=job.title)
        if count > 1
        else Message("Mint: {title}", title=job.title)
    )
    view = placed_results.view_of(service, job)
    when = job_list_panel.state_of(service, view)[0]
    row.label(text=translated(Message("{text}, {when}", text=text, when=when)), translate=False)
    if count == 1:
        cancel = row.operator("mint.cancel", text="", icon="X", emboss=False)
        cancel.job_id = job.id
        cancel.asks = True


MENUS = (
    (bpy.types.VIEW3D_MT_add, _draw_add),
    (bpy.types.TOPBAR_MT_edit, _draw_manage),
    (bpy.types.STATUSBAR_HT_header, _draw_status_bar),
)
