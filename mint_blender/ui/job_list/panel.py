# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw the section *Jobs*: cards for the first of each group, and a list of the others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import bpy

from ...jobs.job import Job
from ...jobs.presentation import presenter
from ...jobs.presentation.job_groups import Batch, Group, JobGroup
from ...jobs.service import JobService
from ...message import Message
from .. import session
from ..review import review_notice
from ..text_wrap import wrapped
from ..translations import spoken, translated
from . import card, grouped_jobs, job_rows
from .cards import batch_card, finished_line
from .cards.sidebar import Sidebar

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
    if previews := len(review_notice.waiting()):
        words = review_notice.count_words(previews)
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
        if finished_line.is_enough(sidebar, job):
            lines = lines or layout.box().column(align=True)
            finished_line.draw(lines, sidebar, job)
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
    batch_card.draw(box, batch, is_open=is_open)
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
        wrapped(row.column(align=True), presenter.UNREADABLE, width=width, icon="ERROR")
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
