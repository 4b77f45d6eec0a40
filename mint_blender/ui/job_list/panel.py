# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the section *Jobs*: cards for the first of each group, and a list of the others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import bpy

from ...jobs.job import Job
from ...jobs.job_values import Hold
from ...jobs.phases import Phase
from ...jobs.presentation.job_groups import Batch, Group, JobGroup
from ...jobs.presentation.job_view import UNREADABLE, JobView, cached_by_identity
from ...jobs.service import JobService
from ...message import Message
from ...mint.schema import Kind
from .. import icons, session, text_wrap
from ..icons import icon_number
from ..review import preview_operators
from ..text_wrap import wrapped
from ..translations import spoken, translated
from ..worlds import look_inside
from . import background_import, card, grouped_jobs, job_documents, job_rows, placed_results
from .card import Sidebar

_FOLDED = {
    Group.NEEDS_USER: Message("{count:,} more need a decision"),
    Group.RUNNING: Message("{count:,} more running"),
    Group.QUEUED: Message("{count:,} more queued"),
    Group.READY_OR_FAILED: Message("{count:,} more ready or failed"),
    Group.FINISHED: Message("{count:,} more finished"),
    Group.OTHER_ACCOUNT: Message("{count:,} more of other accounts"),
}

_MANY = 2
"""Jobs that are over; a single one is dismissed with its menu."""


