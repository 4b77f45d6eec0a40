# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the review card: a Preview as large as the window allows, and the decision about it."""

from __future__ import annotations

import json
from pathlib import PurePath

import bpy

from ...jobs.job import Job
from ...jobs.paid_requests.record import PaidVerb
from ...jobs.phases import BUSY, Phase, Verb
from ...jobs.service import JobService
from ...message import Message
from .. import text_wrap
from ..account import billing_watch
from ..account import panel as account_panel
from ..icons import icon_number
from ..job_list import grouped_jobs, job_documents
from ..pricing import paid_clicks
from ..pricing.price_dialog import left_words, with_price
from ..translations import translated
from ..typed_context import ui_scale
from . import card_state, large_previews

NAME = "review"
"""What drawing notes (`paid_clicks.note`)."""
WIDTH = 600
"""Pixels, at scale 1."""
_PADDING = 8.0  # pixels that Blender leaves around an icon, at any scale
_SHARE = 0.6
"""The most of the height of the window that the picture may have."""
_IN_A_ROW = 5
_APPROVE = 1.5  # times the height of a button

_REVISE, _APPROVE_WORD = Message("Revise"), Message("Approve")
_WITHOUT_CHANGE, _SHOW = Message("Approve Without This Change"), Message("Show")
_DECIDED = {
    Verb.APPROVE.value: Message("Approved. Generating…"),
    Verb.REVISE.value: Message("Mint is making another Preview…"),
    Verb.CANCEL.value: Message("Canceling…"),
}
_ONLY_NEWEST = Message("Only the newest Preview can be approved")
_NO_PICTURE = Message("The picture of this Preview is not here. Look at it on mint.gg first.")
_MORE_DETAIL = Message("The Preview may show more detail than the final result.")


def draw(layout: bpy.types.UILayout, service: JobService, job: Job) -> None:
    """Draw the card of a job, whatever has become of it since the card was opened."""
    number, newest = card_state.shown_number(job), card_state.newest(job)
    is_undecided, text = card_state.is_undecided(job), card_state.draft(job.id)
    prices = service.budget.of_review(job)
    paid_clicks.note(NAME, (job.id, number, newest, is_undecided, bool(text.strip()), prices))
    column = layout.column()
    _draw_head(column, job)
    _draw_picture(column, job, number)
    _draw_numbers(column, job, number)
    if is_undecided:
        _draw_revise(column, job, number, text, prices[Verb.REVISE])
        _draw_approve(column, job, number, text, prices[Verb.APPROVE])
    else:
        _draw_state(column, service, job)
    words = translated(_left_words(service, job)) if is_undecided else ""
    column.label(text=words, translate=False)  # always, so that nothing moves
    if number:
        column.label(text=translated(_MORE_DETAIL), translate=False)


