# SPDX-License-Identifier: GPL-3.0-or-later
"""Which jobs the panel shows. There may be hundreds: they are looked through once after each change, not at each drawing."""

from __future__ import annotations

import bpy

from ..jobs.board import Board
from ..jobs.lineup import MORE, Group, Lineup, Part, line_up
from . import job_card
from .translations import translated

_known: tuple[Board, Lineup] | None = None
_more: dict[Group, int] = {}  # how many are shown in addition to the first ones


def lineup(board: Board) -> Lineup:
    """All jobs in their groups, as they were when something last changed."""
    global _known
    if _known is None or _known[0] is not board:
        _known = board, line_up(board.jobs(), board.is_active, _more)
        for group in _more.keys() - {part.group for part in _known[1].parts if part.is_unfolded}:
            del _more[group]  # few are left of it: the next hundred begin folded
    return _known[1]


def changed() -> None:
    """Something may be different: look anew before the next drawing."""
    global _known
    _known = None


def unfold(group: Group) -> None:
    """Show more of a group."""
    _more[group] = _more.get(group, 0) + MORE
    changed()


def fold(group: Group) -> None:
    """Show only the first of a group."""
    _more.pop(group, None)
    changed()


def forget() -> None:
    """As at first."""
    _more.clear()
    changed()


def draw(layout: bpy.types.UILayout, board: Board, *, width: int) -> None:
    """A card for each job that is shown, and a row for those of its group that are not."""
    for part in lineup(board).parts:
        for job in part.shown:
            job_card.draw(layout, board, job, width=width)
        if part.folded or part.is_unfolded:
            _draw_fold(layout, part)


def _draw_fold(layout: bpy.types.UILayout, part: Part) -> None:
    """How many are not shown, the way to them, and what can be done with all of such a group at once."""
    row = layout.row(align=True)
    row.label(text=translated(_words(part.group, part.folded)) if part.folded else "")
    if part.folded:
        show = row.operator("mint.show_jobs", text="Show More", icon="TRIA_DOWN")
        show.group, show.more = part.group.value, True
    if part.is_unfolded:
        show = row.operator("mint.show_jobs", text="" if part.folded else "Show Fewer", icon="TRIA_UP")
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
    }[group]
