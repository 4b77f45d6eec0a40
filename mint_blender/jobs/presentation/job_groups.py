# SPDX-License-Identifier: GPL-3.0-or-later
"""Group jobs by what they need from the user, the most urgent first. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..job import Job
from ..job_values import Hold
from ..phases import Phase


class Group(StrEnum):
    """What a job needs from the user now, in the order of urgency."""

    NEEDS_USER = "needs_user"  # continues when the user decides, pays or resumes it
    RUNNING = "running"
    QUEUED = "queued"  # nothing was sent yet
    READY_OR_FAILED = "ready_or_failed"  # has ended, but the user may still act on it
    FINISHED = "finished"
    OTHER_ACCOUNT = "other_account"


CARDS: Mapping[Group, int] = {
    Group.NEEDS_USER: 10,
    Group.RUNNING: 20,
    Group.QUEUED: 3,
    Group.READY_OR_FAILED: 10,
    Group.FINISHED: 8,
    Group.OTHER_ACCOUNT: 3,
}
"""How many jobs of each group have a card.

There is room for everything that Mint runs at once: ten models and ten Worlds. A finished job is
only one line.
"""

_GROUPS = {
    Phase.REVIEW: Group.NEEDS_USER,
    Phase.BILLING: Group.NEEDS_USER,
    Phase.PAUSED: Group.NEEDS_USER,
    Phase.WAITING: Group.QUEUED,
    Phase.READY: Group.READY_OR_FAILED,
    Phase.FAILED: Group.READY_OR_FAILED,
    Phase.PLACED: Group.FINISHED,
    Phase.CANCELED: Group.FINISHED,
}


@dataclass(frozen=True)
class JobGroup:
    """The jobs of a group: those that have a card, and those that are only listed."""

    group: Group
    shown: tuple[Job, ...]
    folded: tuple[Job, ...] = ()


@dataclass(frozen=True)
class JobGroups:
    """All groups that are not empty, and how many jobs are active, with and without the queue."""

    groups: tuple[JobGroup, ...] = ()
    active: int = 0
    in_flight: int = 0
    unsent_credits: float = 0.0
    """What the jobs that are not sent yet will cost: Mint's balance does not know of them."""


def group_of(job: Job) -> Group:
    """Return the group of a job. With an unanswered decision it counts as running."""
    if job.hold is Hold.FOREIGN:
        return Group.OTHER_ACCOUNT
    return Group.RUNNING if job.decision is not None else _GROUPS.get(job.phase, Group.RUNNING)


def group_jobs(jobs: Iterable[Job], is_active: Callable[[str], bool]) -> JobGroups:
    """Group the jobs, which are given newest first.

    In the queue the order is reversed: the next job to be sent comes first.
    """
    found: dict[Group, list[Job]] = {group: [] for group in Group}
    active: list[Group] = []
    for job in jobs:
        found[group_of(job)].append(job)
        active += [group_of(job)] if is_active(job.id) else []
    found[Group.QUEUED].sort(key=lambda job: (job.created_at, job.id))
    groups = (
        JobGroup(group, tuple(members[: CARDS[group]]), tuple(members[CARDS[group] :]))
        for group, members in found.items()
        if members
    )
    unsent = sum(map(_unsent_credits, [*found[Group.RUNNING], *found[Group.QUEUED]]))
    in_flight = len(active) - active.count(Group.QUEUED)
    return JobGroups(tuple(groups), len(active), in_flight, unsent)


def _unsent_credits(job: Job) -> float:
    is_unsent = (
        job.phase in {Phase.WAITING, Phase.SENDING}
        and job.operation is None
        and job.source_asset_id is None
        and job.hold is None
    )
    return (job.estimate or 0.0) + (job.optimize_estimate or 0.0) if is_unsent else 0.0
