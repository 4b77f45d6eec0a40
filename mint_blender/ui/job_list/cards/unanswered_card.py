# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a job that Mint may have started: what the library shows, and what a person can do.

Written for somebody whose laptop slept.
"""

from __future__ import annotations

import time

import bpy

from ....jobs.job import Job
from ....jobs.job_values import Candidate
from ....jobs.phases import Verb
from ....jobs.queries import prices_of_click
from ....message import Message
from ... import icons, text_wrap
from ...icons import icon_number
from ...translations import translated
from ..card_texts import CardTexts
from .sidebar import Sidebar

_PICTURE = 4.0
"""Height of a picture, in buttons."""
_LOOK_AGAIN = Message("Look Again")
_ONCE_MORE = Message("Once More")
_CANCEL = Message("Cancel")


def draw(box: bpy.types.UILayout, sidebar: Sidebar, job: Job, texts: CardTexts) -> None:
    """Draw why nobody knows what became of the job, and the buttons."""
    text_wrap.wrapped(box, texts.problem, width=sidebar.width)
    for candidate in job.candidates:
        _draw_candidate(box, job, candidate)
    again = _start_again(sidebar, job)
    column = box.column(align=True)
    row = text_wrap.button_row(
        column, (_LOOK_AGAIN, again), width=sidebar.width, margins=text_wrap.BOX
    )
    row.operator(
        "mint.resume",
        text=translated(_LOOK_AGAIN),
        translate=False,
        icon_value=icon_number("VIEWZOOM"),
    ).job_id = job.id
    row.operator(
        "mint.retry",
        text=translated(again),
        translate=False,
        icon_value=icon_number("FILE_REFRESH"),
    ).job_id = job.id
    row = text_wrap.button_row(
        column, (_ONCE_MORE, _CANCEL), width=sidebar.width, margins=text_wrap.BOX
    )
    request = job.start_request
    if request is not None and request.may_be_sent_once_more:
        row.operator(
            "mint.send_once_more",
            text=translated(_ONCE_MORE),
            translate=False,
            icon_value=icon_number("LOOP_FORWARDS"),
        ).job_id = job.id
    row.operator(
        "mint.cancel", text=translated(_CANCEL), translate=False, icon_value=icon_number("X")
    ).job_id = job.id


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


def _start_again(sidebar: Sidebar, job: Job) -> Message:
    queries = prices_of_click(job, Verb.RETRY)
    price = sidebar.service.budget.total(queries) or job.estimate
    if not price:
        return Message("Start Again")
    return Message("Start Again · {credits:,.0f} Credits", credits=price)
