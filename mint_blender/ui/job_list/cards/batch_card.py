# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw jobs that were started together as one: title, one bar, and how many are in which state."""

from __future__ import annotations

from typing import Any

import bpy

from ....jobs.presentation.job_groups import Batch, Group
from ....jobs.presentation.presenter import cached_by_identity
from ....message import Message
from ...translations import spoken, translated

_COUNTS = {
    Group.NEEDS_USER: Message("{count:,} need a decision"),
    Group.RUNNING: Message("{count:,} running"),
    Group.QUEUED: Message("{count:,} queued"),
}
_READY = Message("{count:,} ready")
_FAILED = Message("{count:,} failed")
_CANCELED = Message("{count:,} canceled")


def draw(layout: bpy.types.UILayout, batch: Batch, *, is_open: bool) -> None:
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