def draw_header(layout: bpy.types.UILayout) -> None:
    """Draw how many Previews wait for a decision, else how many jobs are in flight."""
    words = ""
    if previews := len(preview_operators.waiting()):
        words = preview_operators.count_words(previews)
    elif active := grouped_jobs.grouped().in_flight:
        words = Message("{active} active", active=active)
    if words:
        layout.label(
            text=translated(words), translate=False, icon="HIDE_OFF" if previews else "NONE"
        )


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw the jobs, most urgent first; of a long group only the first jobs."""
    service = session.existing_service()
    if service is not None:
        draw_jobs(layout, service, width=context.region.width)


def draw_jobs(layout: bpy.types.UILayout, service: JobService, *, width: int) -> None:
    """Draw a card for the first jobs of each group, and a list of all others."""
    grouped, sidebar = grouped_jobs.grouped(), Sidebar(service, width)
    _draw_queue(layout, service)
    for group in grouped.groups:
        for batch in group.batches:
            _draw_batch(layout, sidebar, batch)
        _draw_jobs(layout, sidebar, group.shown)
        if group.folded:
            _draw_folded(layout, group)
    if grouped_jobs.without_card():
        _draw_list(layout, sidebar)
    if service.cache.has_older:
        layout.operator("mint.show_older_jobs", icon="TRIA_DOWN")
    if grouped.ended >= _MANY:
        _draw_dismiss_all(layout)
    draw_unreadable(layout, service, width=width)


def _draw_jobs(layout: bpy.types.UILayout, sidebar: Sidebar, jobs: Iterable[Job]) -> None:
    """Draw a card for each job; those for which one line is enough share a box."""
    lines: bpy.types.UILayout | None = None
    for job in jobs:
        if is_enough(sidebar, job):
            lines = lines or layout.box().column(align=True)
            draw_finished(lines, sidebar, job)
        else:
            lines = None
            card.draw(layout, sidebar, job)


def _draw_dismiss_all(layout: bpy.types.UILayout) -> None:
    """Draw the button that removes what is over; it asks."""
    row = layout.row()
    row.alignment = "RIGHT"
    row.operator_context = "INVOKE_DEFAULT"
    row.operator("mint.dismiss_finished", text="Dismiss All…", icon="TRASH", emboss=False)


def _draw_batch(layout: bpy.types.UILayout, sidebar: Sidebar, batch: Batch) -> None:
    """Draw a batch, with its jobs below it if it is open."""
    box, is_open = layout.box(), grouped_jobs.is_open(batch.key)
    draw_batch(box, batch, is_open=is_open)
    if is_open:
        _draw_jobs(box, sidebar, batch.jobs[: grouped_jobs.MOST_OF_BATCH])


def _draw_list(layout: bpy.types.UILayout, sidebar: Sidebar) -> None:
    """Draw the list of jobs without a card, and the card of the one that is chosen there."""
    jobs = bpy.context.window_manager.mint_jobs
    layout.template_list("MINT_UL_jobs", "", jobs, "rows", jobs, "active", rows=4, maxrows=6)
    chosen = job_rows.chosen()
    if chosen is not None:
        _draw_jobs(layout, sidebar, [chosen])


def draw_unreadable(layout: bpy.types.UILayout, service: JobService, *, width: int) -> None:
    """Draw the jobs in the journal that cannot be read: they do not run, and nothing is lost."""
    for each in service.unreadable():
        row = layout.box().row()
        wrapped(row.column(align=True), UNREADABLE, width=width, icon="ERROR")
        row.operator("mint.dismiss", text="", icon="X", emboss=False).job_id = each.id


def _draw_queue(layout: bpy.types.UILayout, service: JobService) -> None:
    """Draw what an earlier session left in the queue: it is sent only after a click."""
    queue = service.unfinished.queue
    if not queue.count:
        return
    words = (
        Message("1 queued job")
        if queue.count == 1
        else Message("{count:,} queued jobs", count=queue.count)
    )
    expected = Message("about {credits:,.0f} Credits", credits=queue.credits)
    box = layout.box()
    box.label(
        text=", ".join(map(translated, [words, *([expected] if queue.credits else [])])),
        icon="TIME",
        translate=False,
    )
    row = box.row(align=True)
    row.operator(
        "mint.continue_queue", text=translated(Message("Continue")), translate=False, icon="PLAY"
    )
    row.operator("mint.discard_queue", text="Discard", icon="X")


@lru_cache(maxsize=16)
def _folded_words(group: Group, count: int, language: str) -> str:
    return translated(Message(_FOLDED[group].template, count=count), language)


def _draw_folded(layout: bpy.types.UILayout, group: JobGroup) -> None:
    """Draw how many more of a group are in the list, and what can be done with all of them."""
    row = layout.row(align=True)
    row.label(text=_folded_words(group.group, len(group.folded), spoken()), translate=False)
    row.operator_context = "INVOKE_DEFAULT"
    if group.group is Group.QUEUED:
        row.operator("mint.cancel_waiting", text="", icon="X")


_COUNTS = {
    Group.NEEDS_USER: Message("{count:,} need a decision"),
    Group.RUNNING: Message("{count:,} running"),
    Group.QUEUED: Message("{count:,} queued"),
}
_READY = Message("{count:,} ready")
_FAILED = Message("{count:,} failed")
_CANCELED = Message("{count:,} canceled")


def draw_batch(layout: bpy.types.UILayout, batch: Batch, *, is_open: bool) -> None:
    """Draw the batch. When all its jobs have ended, it has no bar."""
    row = layout.row()
    title = row.row()
    title.alignment = "LEFT"  # the text is centered otherwise
    icon: Any = "TRIA_DOWN" if is_open else "TRIA_RIGHT"
    title.operator(
        "mint.toggle_batch",
        text=_title(batch, spoken()),
        translate=False,
        icon=icon,
        emboss=False,
    ).batch = batch.key
    _draw_action(row, batch)
    column, share = layout.column(align=True), _ended(batch) / batch.total
    if share < 1:
        column.progress(text=_progress(batch, spoken()), translate=False, factor=share)
    if states := _states(batch, spoken()):
        aside = column.row()
        aside.active = False
        aside.label(text=states, translate=False)


def _draw_action(row: bpy.types.UILayout, batch: Batch) -> None:
    """Draw what can be done with all jobs: cancel the queued ones, or dismiss the ended ones."""
    button = row.row()
    button.alignment = "RIGHT"
    button.operator_context = "INVOKE_DEFAULT"
    if batch.counts[Group.QUEUED]:
        button.operator("mint.cancel_waiting", text="", icon="X", emboss=False).batch = batch.key
    elif not batch.counts[Group.RUNNING]:
        button.operator(
            "mint.dismiss_finished", text="", icon="TRASH", emboss=False
        ).batch = batch.key


def _ended(batch: Batch) -> int:
    return batch.finished + batch.failed + batch.canceled


@cached_by_identity
def _title(batch: Batch, language: str) -> str:
    first = min(batch.jobs, key=lambda job: (job.created_at, job.id))
    return translated(
        Message("{count:,} jobs: {title}", title=first.title, count=batch.total), language
    )


@cached_by_identity
def _progress(batch: Batch, language: str) -> str:
    return translated(
        Message("{count:,} of {total:,} finished", count=batch.finished, total=batch.total),
        language,
    )


@cached_by_identity
def _states(batch: Batch, language: str) -> str:
    counts = [(words, batch.counts[group]) for group, words in _COUNTS.items()]
    counts += [(_READY, batch.ready), (_FAILED, batch.failed), (_CANCELED, batch.canceled)]
    return ", ".join(
        translated(Message(words.template, count=count), language)
        for words, count in counts
        if count
    )


_HEIGHT = 1.4
"""Times that of a button: room for a picture in which something can be seen."""
_ENDED = {Phase.PLACED, Phase.CANCELED}
_SHOW = Message("Show")
_PLACE = Message("Place")
_REPLACE = Message("Replace")
_WAS_CANCELED = Message("Canceled")


def is_enough(sidebar: Sidebar, job: Job) -> bool:
    """Return whether one line says all about a job: it has ended, and nothing has to be decided.

    A result that is no longer in the open file can be placed again from its line.
    """
    return (
        job.phase in _ENDED
        and job.decision is None
        and job.hold is not Hold.FOREIGN
        and not sidebar.service.is_active(job.id)
        and job.id not in sidebar.kept_reviews
        and not background_import.is_preparing(job.id)
    )


def draw_finished(layout: bpy.types.UILayout, sidebar: Sidebar, job: Job) -> None:
    """Draw the line; below that of an optimized model, how many faces it has left."""
    view = job_documents.view_of(sidebar.service, job)
    row, is_roomy = layout.row(), sidebar.is_roomy
    picture = icons.of_file(view.picture) if view.picture else 0
    if picture:
        beside = row.row()
        beside.alignment = "LEFT"  # as wide as it is high, however wide the sidebar is
        beside.template_icon(icon_value=picture, scale=_HEIGHT)
        row = row.row()  # of its own, so that the picture keeps its size
    row.scale_y = _HEIGHT
    _draw_title(row, view, has_picture=bool(picture), is_roomy=is_roomy)
    buttons = row.row(align=True)
    buttons.alignment = "RIGHT"
    if job.phase is Phase.PLACED:
        _draw_button(buttons, view, is_roomy=is_roomy)
    icon = icon_number("INFO" if view.notes else "DOWNARROW_HLT")
    buttons.operator("mint.job_menu", text="", icon_value=icon, emboss=False).job_id = job.id
    if view.version:
        draw_version(layout, view, width=sidebar.width)


def draw_version(layout: bpy.types.UILayout, view: JobView, *, width: int) -> None:
    """Draw how an optimized model differs from the original one; `width` is the sidebar's."""
    column = layout.column()
    column.active = False
    text_wrap.wrapped(column, view.version, width=width, icon="MOD_DECIM")


