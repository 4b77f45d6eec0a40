# SPDX-License-Identifier: GPL-3.0-or-later
"""Say that Previews wait for a decision, also to somebody whose sidebar is closed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from ..job_actions import Result
from ..translations import translated
from ..typed_context import all_areas

if TYPE_CHECKING:
    from ...jobs.job import Job

_ATTEMPTS = 20
_SECONDS = 0.1  # between two attempts to show the tab, which Blender has to draw first


def waiting() -> tuple[Job, ...]:
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


CLASSES = (MINT_OT_review,)
