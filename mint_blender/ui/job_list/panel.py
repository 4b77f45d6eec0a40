# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the list of jobs: rows of equal height, in the order of their start.

As many rows are drawn as there are jobs, and as the sidebar has room for. What a row has is always
in the same place, and nothing is below the list. So nothing moves when a job starts, goes on or
ends. What a row has no room for is in the job's menu.
"""

from __future__ import annotations

import math
import time
from pathlib import PurePath
from typing import Any

import bpy

from ...addon_settings import may_go_online
from ...jobs import rejected_files
from ...jobs.job import Job, is_unanswered
from ...jobs.job_values import Candidate
from ...jobs.phases import HAS_RESULT, Phase, Verb
from ...jobs.presentation.job_groups import Group, Row, group_of
from ...jobs.presentation.job_view import (
    BUY_CREDITS,
    UNREADABLE,
    JobView,
    duration,
)
from ...jobs.queries import prices_of_click
from ...jobs.service import JobService
from ...message import Message
from ...mint.schema import Kind
from .. import icons, session, text_wrap
from ..account import billing_watch
from ..icons import icon_number
from ..text_wrap import wrapped
from ..translations import translated
from ..typed_context import ui_scale
from . import auto_import, grouped_jobs, placed_results

FEWEST, MOST = 3, 8
"""How many rows a sidebar has, however low or high it is."""
_ROW = 46.0  # height of a row in pixels, at scale 1
_OTHERS = 440.0  # height of what else is in the sidebar, at first
_LINES = 2.0  # height of a row, in buttons
_REVIEW_ALL = 4.6  # width of the button in the title, in heights of a button
_BUTTON = 20.0  # height of a button in pixels, at scale 1
_INDENT = 0.3  # of a row below another one, in heights of a button
_WIDE, _SMALL = 4.0, 1.0  # width of a button with words and with an icon, in heights
_LEAST_TEXT = 4.0  # least width of a text that has a picture beside it, in heights

_BESIDE_TITLE = 0.6  # what Blender leaves free beside it, in heights of a button

_REVIEW = Message("Review…")
_PLACE = Message("Place")
_REPLACE = Message("Replace")
_SHOW = Message("Show")
_DETAILS = Message("Details…")
_FOLDER = Message("Folder")
_CANCEL = Message("Cancel")
_CANCEL_QUEUED = Message("Cancel…")
_DISMISS = Message("Dismiss…")
_DOWNLOADING = Message("Downloading")
_LONG = Message("taking longer")
_OFFLINE = Message("Online access is off")
_AWAY = Message("Cannot reach Mint")
_TRY = Message("Try:")
_STOPPED = {Phase.BILLING, Phase.PAUSED, Phase.FAILED}
_STATE_ICONS: dict[Phase, str] = {
    Phase.REVIEW: "NONE",
    Phase.BILLING: "PAUSE",
    Phase.PAUSED: "PAUSE",
    Phase.FAILED: "ERROR",
}
_NEEDED = Message("{count:,} need a decision")
_READY = Message("{count:,} ready")
_FAILED = Message("{count:,} failed")
_CANCELED = Message("{count:,} canceled")


class Sidebar:
    """The sidebar during one drawing: read from Blender once, not for each row."""

    def __init__(self, service: JobService, width: int) -> None:
        self.service = service
        self.is_roomy = not text_wrap.is_narrow(width)
        """Whether there is room for words on the buttons of a row."""
        buttons = (_WIDE if self.is_roomy else _SMALL) + 1.0
        room = (width - text_wrap.scaled(text_wrap.BOX)) / (_BUTTON * (ui_scale() or 1.0)) - buttons
        self.has_pictures = room - _LINES >= _LEAST_TEXT
        """Whether there is room for a picture beside the text of a row."""
        self.text_width = max(1.0, room - (_LINES if self.has_pictures else 0.0))
        """What the text of a row has, in heights of a button: a bar or a long title asks for more,
        and the button would get less."""

    def draw_title(self, column: bpy.types.UILayout, title: str) -> None:
        """Draw a title, shortened at its end as everywhere; Blender would leave out its middle."""
        room = (self.text_width - _BESIDE_TITLE) * _BUTTON * (ui_scale() or 1.0)
        column.label(text=text_wrap.shortened(title, room), translate=False)

    def button(self, word: Message, icon: str) -> dict[str, Any]:
        """Return how a button is drawn: with a word, or with an icon where there is no room."""
        text = translated(word) if self.is_roomy else ""
        value = icon_number("NONE" if text else icon)
        return {"text": text, "translate": False, "icon_value": value}


def count_in_sight(height: int) -> int:
    """Return how many rows a sidebar of `height` pixels has."""
    return min(MOST, max(FEWEST, int((height / (ui_scale() or 1.0) - _OTHERS) / _ROW)))


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the title, the rows in sight, and a line with what concerns all of them."""
    service = session.existing_service()
    region = context.region
    rows = grouped_jobs.rows() if service is not None else ()
    count = count_in_sight(region.height)
    first = grouped_jobs.first(count)
    _draw_title(layout, has_rows=bool(rows), is_narrow=text_wrap.is_narrow(region.width))
    if service is not None and rows:
        column = layout.box().column()
        sidebar = Sidebar(service, region.width)
        for row in rows[first : first + count]:
            draw_row(column, sidebar, row)
    else:
        _draw_examples(layout, context)
    _draw_footer(layout, service, len(rows), first, count)
    if service is not None:
        _draw_unreadable(layout, service, width=region.width)


