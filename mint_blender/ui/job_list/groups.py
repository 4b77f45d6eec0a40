# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs in their groups, as the panel and the status bar show them.

There may be hundreds of jobs: they are grouped once after each change, not at each drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...jobs.job_groups import MORE, Group, Lineup, line_up
from ...jobs.service import JobService
from .. import heartbeat, session


@dataclass
class _State:
    lineup: Lineup = field(default_factory=Lineup)
    version: tuple[int, int] | None = None
    """Which version of the list of jobs is grouped here."""
    more: dict[Group, int] = field(default_factory=dict)
    """How many of a group are shown in addition to the first ones."""


def _state() -> _State:
    return session.state(_State)


def lineup() -> Lineup:
    """Return all jobs in their groups, as `prepare` left them."""
    return _state().lineup


def prepare(service: JobService) -> bool:
    """Group the jobs again if the list has changed, and return whether it has."""
    state, version = _state(), (id(service), service.version)
    if state.version == version:
        return False
    state.version = version
    state.lineup = line_up(service.jobs(), service.is_active, state.more)
    for group in state.more.keys() - {
        part.group for part in state.lineup.parts if part.is_unfolded
    }:
        del state.more[group]  # few are left of it: the next hundred begin folded
    return True


def check() -> bool:
    """Redraw what was drawn if the jobs have changed since, whoever has changed them."""
    service = session.existing_service()
    if service is not None and prepare(service):
        heartbeat.redraw()
    return False


def unfold(group: Group) -> None:
    """Show more of a group."""
    state = _state()
    state.more[group] = state.more.get(group, 0) + MORE
    state.version = None


def fold(group: Group) -> None:
    """Show only the first of a group."""
    _state().more.pop(group, None)
    _state().version = None
