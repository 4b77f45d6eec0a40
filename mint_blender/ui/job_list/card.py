# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a job in the sidebar: picture, state, and only the actions that make sense now."""

from __future__ import annotations

import time

import bpy

from ...addon_settings import may_go_online
from ...jobs import rejected_files
from ...jobs.job import Job, is_unanswered
from ...jobs.job_values import Candidate, Hold
from ...jobs.phases import Phase, Verb
from ...jobs.presentation import error_messages
from ...jobs.presentation.job_view import BUY_CREDITS, JobView, duration
from ...jobs.queries import prices_of_click
from ...jobs.service import JobService
from ...message import Message
from .. import icons, session, text_wrap
from ..account import billing_watch
from ..icons import icon_number
from ..text_wrap import wrapped
from ..translations import translated
from . import background_import, grouped_jobs, job_documents, placed_results

_MOST_LINES = 12  # of a problem with a path in it: the last ones say what to do
_RESUME = Message("Resume")
_BUY = Message("Buy Credits")
_EDIT = Message("Edit Prompt")
_RETRY = Message("Retry")
_CANCEL = Message("Cancel")
_REVIEW = Message("Review…")
_REPORT = Message("Copy Report")
_DOWNLOADING = Message("Downloading")
_PREPARING = Message("Preparing")
_HAS_RESULT = {Phase.READY, Phase.PLACED}


def draw(layout: bpy.types.UILayout, sidebar: Sidebar, job: Job) -> None:
    """Draw one card."""
    box, job, width = layout.box(), placed_results.shown(job), sidebar.width
    view, is_active = job_documents.view_of(sidebar.service, job), sidebar.service.is_active(job.id)
    _draw_head(box, sidebar, view, is_active=is_active)
    if job.hold is not None and job.phase not in _HAS_RESULT:
        return  # no calls to Mint for this job; what is on disk can still be placed
    is_decided = job.decision is not None and is_active
    if job.phase is Phase.REVIEW and job.decision is None:
        _job_button(box, job, "mint.review", _REVIEW, "HIDE_OFF")
    elif is_decided:
        return  # the head says what is being done; what was decided cannot be decided again
    elif job.phase is Phase.BILLING:
        _draw_billing(box, sidebar, job)
    elif is_unanswered(job):
        draw_unanswered(box, sidebar, view)
    elif job.phase in {Phase.PAUSED, Phase.FAILED}:
        _draw_problem(box, view, width)
    elif job.phase in {Phase.SENDING, Phase.WORKING, Phase.FETCHING} and view.problem:
        wrapped(box, view.problem, width=width, icon="TIME")
    elif job.phase is Phase.READY:
        _draw_ready(box, view, width)
    for note in view.notes:
        wrapped(box, note, width=width, icon="INFO", most=3)


def _draw_head(
    box: bpy.types.UILayout, sidebar: Sidebar, view: JobView, *, is_active: bool
) -> None:
    """Draw picture, title, state and cost; on the right the menu, and what cancels it.

    In a narrow sidebar state and cost are below the picture, since they would be cut off beside it.
    """
    row, is_narrow, job = box.row(), sidebar.is_narrow, view.job
    if view.picture and (icon := icons.of_file(view.picture)):
        picture = row.row()
        picture.alignment = "LEFT"
        picture.template_icon(icon_value=icon, scale=1.4 if is_narrow else 2.6)
    column = row.column(align=True)
    column.label(text=translated(view.title), translate=False)
    beside = box.column(align=True) if is_narrow else column
    _draw_state(beside, sidebar, view, is_active=is_active)
    if is_active and view.can_be_canceled:
        row.operator(
            "mint.cancel", text="", icon_value=icon_number("X"), emboss=False
        ).job_id = job.id
    row.operator(
        "mint.job_menu", text="", icon_value=icon_number("DOWNARROW_HLT"), emboss=False
    ).job_id = job.id
    if job.hold is Hold.FOREIGN:  # too long for the column beside the picture
        box.label(text=translated(view.state), translate=False, icon="USER")


def _draw_state(
    column: bpy.types.UILayout, sidebar: Sidebar, view: JobView, *, is_active: bool
) -> None:
    """Draw the state, or the progress, and the cost."""
    job = view.job
    if is_active:
        _draw_progress(column, sidebar, view)
    elif job.phase in _HAS_RESULT and background_import.is_preparing(job.id):
        _draw_preparing(column, job)
    elif job.hold is not Hold.FOREIGN and not view.made_for:
        icon = icon_number(_STATE_ICONS.get(job.phase, "NONE"))
        column.label(text=translated(view.short_state), translate=False, icon_value=icon)
    if view.cost:
        aside = column.row()
        aside.active = False
        aside.label(text=translated(view.cost), translate=False)


_STATE_ICONS: dict[Phase, str] = {
    Phase.REVIEW: "HIDE_OFF",
    Phase.BILLING: "PAUSE",
    Phase.READY: "IMPORT",
    Phase.PLACED: "CHECKMARK",
    Phase.PAUSED: "PAUSE",
    Phase.FAILED: "ERROR",
    Phase.CANCELED: "CANCEL",
}


