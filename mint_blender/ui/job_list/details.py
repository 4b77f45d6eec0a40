# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw what the row of a job has no room for, on top of its menu."""

from __future__ import annotations

import time
from pathlib import PurePath
from typing import Any

import bpy

from ...jobs import rejected_files
from ...jobs.job import Job, is_unanswered
from ...jobs.job_values import Candidate
from ...jobs.phases import Phase, Verb
from ...jobs.presentation.job_view import BUY_CREDITS, JobView
from ...jobs.queries import prices_of_click
from ...jobs.service import JobService
from ...message import Message
from .. import icons, session
from ..account import billing_watch
from ..icons import icon_number
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import ui_scale

_MOST_LINES = 12  # of a problem with a path in it: the last ones say what to do
_BUY = Message("Buy Credits")
_CANCEL = Message("Cancel")
_WIDTH = 420
"""Pixels, at scale 1, of the lines of a note."""


def draw(layout: bpy.types.UILayout, view: JobView) -> None:
    """Draw what a row has no room for: state and cost, files, notes, and what has to be decided."""
    job, service = view.job, session.existing_service()
    width = int(_WIDTH * ui_scale())
    state = view.state if job.hold is not None else view.short_state
    headline = "  ·  ".join(translated(each) for each in (state, view.cost) if each)
    layout.label(text=headline, translate=False)
    for path in view.saved:
        layout.label(text=PurePath(path).name, translate=False, icon="FILE")
    if view.version:
        wrapped(layout, view.version, width=width, icon="MOD_DECIM")
    for note in view.notes:
        wrapped(layout, note, width=width, icon="INFO", most=6)
    if view.problem and job.decision is None:
        wrapped(layout, view.problem, width=width, icon="ERROR", most=_MOST_LINES)
    if view.crash_log:
        layout.operator(
            "wm.path_open", text="Open Crash Log", icon="TEXT"
        ).filepath = view.crash_log
    if service is not None and job.hold is None and job.decision is None:
        if job.phase is Phase.BILLING:
            _draw_billing(layout, service, job)
        elif is_unanswered(job):
            _draw_unanswered(layout, service, view)
        elif job.phase is Phase.PAUSED and rejected_files.has_importable(job):
            anyway = layout.operator("mint.place", text="Import Anyway", icon="IMPORT")
            anyway.job_id, anyway.raw = job.id, True
    layout.separator()


def _draw_billing(layout: bpy.types.UILayout, service: JobService, job: Job) -> None:
    """Draw how many Credits are missing, and where to buy them."""
    billing = job.operation.billing if job.operation else None
    missing = billing_watch.missing(service, job)
    words = billing_watch.ENOUGH if missing == 0 else _missing_credits(missing)
    icon = icon_number("CHECKMARK" if missing == 0 else "ERROR")
    layout.label(text=translated(words), translate=False, icon_value=icon)
    layout.operator("mint.open_in_mint", text=translated(_BUY), translate=False, icon="URL").url = (
        billing.action_url if billing else None
    ) or BUY_CREDITS


_PICTURE = 4.0
"""Height of a picture, in buttons."""
_LOOK_AGAIN = Message("Look Again")
_ONCE_MORE = Message("Once More")


def _draw_unanswered(layout: bpy.types.UILayout, service: JobService, view: JobView) -> None:
    """Draw what Mint may have made for a job of which nobody knows, and how it can go on."""
    job = view.job
    for candidate in job.candidates:
        _draw_candidate(layout, job, candidate)
        layout.separator()
    _entry(layout, job, "mint.resume", _LOOK_AGAIN, "VIEWZOOM")
    _entry(layout, job, "mint.retry", _start_again(service, job), "FILE_REFRESH")
    if view.may_be_sent_once_more:
        _entry(layout, job, "mint.send_once_more", _ONCE_MORE, "LOOP_FORWARDS")
    _entry(layout, job, "mint.cancel", _CANCEL, "X")


def _missing_credits(missing: float | None) -> str:
    if not missing:
        return Message("Not enough Credits.")
    return (
        Message("1 Credit short.")
        if missing == 1
        else Message("{credits:,.0f} Credits short.", credits=missing)
    )


def _entry(layout: bpy.types.UILayout, job: Job, operator: str, label: Message, icon: Any) -> None:
    layout.operator(operator, text=translated(label), translate=False, icon=icon).job_id = job.id


def _draw_candidate(box: bpy.types.UILayout, job: Job, candidate: Candidate) -> None:
    row = box.row()
    picture = icons.of_file(candidate.picture)
    if picture:
        row.template_icon(icon_value=picture, scale=_PICTURE)
    column = row.column()
    at = time.strftime("%x %H:%M", time.localtime(candidate.created_at))
    column.label(text=candidate.name or candidate.id, translate=False)
    column.label(text=at, translate=False)
    use = column.operator(
        "mint.use_candidate", text=translated(Message("Use")), translate=False, icon="CHECKMARK"
    )
    use.job_id, use.asset_id = job.id, candidate.id


def _start_again(service: JobService, job: Job) -> Message:
    queries = prices_of_click(job, Verb.RETRY)
    price = service.budget.total(queries) or job.estimate
    if not price:
        return Message("Start Again")
    return Message("Start Again · {credits:,.0f} Credits", credits=price)