def _draw_title(layout: bpy.types.UILayout, *, has_rows: bool, is_narrow: bool) -> None:
    """Draw what waits for a decision, else how many jobs are in flight; and the menu for all."""
    row = layout.row()
    previews = len(grouped_jobs.grouped().previews)
    if not (previews and is_narrow):
        row.label(text="Jobs")
    slot = row.row()
    slot.ui_units_x = _REVIEW_ALL
    if previews:
        words = translated(Message("Review {count:,}", count=previews))
        slot.operator("mint.review", text=words, translate=False)
    elif active := grouped_jobs.grouped().in_flight:
        slot.alignment = "RIGHT"
        words = translated(Message("{active} active", active=active))
        slot.label(text=words, translate=False)
    if has_rows:
        row.menu("MINT_MT_jobs", text="", icon="DOWNARROW_HLT")


def _draw_examples(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw prompts to begin with, in place of the first row."""
    from ..create import prompt_operators
    from ..create import properties as create_properties

    examples = prompt_operators.EXAMPLES[create_properties.of(context).kind]
    width = context.region.width
    row = text_wrap.button_row(layout, (_TRY, *examples), width=width, has_icons=False)
    row.label(text=translated(_TRY), translate=False)
    for word, prompt in examples.items():
        row.operator(
            "mint.choose_prompt", text=translated(word), translate=False
        ).prompt = translated(prompt)


def _draw_footer(
    layout: bpy.types.UILayout, service: JobService | None, total: int, first: int, count: int
) -> None:
    """Draw what an earlier session left in the queue, else which rows are in sight."""
    line = layout.row(align=True)
    unfinished = service.unfinished if service is not None else None
    if unfinished is not None and unfinished.queue:
        words = Message(
            "Continue {count:,} Queued Jobs · {credits:,.0f} Credits",
            count=len(unfinished.queue),
            credits=unfinished.queue_credits,
        )
        line.operator("mint.continue_queue", text=translated(words), translate=False)
        line.operator("mint.discard_queue", text="", icon="X")
    if total > count:
        last = min(first + count, total)
        words = Message("{first:,}–{last:,} of {total:,}", first=first + 1, last=last, total=total)
        line.label(text=translated(words), translate=False)
        for by, icon, is_possible in (
            (-count, "TRIA_UP", first > 0),
            (count, "TRIA_DOWN", first + count < total),
        ):
            part = line.row(align=True)
            part.enabled = is_possible
            scroll = part.operator("mint.scroll_jobs", text="", icon_value=icon_number(icon))
            scroll.by = by
            scroll.count = count


def _draw_unreadable(layout: bpy.types.UILayout, service: JobService, *, width: int) -> None:
    """Draw the jobs in the journal that cannot be read: they do not run, and nothing is lost."""
    for job in service.cache.unreadable:
        row = layout.box().row()
        wrapped(row.column(align=True), UNREADABLE, width=width, icon="ERROR")
        row.operator("mint.dismiss", text="", icon="X", emboss=False).job_id = job.id


# -- a row


def draw_row(layout: bpy.types.UILayout, sidebar: Sidebar, row: Row) -> None:
    """Draw a row: a picture, a title, the state, a button, and the menu."""
    line = layout.row()
    if row.is_batch:
        _draw_batch(line, sidebar, row)
        return
    job = placed_results.shown(row.jobs[0])
    view = placed_results.view_of(sidebar.service, job)
    if row.is_member:
        line.separator(factor=1.0)  # _INDENT wide
    if sidebar.has_pictures:
        picture = icons.of_file(view.picture) if view.picture else 0
        kind = icon_number("WORLD" if job.kind is Kind.WORLD else "MESH_MONKEY")
        _slot(line, _LINES).template_icon(icon_value=picture or kind, scale=_LINES)
    column = line.column(align=True)
    column.ui_units_x = sidebar.text_width - (_INDENT if row.is_member else 0.0)
    motion = job.motion.words if job.motion and row.is_member else ""
    sidebar.draw_title(column, motion or translated(view.title))
    _draw_state(column, sidebar, view)
    buttons = line.row(align=True)  # the text gets the space between them
    button = _slot(buttons, _WIDE if sidebar.is_roomy else _SMALL)
    _draw_button(button, sidebar, view)
    menu = _slot(buttons, 1.0)
    icon = icon_number("INFO" if view.notes else "DOWNARROW_HLT")
    menu.operator("mint.job_menu", text="", icon_value=icon, emboss=False).job_id = job.id


def _slot(line: bpy.types.UILayout, width: float) -> bpy.types.UILayout:
    """Return a place of this width, in heights of a button, as high as the row."""
    slot = line.row(align=True)
    slot.ui_units_x = width
    slot.scale_y = 1.0 if width == _LINES else _LINES
    return slot


def _draw_state(column: bpy.types.UILayout, sidebar: Sidebar, view: JobView) -> None:
    """Draw one line: the state, or how far the job is."""
    job = view.job
    words, share = state_of(sidebar.service, view)
    if share is not None:
        column.progress(text=translated(words), translate=False, factor=share)
        return
    has_icon = sidebar.is_roomy and not sidebar.service.is_active(job.id)
    icon = icon_number(_STATE_ICONS.get(job.phase, "NONE") if has_icon else "NONE")
    column.label(text=translated(words), translate=False, icon_value=icon)


def state_of(service: JobService, view: JobView) -> tuple[str, float | None]:
    """Return the words for the state of a job, wherever it is shown, and how much of it is done.

    That is a share of the bytes or of the usual time, from 0 to 1; None: unknown.
    """
    job = view.job
    words = view.short_state
    if not service.is_active(job.id):
        if job.phase in HAS_RESULT and auto_import.is_preparing(job.id):
            return auto_import.PREPARING, auto_import.progress(job.id)
        return words, None
    loading = service.progress.get(job.id)
    if not may_go_online():
        return _OFFLINE, None
    if job.id in service.scheduled_retries:
        return _AWAY, None
    if loading is not None and loading.total:
        return _DOWNLOADING, min(1.0, loading.done / loading.total)
    if job.phase is not Phase.WORKING or job.decision is not None:
        return words, None
    outlook = service.outlook(job)
    if outlook.fraction is None:
        return with_time(words, duration(outlook.elapsed)), None
    if outlook.remaining is None:
        return with_time(words, _LONG), outlook.fraction
    return time_left(outlook.remaining), outlook.fraction


def with_time(state: str, time: str) -> Message:
    """Return a state with the time so far, or the time that is left."""
    return Message("{state}, {time}", state=state, time=time)


def time_left(seconds: float) -> Message:
    """Return the time that is left, in full minutes."""
    return Message("{minutes} min left", minutes=max(1, math.ceil(seconds / 60)))


def _draw_button(slot: bpy.types.UILayout, sidebar: Sidebar, view: JobView) -> None:
    """Draw what a user does most with this job now; or nothing, in the same place."""
    job = view.job
    is_active = sidebar.service.is_active(view.job.id)
    is_stopped = not is_active and job.decision is None and job.hold is None
    if is_active and view.can_be_canceled:
        slot.operator("mint.cancel", **sidebar.button(_CANCEL, "X")).job_id = job.id
    elif job.phase is Phase.READY and not is_active and not auto_import.is_preparing(job.id):
        word = _REPLACE if placed_results.will_replace(job) else _PLACE
        slot.operator("mint.place", **sidebar.button(word, "IMPORT")).job_id = job.id
    elif is_stopped and job.phase is Phase.REVIEW:
        slot.operator("mint.review", **sidebar.button(_REVIEW, "HIDE_OFF")).job_id = job.id
    elif is_stopped and job.phase in _STOPPED:
        slot.operator("mint.job_menu", **sidebar.button(_DETAILS, "QUESTION")).job_id = job.id
    elif is_stopped and job.phase is Phase.PLACED and view.folder:
        slot.operator(
            "wm.path_open", **sidebar.button(_FOLDER, "FILE_FOLDER")
        ).filepath = view.folder
    elif is_stopped and job.phase is Phase.PLACED:
        slot.operator(
            "mint.select_result", **sidebar.button(_SHOW, "ZOOM_SELECTED")
        ).job_id = job.id
    else:
        slot.label(text="")


# -- a batch


def _draw_batch(line: bpy.types.UILayout, sidebar: Sidebar, batch: Row) -> None:
    """Draw how far the jobs are that were started together; a click shows a row for each."""
    triangle = _LINES if sidebar.has_pictures else _SMALL
    side = _slot(line, triangle)
    side.scale_y = _LINES
    is_open = grouped_jobs.is_open(batch.key)
    side.operator(
        "mint.toggle_batch",
        text="",
        icon_value=icon_number("TRIA_DOWN" if is_open else "TRIA_RIGHT"),
        emboss=False,
    ).batch = batch.key
    column = line.column(align=True)
    column.ui_units_x = sidebar.text_width - (0.0 if sidebar.has_pictures else triangle)
    sidebar.draw_title(column, _title(batch))
    share = batch.ended / len(batch.jobs)
    if share < 1:
        column.progress(text=_progress(batch), translate=False, factor=share)
    else:
        column.label(text=_outcome(batch), translate=False)
    buttons = line.row(align=True)
    button = _slot(buttons, _WIDE if sidebar.is_roomy else _SMALL)
    button.operator_context = "INVOKE_DEFAULT"
    previews = grouped_jobs.grouped().previews
    waiting = next((job for job in batch.jobs if job in previews), None)
    first = batch.jobs[0]
    if waiting is not None:
        button.operator("mint.review", **sidebar.button(_REVIEW, "HIDE_OFF")).job_id = waiting.id
    elif batch.counts[Group.QUEUED]:
        cancel = button.operator("mint.cancel_all", **sidebar.button(_CANCEL_QUEUED, "X"))
        cancel.queued = True
        cancel.batch = batch.key
    elif batch.ended == len(batch.jobs) and _is_character(batch) and first.phase in HAS_RESULT:
        _draw_character(button, sidebar, batch)
    elif batch.ended == len(batch.jobs):
        button.operator(
            "mint.dismiss_finished", **sidebar.button(_DISMISS, "TRASH")
        ).batch = batch.key
    else:
        button.label(text="")
    _slot(buttons, 1.0).label(text="")


def _draw_character(slot: bpy.types.UILayout, sidebar: Sidebar, batch: Row) -> None:
    """Draw the button of a character: Show, or in another file Place, with its motions."""
    job = placed_results.shown(batch.jobs[0])
    if job.phase is Phase.PLACED:
        show = slot.operator("mint.select_result", **sidebar.button(_SHOW, "ZOOM_SELECTED"))
        show.job_id = job.id
    elif auto_import.is_preparing(job.id):
        slot.label(text="")
    else:
        place = slot.operator("mint.place", **sidebar.button(_PLACE, "IMPORT"))
        place.job_id = job.id
        place.batch = batch.key


def _is_character(batch: Row) -> bool:
    """Return whether these are a model and motions of it."""
    return any(job.motion for job in batch.jobs)


def _title(batch: Row) -> str:
    """Return what was started together; a character and its motions have one name."""
    if _is_character(batch):
        return translated(batch.jobs[0].title)
    words = Message("{count:,} jobs: {title}", title=batch.jobs[0].title, count=len(batch.jobs))
    return translated(words)


def _progress(batch: Row) -> str:
    """Return how many jobs need the user, or what one waits for; else how many results are here."""
    if (count := batch.counts[Group.NEEDS_USER]) == 1:
        waiting = next(job for job in batch.jobs if group_of(job) is Group.NEEDS_USER)
        return translated(JobView(waiting).short_state)
    if count:
        return translated(Message(_NEEDED.template, count=count))
    words = Message("{count:,} of {total:,} finished", count=batch.finished, total=len(batch.jobs))
    return translated(words)


def _outcome(batch: Row) -> str:
    """Return what has become of jobs that have all ended."""
    phases = {_READY: Phase.READY, _FAILED: Phase.FAILED, _CANCELED: Phase.CANCELED}
    counts = {words: batch.phases[phase] for words, phase in phases.items()}
    parts = [Message(words.template, count=count) for words, count in counts.items() if count]
    return ", ".join(translated(part) for part in parts) or _progress(batch)


_MOST_LINES = 12  # of a problem with a path in it: the last ones say what to do

# -- what a row has no room for, on top of its menu

_BUY = Message("Buy Credits")
_WIDTH = 420
"""Pixels, at scale 1, of the lines of a note."""


def draw_details(layout: bpy.types.UILayout, view: JobView) -> None:
    """Draw what a row has no room for: state and cost, files, notes, and what has to be decided."""
    job = view.job
    service = session.existing_service()
    width = int(_WIDTH * ui_scale())
    layout.label(text=_headline(service, view), translate=False)
    for path in view.saved:
        layout.label(text=PurePath(path).name, translate=False, icon="FILE")
    if view.version:
        wrapped(layout, view.version, width=width, icon="MOD_DECIM")
    for note in view.notes:
        wrapped(layout, note, width=width, icon="INFO", max_lines=6)
    if view.problem and job.decision is None:
        wrapped(layout, view.problem, width=width, icon="ERROR", max_lines=_MOST_LINES)
    if view.crash_log:
        layout.operator(
            "wm.path_open", text="Open Crash Log", icon="TEXT"
        ).filepath = view.crash_log
    if service is not None and job.hold is None and job.decision is None:
        if job.phase is Phase.BILLING:
            _draw_billing(layout, service, job)
        elif is_unanswered(job) or job.candidates:
            _draw_unanswered(layout, service, view)
        elif job.phase is Phase.PAUSED and rejected_files.has_importable(job):
            anyway = layout.operator("mint.place", text="Import Anyway", icon="IMPORT")
            anyway.job_id = job.id
            anyway.raw = True
    layout.separator()


def _headline(service: JobService | None, view: JobView) -> str:
    """Return the state, in the words of the row, and the cost."""
    is_ours = view.job.hold is None
    state = state_of(service, view)[0] if service is not None and is_ours else view.state
    return "  ·  ".join(translated(text) for text in (state, view.cost) if text)


def _draw_billing(layout: bpy.types.UILayout, service: JobService, job: Job) -> None:
    """Draw how many Credits are missing, and where to buy them."""
    billing = job.operation.billing if job.operation else None
    missing = billing_watch.missing(service, job)
    words = billing_watch.ENOUGH if missing == 0 else _missing_credits(missing)
    icon = icon_number("CHECKMARK" if missing == 0 else "ERROR")
    layout.label(text=translated(words), translate=False, icon_value=icon)
    if missing == 0:
        return  # the menu goes on with Resume
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
    if Verb.RETRY in view.verbs:
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
    use.job_id = job.id
    use.asset_id = candidate.id


def _start_again(service: JobService, job: Job) -> Message:
    queries = prices_of_click(job, Verb.RETRY)
    price = service.budget.total(queries) or job.estimate
    if not price:
        return Message("Start Again")
    return Message("Start Again · {credits:,.0f} Credits", credits=price)
