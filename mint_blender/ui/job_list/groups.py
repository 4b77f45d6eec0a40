# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs in their groups as the panel shows them: looked through once after each change, not at
each drawing. There may be hundreds.
"""

from __future__ import annotations

from ...jobs.job_groups import MORE, Group, Lineup, line_up
from ...jobs.service import JobService

_known: tuple[JobService, int, Lineup] | None = None  # which version of the board it is
_more: dict[Group, int] = {}  # how many are shown in addition to the first ones


def lineup(board: JobService) -> Lineup:
    """All jobs in their groups."""
    global _known
    if _known is None or _known[0] is not board or _known[1] != board.version:
        _known = board, board.version, line_up(board.jobs(), board.is_active, _more)
        for group in _more.keys() - {part.group for part in _known[2].parts if part.is_unfolded}:
            del _more[group]  # few are left of it: the next hundred begin folded
    return _known[2]


def unfold(group: Group) -> None:
    """Show more of a group."""
    _more[group] = _more.get(group, 0) + MORE
    _look_anew()


def fold(group: Group) -> None:
    """Show only the first of a group."""
    _more.pop(group, None)
    _look_anew()


def forget() -> None:
    """As at first."""
    _more.clear()
    _look_anew()


def _look_anew() -> None:
    global _known
    _known = None
