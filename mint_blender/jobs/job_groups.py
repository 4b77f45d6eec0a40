# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs as a person looks at them: in groups, the most urgent first, and of each group only as
many as one can look through. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .job import Hold, Job, Phase


class Group(StrEnum):
    """What a job means to a person now, in the order of urgency."""

    ASKING = "asking"  # it goes on when a person decides, pays or says so
    RUNNING = "running"
    IN_LINE = "in_line"  # nothing of it was sent yet
    OPEN = "open"  # it has ended, but a person may still do something about it
    OVER = "over"
    FOREIGN = "foreign"  # it belongs to another account


PAGE: Mapping[Group, int] = {
    Group.ASKING: 10,
    Group.RUNNING: 20,
    Group.IN_LINE: 3,
    Group.OPEN: 10,
    Group.OVER: 10,
    Group.FOREIGN: 3,
}
"""How many of each are shown at first.

All that Mint works on at once fits: ten models and ten worlds.
"""

_GROUPS = {
    Phase.REVIEW: Group.ASKING,
    Phase.BILLING: Group.ASKING,
    Phase.PAUSED: Group.ASKING,
    Phase.WAITING: Group.IN_LINE,
    Phase.READY: Group.OPEN,
    Phase.FAILED: Group.OPEN,
    Phase.PLACED: Group.OVER,
    Phase.CANCELED: Group.OVER,
}


@dataclass(frozen=True)
class Part:
    """The jobs of a group: those that have a card, and those that only a list has room for."""

    group: Group
    shown: tuple[Job, ...]
    folded: tuple[Job, ...] = ()


@dataclass(frozen=True)
class Lineup:
    """All groups in which there is something; how many jobs go on, and how many of these are not
    only in line.
    """

    parts: tuple[Part, ...] = ()
    active: int = 0
    in_flight: int = 0


def group_of(job: Job) -> Group:
    """Which group a job belongs to. What was decided about is under way, wherever it waits."""
    if job.hold is Hold.FOREIGN:
        return Group.FOREIGN
    return Group.RUNNING if job.decision is not None else _GROUPS.get(job.phase, Group.RUNNING)


def line_up(jobs: Iterable[Job], is_active: Callable[[str], bool]) -> Lineup:
    """Group the jobs, which are given newest first.

    In the queue the order is reversed: the next job to be sent comes first.
    """
    found: dict[Group, list[Job]] = {group: [] for group in Group}
    active: list[Group] = []
    for job in jobs:
        found[group_of(job)].append(job)
        active += [group_of(job)] if is_active(job.id) else []
    found[Group.IN_LINE].sort(key=lambda job: (job.created_at, job.id))
    parts = (
        Part(group, tuple(members[: PAGE[group]]), tuple(members[PAGE[group] :]))
        for group, members in found.items()
        if members
    )
    return Lineup(tuple(parts), len(active), len(active) - active.count(Group.IN_LINE))
