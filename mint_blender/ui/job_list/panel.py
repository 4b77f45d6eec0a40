# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs as the panel draws them: a card for each, and of a long group a row instead of the rest."""  # noqa: E501

from __future__ import annotations

import bpy

from ...jobs import presenter
from ...jobs.job_groups import Group, Part
from ...jobs.service import JobService
from ..text_wrap import wrapped
from ..translations import translated
from . import card as job_list_card
from . import groups


def draw(layout: bpy.types.UILayout, board: JobService, *, width: int) -> None:
    """A card for each job that is shown, and a row for those of its group that are not."""
    _draw_queue(layout, board)
    for part in groups.lineup().parts:
        for job in part.shown:
            job_list_card.draw(layout, board, job, width=width)
        if part.folded or part.is_unfolded:
            _draw_fold(layout, part)
    draw_unreadable(layout, board, width=width)


def draw_unreadable(layout: bpy.types.UILayout, board: JobService, *, width: int) -> None:
    """What is in the journal and cannot be read: nobody drives it, and nothing of it is lost."""
    for each in board.unreadable():
        row = layout.box().row()
        wrapped(row.column(align=True), presenter.UNREADABLE, width=width, icon="ERROR")
        row.operator("mint.dismiss", text="", icon="X", emboss=False).job_id = each.id


def _draw_queue(layout: bpy.types.UILayout, board: JobService) -> None:
    """What an earlier session has left in line: it is not sent until somebody says so."""
    queue = board.unfinished.queue
    if not queue.count:
        return
    words = "1 queued job" if queue.count == 1 else f"{queue.count:,} queued jobs"
    expected = f"about {queue.credits:,.0f} Credits"
    box = layout.box()
    box.label(
        text=", ".join(map(translated, [words, *([expected] if queue.credits else [])])),
        icon="TIME",
        translate=False,
    )
    row = box.row(align=True)
    row.operator("mint.continue_queue", text=translated("Continue"), translate=False, icon="PLAY")
    row.operator("mint.discard_queue", text="Discard", icon="X")


def _draw_fold(layout: bpy.types.UILayout, part: Part) -> None:
    """How many are not shown, the way to them, and what can be done with all of such a group at
    once.
    """
    row = layout.row(align=True)
    row.label(
        text=translated(_words(part.group, part.folded)) if part.folded else "", translate=False
    )
    if part.folded:
        show = row.operator("mint.show_jobs", text="Show More", icon="TRIA_DOWN")
        show.group, show.more = part.group.value, True
    if part.is_unfolded:
        show = row.operator(
            "mint.show_jobs", text="" if part.folded else "Show Fewer", icon="TRIA_UP"
        )
        show.group, show.more = part.group.value, False
    row.operator_context = "INVOKE_DEFAULT"
    if part.group is Group.IN_LINE:
        row.operator("mint.cancel_waiting", text="", icon="X")
    elif part.group is Group.OVER:
        row.operator("mint.dismiss_finished", text="", icon="TRASH")


def _words(group: Group, count: int) -> str:
    return {
        Group.ASKING: f"Waiting for you: {count:,} more",
        Group.RUNNING: f"In flight: {count:,} more",
        Group.IN_LINE: f"In line: {count:,} more",
        Group.OPEN: f"Ready or failed: {count:,} more",
        Group.OVER: f"Finished: {count:,} more",
        Group.FOREIGN: f"Other accounts: {count:,} more",
    }[group]