def draw_row(layout: bpy.types.UILayout, job_id: str, name: str) -> None:
    """Draw the row of a job in Blender's list; `name` is shown if the job is gone."""
    job, service = grouped_jobs.without_card().get(job_id), session.existing_service()
    view = job_documents.view_of(service, job) if job and service else None
    icon = icons.of_file(view.picture) if view and view.picture else 0
    if not icon and job is not None:
        icon = icon_number(_STATE_ICONS.get(job.phase, "TIME"))
    # queued jobs all have the same state: leave it out, so that there is more room for the title
    has_state = view is not None and view.job.phase is not Phase.WAITING
    row = layout.split(factor=0.55) if has_state else layout
    title = translated(view.title) if view else name
    row.label(text=title, translate=False, icon_value=icon)
    if view is not None and has_state:
        state = row.row()
        state.active = False
        state.label(text=translated(view.short_state), translate=False)


def _draw_progress(column: bpy.types.UILayout, sidebar: Sidebar, view: JobView) -> None:
    """Draw the progress: downloaded bytes, a share of the usual time, or the time so far."""
    service, job = sidebar.service, view.job
    retry, loading = service.scheduled_retries.get(job.id), service.progress.get(job.id)
    if not sidebar.is_online:
        column.label(text="Online access is off", icon="INTERNET_OFFLINE")
    elif retry is not None:
        column.label(text="Cannot reach Mint", icon="ERROR")
        column.label(
            text=translated(Message("Retrying in {seconds:.0f} s", seconds=retry.seconds)),
            translate=False,
            icon="BLANK1",
        )
    elif loading is not None and loading.total:
        column.progress(
            text=translated(_DOWNLOADING),
            translate=False,
            factor=min(1.0, loading.done / loading.total),
        )
    elif job.phase is Phase.WORKING and job.decision is None:
        _draw_outlook(column, sidebar, view)
    else:
        state = translated(view.short_state)
        column.label(text=state, translate=False, icon_value=icon_number("TIME"))


def _draw_preparing(column: bpy.types.UILayout, job: Job) -> None:
    """Draw how far the background Blender is with a result, or that it comes next."""
    progress = background_import.progress(job.id)
    if progress is None:
        column.label(text=translated(_PREPARING), translate=False, icon_value=icon_number("TIME"))
    else:
        column.progress(text=translated(_PREPARING), translate=False, factor=progress)


def _draw_outlook(column: bpy.types.UILayout, sidebar: Sidebar, view: JobView) -> None:
    """Draw the time that is left as a bar; without an estimate, the time so far."""
    outlook = sidebar.service.outlook(view.job)
    if outlook.fraction is None:
        text = translated(with_time(view.short_state, duration(outlook.elapsed)))
        column.label(text=text, translate=False, icon_value=icon_number("TIME"))
        return
    left = time_left(outlook.remaining)
    text = translated(with_time(view.short_state, left))
    if not sidebar.fits_into_bar(text):
        text = translated(left)
    column.progress(text=text, translate=False, factor=outlook.fraction)


def with_time(state: str, time: str) -> Message:
    """Return a state with the time so far, or the time that is left."""
    return Message("{state}, {time}", state=state, time=time)


def time_left(seconds: float | None) -> Message:
    """Return the time that is left; None: it takes longer than usual."""
    if seconds is None:
        return Message("longer than usual")
    return Message("about {duration} left", duration=duration(round(seconds)))


def _draw_billing(box: bpy.types.UILayout, sidebar: Sidebar, job: Job) -> None:
    """Draw how many Credits are missing, where to buy them, and how to resume."""
    width = sidebar.width
    billing = job.operation.billing if job.operation else None
    missing = billing_watch.missing(sidebar.service, job)
    enough = missing == 0
    wrapped(
        box,
        billing_watch.ENOUGH if enough else _missing_credits(missing),
        width=width,
        icon="CHECKMARK" if enough else "NONE",
    )
    row = _button_row(box, width, _BUY, _RESUME)
    row.operator(
        "mint.open_in_mint", text=translated(_BUY), translate=False, icon_value=icon_number("URL")
    ).url = (billing.action_url if billing else None) or BUY_CREDITS
    row = row.row(align=True)
    row.active_default = enough
    _job_button(row, job, "mint.resume", _RESUME, "PLAY")


def _missing_credits(missing: float | None) -> str:
    if not missing:
        return Message("Not enough Credits.")
    return (
        Message("1 Credit short.")
        if missing == 1
        else Message("{credits:,.0f} Credits short.", credits=missing)
    )