def _draw_head(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw what is reviewed, and the ways to the other jobs that wait."""
    row = layout.split(factor=0.62)
    preset = translated(Message(job.request.preset.value.title()))
    row.label(text=f"{translated(job.title)} · {preset}", translate=False)
    row = row.row(align=True)
    _draw_turning(row, neighbor(job, -1), Message("Previous"), "TRIA_LEFT")
    _draw_turning(row, neighbor(job, 1), Message("Next"), "TRIA_RIGHT")


def _draw_turning(row: bpy.types.UILayout, to: Job | None, words: Message, icon: str) -> None:
    button = row.row(align=True)
    button.enabled = to is not None
    button.operator(
        "mint.turn_card", text=translated(words), translate=False, icon_value=icon_number(icon)
    ).job_id = to.id if to else ""


def neighbor(job: Job, step: int) -> Job | None:
    """Return the job that waits before (-1) or after (1) this one, in order of their starts."""
    previews = grouped_jobs.grouped().previews
    others = [each for each in previews if (each.created_at - job.created_at) * step > 0]
    return min(others, key=lambda each: abs(each.created_at - job.created_at), default=None)


def _draw_picture(layout: bpy.types.UILayout, job: Job, number: int) -> None:
    """Draw the Preview as wide as the card, unless it would be too high for the window.

    A wide one is two squares that overlap: the line with the first one has no height.
    """
    if not number:
        text_wrap.wrapped(layout, _NO_PICTURE, width=round(WIDTH * ui_scale()), icon="INFO")
        return
    path = job.previews[number - 1].path
    share, unit, whole = large_previews.height(path), _unit(), WIDTH * ui_scale()
    width = min(whole - unit, _SHARE * bpy.context.window.height / share)
    side = (width * share + _PADDING) / unit
    found = large_previews.icons_of(path)
    column = layout.column(align=True)
    for place, icon in enumerate(found):
        line = column.column(align=True)
        if place < len(found) - 1:
            line.ui_units_y = 0.01
        row = line.row(align=True)
        row.alignment = "LEFT"
        _draw_space(row, ((whole - width) / 2 + place * (width - width * share)) / unit)
        square = row.column()
        square.ui_units_x = side
        square.template_icon(icon_value=icon, scale=side)


def _draw_space(row: bpy.types.UILayout, width: float) -> None:
    space = row.column()
    space.ui_units_x = width
    space.label(text="")


def _unit() -> float:
    """Return Blender's height of a button, in pixels."""
    return round(18.0 * ui_scale()) + 2.0 * float(bpy.context.preferences.system.pixel_size)


def _draw_numbers(layout: bpy.types.UILayout, job: Job, shown: int) -> None:
    """Draw a button for each Preview, if there are several; the one that is shown is pressed."""
    count, newest = len(job.previews), card_state.newest(job)
    if count < 2:
        return
    grid = layout.grid_flow(
        columns=min(count, _IN_A_ROW), row_major=True, even_columns=True, align=True
    )
    for number in range(1, count + 1):
        words = Message("Preview {number}", number=number)
        if number == newest:
            words = Message("Preview {number} · Newest", number=number)
        button = grid.operator(
            "mint.turn_card", text=translated(words), translate=False, depress=number == shown
        )
        button.job_id, button.preview = job.id, number
    said = feedback_before(job, shown) if shown > 1 else job.request.prompt
    words = Message("“{feedback}” led to Preview {number}", feedback=said, number=shown)
    line = text_wrap.shortened(translated(words), WIDTH * ui_scale()) if said else ""
    layout.label(text=line, translate=False)  # always, so that nothing moves


def feedback_before(job: Job, number: int) -> str:
    """Return the feedback that has led to a Preview; empty if there is none, or it is unknown."""
    if not number:
        return ""
    sent = [each for each in job.requests if each.verb is PaidVerb.REVISE and each.is_answered]
    word = PurePath(job.previews[number - 1].path).stem.rpartition("-")[2]
    if len(sent) != job.revision or not word.isdigit() or not 1 < int(word) <= len(sent) + 1:
        return ""  # some were made elsewhere, or by a new attempt
    body = json.loads(sent[int(word) - 2].body or "{}")
    return str(body.get("feedback", ""))


def _draw_revise(
    layout: bpy.types.UILayout, job: Job, number: int, text: str, price: float | None
) -> None:
    """Draw the field for the feedback, and the button that sends it."""
    row = layout.split(factor=0.65, align=True)
    hint = translated(Message("What should change?"))
    row.prop(bpy.context.window_manager, "mint_feedback", text="", placeholder=hint)
    button = row.row(align=True)
    button.enabled = bool(text.strip())
    revise = button.operator(
        "mint.revise", text=translated(with_price(_REVISE, price)), translate=False
    )
    revise.job_id, revise.feedback = job.id, text
    revise.preview, revise.credits = number, price or 0.0


def _draw_approve(
    layout: bpy.types.UILayout, job: Job, number: int, text: str, price: float | None
) -> None:
    """Draw the button that approves the newest Preview, and the menu; why it is gray."""
    row = layout.row(align=True)
    row.scale_y = _APPROVE
    button = row.row(align=True)
    newest = card_state.newest(job)
    button.enabled = number == newest or not newest
    words = with_price(_WITHOUT_CHANGE if text.strip() else _APPROVE_WORD, price)
    if not button.enabled:
        words = _ONLY_NEWEST
    approve = button.operator(
        "mint.approve",
        text=translated(words),
        translate=False,
        icon_value=icon_number("CHECKMARK"),
    )
    approve.job_id, approve.preview = job.id, newest
    approve.draft, approve.credits = text, price or 0.0
    row.menu("MINT_MT_review", text="", icon="DOWNARROW_HLT")


def _left_words(service: JobService, job: Job) -> str:
    """Return how many Credits Approve leaves; empty if that is unknown.

    Where Mint has reserved its price before, the balance stays as it is.
    """
    balance, taken = account_panel.balance(), service.budget.taken_by_approval(job)
    if balance is None or taken is None:
        return ""
    left = billing_watch.left_after(balance, taken)
    if taken:
        return left_words(left)
    return Message("Already reserved. Leaves {credits:,.0f} Credits", credits=left)


def _draw_state(layout: bpy.types.UILayout, service: JobService, job: Job) -> None:
    """Draw what was decided, or what became of the job, as high as the buttons were."""
    view = job_documents.view_of(service, job)
    said = _DECIDED.get(_last_verb(job), view.state)
    layout.label(text=translated(said), translate=False, icon_value=icon_number("INFO"))
    row = layout.row(align=True)
    row.scale_y = _APPROVE
    if view.job.phase is Phase.PLACED and not view.folder:
        show = row.operator("mint.select_result", text=translated(_SHOW), translate=False)
        show.job_id = job.id
        row.menu("MINT_MT_review", text="", icon="DOWNARROW_HLT")
        return
    outlook = service.outlook(job) if service.is_active(job.id) else None
    words = translated(view.short_state) if view.short_state != said else ""
    if outlook is not None and outlook.fraction is not None:
        row.progress(text=words, translate=False, factor=outlook.fraction)
    else:
        row.label(text=words, translate=False)
    row.menu("MINT_MT_review", text="", icon="DOWNARROW_HLT")


def _last_verb(job: Job) -> str:
    """Return what was decided last, while that is being done."""
    if job.decision is not None:
        return job.decision.verb.value
    return job.requests[-1].verb.value if job.phase in BUSY and job.requests else ""
