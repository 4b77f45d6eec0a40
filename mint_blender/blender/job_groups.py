# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs in their groups as the panel shows them: looked through once after each change, not at each drawing. There may be hundreds."""

from __future__ import annotations

from ..jobs.board import Board
from ..jobs.lineup import MORE, Group, Lineup, line_up

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