def _draw_title(
    row: bpy.types.UILayout, view: JobView, *, has_picture: bool, is_roomy: bool
) -> None:
    """Draw the title; that a job was canceled is a word, or an icon where there is no room."""
    title = translated(view.title)
    if view.job.phase is Phase.PLACED:
        row.label(text=title, translate=False, icon="NONE" if has_picture else "CHECKMARK")
        return
    row = row.row()
    row.active = False
    has_icon = not (has_picture and is_roomy)
    row.label(text=title, translate=False, icon="CANCEL" if has_icon else "NONE")
    if is_roomy:
        word = row.row()
        word.alignment = "RIGHT"
        word.label(text=translated(_WAS_CANCELED), translate=False)


def _draw_button(row: bpy.types.UILayout, view: JobView, *, is_roomy: bool) -> None:
    """Draw what a user does most with this result: see it, place it again, or open its folder."""
    job = view.job
    if view.folder:
        row.operator(
            "wm.path_open", text="", icon_value=icon_number("FILE_FOLDER")
        ).filepath = view.folder
    elif placed_results.shown(job).phase is Phase.READY:
        word = _REPLACE if placed_results.will_replace(job) else _PLACE
        text = translated(word) if is_roomy else ""
        row.operator(
            "mint.place", text=text, translate=False, icon_value=icon_number("IMPORT")
        ).job_id = job.id
    else:
        is_gray = job.kind is Kind.WORLD and _draw_look(row, job)
        if is_gray and not is_roomy:
            return  # the menu has it, too
        text = translated(_SHOW) if is_roomy else ""
        row.operator(
            "mint.select_result",
            text=text,
            translate=False,
            icon_value=icon_number("ZOOM_SELECTED"),
        ).job_id = job.id


def _draw_look(row: bpy.types.UILayout, job: Job) -> bool:
    """Draw the button that looks into a World, and the way back; or to colors, if it is gray.

    Return whether it is gray in this 3D View.
    """
    space = bpy.context.space_data
    is_gray = not look_inside.shows_color(space)
    if is_gray:
        row.operator("mint.show_colors", text="", icon_value=icon_number("COLOR"))
    row.operator("mint.look_inside", text="", icon="HIDE_OFF").job_id = job.id
    if look_inside.is_inside(space):
        row.operator("mint.look_outside", text="", icon="LOOP_BACK")
    return is_gray