def _draw_problem(box: bpy.types.UILayout, view: JobView, width: int) -> None:
    """Draw why the job stopped, and the most likely next step."""
    job = view.job
    if view.problem:
        wrapped(box, view.problem, width=width, most=_MOST_LINES)
    column = box.column(align=True)
    if job.phase is Phase.PAUSED:
        row = _draw_resume(column, job, width)
    elif job.problem is not None and job.problem.code in error_messages.NEEDS_ANOTHER_PROMPT:
        row = _button_row(column, width, _EDIT, _REPORT)
        _job_button(row, job, "mint.use_prompt", _EDIT, "GREASEPENCIL")
    else:
        row = _button_row(column, width, _RETRY, _REPORT)
        _job_button(row, job, "mint.retry", _RETRY, "FILE_REFRESH")
    _job_button(row, job, "mint.copy_report", _REPORT, "COPYDOWN")
    if job.phase is Phase.PAUSED and rejected_files.has_importable(job):
        _draw_import_anyway(box, job)


def _draw_resume(column: bpy.types.UILayout, job: Job, width: int) -> bpy.types.UILayout:
    """Draw how a paused job continues, and return the row with room for one more button."""
    row = _button_row(column, width, _RESUME, _REPORT)
    _job_button(row, job, "mint.resume", _RESUME, "PLAY")
    return row


def _button_row(layout: bpy.types.UILayout, width: int, *labels: Message) -> bpy.types.UILayout:
    return text_wrap.button_row(layout, labels, width=width, margins=text_wrap.BOX)


def _job_button(
    row: bpy.types.UILayout, job: Job, operator: str, label: Message, icon: str
) -> None:
    row.operator(
        operator, text=translated(label), translate=False, icon_value=icon_number(icon)
    ).job_id = job.id


def _draw_import_anyway(layout: bpy.types.UILayout, job: Job) -> None:
    """Draw the button for a file that our check refused; it asks before it imports."""
    layout = layout.row(align=True)
    layout.operator_context = "INVOKE_DEFAULT"
    anyway = layout.operator("mint.place", text="Import Anyway", icon="IMPORT")
    anyway.job_id, anyway.raw = job.id, True


def _draw_ready(box: bpy.types.UILayout, view: JobView, width: int) -> None:
    """Draw why the result is not in the scene yet, and the button that places it."""
    job = view.job
    if background_import.is_preparing(job.id):
        return  # it is placed by itself
    if view.made_for:  # too long for the column beside the picture
        wrapped(box, view.short_state, width=width, icon="FILE_BLEND")
    if view.problem:
        wrapped(box, view.problem, width=width, icon="ERROR", most=_MOST_LINES)
    if view.crash_log:
        box.operator("wm.path_open", text="Open Crash Log", icon="TEXT").filepath = view.crash_log
    box.operator(
        "mint.place",
        text=translated(placed_results.place_label(job)),
        translate=False,
        icon_value=icon_number("IMPORT"),
    ).job_id = job.id


_NARROW = 265
"""Pixels, at scale 1, of a sidebar in which a state beside a picture is cut off."""
_BESIDE_PROGRESS = 106.0
"""Pixels, at scale 1, of the picture beside a bar, and of the buttons for cancel and the menu."""


class Sidebar:
    """The sidebar during one drawing: read from Blender once, not for each card.

    `width` is in pixels.
    """

    def __init__(self, service: JobService, width: int) -> None:
        self.service = service
        self.width = width
        self.is_narrow = width < text_wrap.scaled(_NARROW)
        """Whether state and cost are below the picture, as they would be cut off beside it."""
        self.is_roomy = not text_wrap.is_narrow(width)
        """Whether there is room for words on the buttons of a line."""
        beside = 0.0 if self.is_narrow else _BESIDE_PROGRESS
        self._progress_room = width - text_wrap.scaled(text_wrap.BOX + beside)
        self._font = text_wrap.interface_font()
        self.is_online = may_go_online()
        self.kept_reviews = grouped_jobs.kept_reviews()
        """The ids of jobs whose cards stay as large as when they asked for a decision."""

    def fits_into_bar(self, text: str) -> bool:
        """Return whether the bar of a running job has room for a text."""
        return text_wrap.width_of(text, self._font) <= self._progress_room


_PICTURE = 4.0
"""Height of a picture, in buttons."""
_LOOK_AGAIN = Message("Look Again")
_ONCE_MORE = Message("Once More")


def draw_unanswered(box: bpy.types.UILayout, sidebar: Sidebar, view: JobView) -> None:
    """Draw why nobody knows what became of the job, and the buttons."""
    job = view.job
    text_wrap.wrapped(box, view.problem, width=sidebar.width)
    for candidate in job.candidates:
        _draw_candidate(box, job, candidate)
    again = _start_again(sidebar, job)
    column = box.column(align=True)
    row = _button_row(column, sidebar.width, _LOOK_AGAIN, again)
    _job_button(row, job, "mint.resume", _LOOK_AGAIN, "VIEWZOOM")
    _job_button(row, job, "mint.retry", again, "FILE_REFRESH")
    row = _button_row(column, sidebar.width, _ONCE_MORE, _CANCEL)
    if view.may_be_sent_once_more:
        _job_button(row, job, "mint.send_once_more", _ONCE_MORE, "LOOP_FORWARDS")
    _job_button(row, job, "mint.cancel", _CANCEL, "X")


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
