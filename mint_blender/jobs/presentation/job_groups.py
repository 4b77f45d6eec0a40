# SPDX-License-Identifier: GPL-3.0-or-later
"""Group jobs by what they need from the user, the most urgent first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..job import Job, asset_of
from ..job_values import Hold
from ..phases import ENDED, Phase


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
    Group.FINISHED: 6,
    Group.OTHER_ACCOUNT: 3,
}
"""How many jobs of each group have a card.

There is room for everything that Mint runs at once: ten models and ten Worlds. A finished job is
only one line.
"""

_SMALLEST_BATCH = 2
_HAS_RESULT = {Phase.READY, Phase.PLACED}

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
class Batch:
    """Jobs that were started together and are shown as one; those that need the user are not in it.

    `counts` are the numbers of jobs in each group, also of those that are not in it.
    """

    key: str
    jobs: tuple[Job, ...]
    counts: Mapping[Group, int]
    ready: int = 0
    failed: int = 0
    canceled: int = 0

    @property
    def total(self) -> int:
        """The number of jobs that were started together and are still on the list."""
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        """The number of results that are here, placed or not."""
        ended = self.counts[Group.READY_OR_FAILED] + self.counts[Group.FINISHED]
        return ended - self.failed - self.canceled

    @property
    def group(self) -> Group:
        """The group of its most urgent job."""
        return group_of(self.jobs[0])


@dataclass(frozen=True)
class JobGroup:
    """The jobs of a group: those that have a card, those that are only listed, and batches."""

    group: Group
    shown: tuple[Job, ...]
    folded: tuple[Job, ...] = ()
    batches: tuple[Batch, ...] = ()


@dataclass(frozen=True)
class JobGroups:
    """All groups that are not empty, and how many jobs are active, with and without the queue."""

    groups: tuple[JobGroup, ...] = ()
    active: int = 0
    in_flight: int = 0
    followed: tuple[Job, ...] = ()
    """The first of the active jobs, those in flight before those in the queue."""
    versions: Mapping[str, tuple[Job, ...]] = field(default_factory=dict)
    """By the id of a job: jobs about other versions of its model, which it is shown for."""
    ended: int = 0
    """How many jobs need nothing any more and can be dismissed together."""
    unsent_credits: float = 0.0
    """What the jobs that are not sent yet will cost: Mint's balance does not know of them."""
    previews: tuple[Job, ...] = ()
    """The jobs whose Preview waits for a decision, newest first."""


def group_of(job: Job) -> Group:
    """Return the group of a job. With an unanswered decision it counts as running."""
    if job.hold is Hold.FOREIGN:
        return Group.OTHER_ACCOUNT
    return Group.RUNNING if job.decision is not None else _GROUPS.get(job.phase, Group.RUNNING)


def group_jobs(jobs: Iterable[Job], is_active: Callable[[str], bool]) -> JobGroups:
    """Group the jobs, which are given newest first.

    In the queue the order is reversed: the next job to be sent comes first.
    """
    visible, versions = merge_versions(list(jobs))
    found: dict[Group, list[Job]] = {group: [] for group in Group}
    for job in visible:
        found[group_of(job)].append(job)
    found[Group.QUEUED].sort(key=lambda job: (job.created_at, job.id))
    active = {
        group: [job for job in members if is_active(job.id)] for group, members in found.items()
    }
    in_flight = [job for group in Group if group is not Group.QUEUED for job in active[group]]
    unsent = sum(map(_unsent_credits, [*found[Group.RUNNING], *found[Group.QUEUED]]))
    return JobGroups(
        groups=tuple(_with_batches(found)),
        active=len(in_flight) + len(active[Group.QUEUED]),
        in_flight=len(in_flight),
        followed=(*in_flight, *active[Group.QUEUED])[: CARDS[Group.RUNNING]],
        versions=versions,
        ended=sum(
            job.phase in ENDED
            for group in (Group.READY_OR_FAILED, Group.FINISHED)
            for job in found[group]
        ),
        unsent_credits=unsent,
        previews=tuple(
            job for job in found[Group.NEEDS_USER] if job.phase is Phase.REVIEW and job.hold is None
        ),
    )


def merge_versions(jobs: Sequence[Job]) -> tuple[list[Job], dict[str, tuple[Job, ...]]]:
    """Return the jobs, newest first, without those of a model that has a job for a newer version.

    Also returns these, by the id of the job that is shown for them. An optimization is shown for
    the job whose result it replaces; if it was canceled, that job is shown for it.
    """
    assets = {job.source_asset_id for job in jobs if _is_optimization(job)}
    about: dict[str, list[Job]] = {}
    for job in jobs if assets else ():
        asset_id = asset_of(job)
        if asset_id in assets and asset_id is not None and _is_version(job):
            about.setdefault(asset_id, []).append(job)
    versions: dict[str, tuple[Job, ...]] = {}
    for members in about.values():
        for job, shown in _hidden_versions(members):
            versions[shown.id] = (*versions.get(shown.id, ()), job)
    hidden = {job.id for others in versions.values() for job in others}
    return [job for job in jobs if job.id not in hidden], versions


def _hidden_versions(members: Sequence[Job]) -> Iterator[tuple[Job, Job]]:
    """Yield each job of a model, given newest first, that is not shown, and the one that is."""
    newer: Job | None = None
    alive = next((job for job in members if job.phase is not Phase.CANCELED), None)
    for job in members:
        is_canceled = job.phase is Phase.CANCELED
        if is_canceled and _is_optimization(job) and alive is not None:
            yield job, newer or alive
        elif newer is not None and job.phase in _HAS_RESULT and job.decision is None:
            yield job, newer
        elif _is_optimization(job) and not is_canceled:
            newer = job


def _is_optimization(job: Job) -> bool:
    return job.optimize is not None and job.source_asset_id is not None and not job.convert


def _is_version(job: Job) -> bool:
    """Return whether a job is for the model itself in a scene, and its card has nothing to say."""
    is_in_file = job.convert or job.delivery.output or job.delivery.render
    return not is_in_file and job.hold is not Hold.FOREIGN and job.phase is not Phase.FAILED


def _with_batches(found: Mapping[Group, Sequence[Job]]) -> Iterator[JobGroup]:
    """Yield the groups that are not empty. A batch is in that of its most urgent job."""
    batches = _batches(found)
    in_batch = {job.id for batch in batches for job in batch.jobs}
    for group, members in found.items():
        single = [job for job in members if job.id not in in_batch]
        here = tuple(batch for batch in batches if batch.group is group)
        if single or here:
            most = CARDS[group]
            yield JobGroup(group, tuple(single[:most]), tuple(single[most:]), here)


def _batches(found: Mapping[Group, Sequence[Job]]) -> list[Batch]:
    """Return the batches with at least two jobs that need nothing from the user."""
    members: dict[str, list[Job]] = {}
    for group in Group:
        for job in found[group] if group is not Group.OTHER_ACCOUNT else ():
            if key := batch_key(job):
                members.setdefault(key, []).append(job)
    return [
        batch
        for key, jobs in members.items()
        if len((batch := _batch(key, jobs)).jobs) >= _SMALLEST_BATCH
    ]


def _batch(key: str, members: Sequence[Job]) -> Batch:
    counts = dict.fromkeys(Group, 0) | Counter(map(group_of, members))
    phases = Counter(job.phase for job in members if job.decision is None)
    return Batch(
        key,
        tuple(job for job in members if group_of(job) is not Group.NEEDS_USER),
        counts,
        phases[Phase.READY],
        phases[Phase.FAILED],
        phases[Phase.CANCELED],
    )


def batch_key(job: Job) -> str:
    """Return what the jobs of a batch have in common; empty for a job that is in none."""
    line = job.delivery.line
    return job.delivery.group or (line.rpartition("#")[0] if line else "")


def _unsent_credits(job: Job) -> float:
    is_unsent = (
        job.phase in {Phase.WAITING, Phase.SENDING}
        and job.operation is None
        and job.source_asset_id is None
        and job.hold is None
    )
    return (job.estimate or 0.0) + (job.optimize_estimate or 0.0) if is_unsent else 0.0


def keep(groups: JobGroups, before: JobGroups) -> JobGroups:
    """Return the groups with each job in the place that it had before.

    Jobs that were not shown before are where they belong, above the others of their group if they
    are newer. Returns `groups` itself if all jobs have kept their places.
    """
    places = {job.id: part.group for part in before.groups for job in part.shown}
    shown: dict[Group, list[Job]] = {group: [] for group in Group}
    now = {job.id: job for part in groups.groups for job in part.shown}
    for part in groups.groups:
        shown[part.group] += [job for job in part.shown if job.id not in places]
    for part in before.groups:
        shown[part.group] += [now[job.id] for job in part.shown if job.id in now]
    known = {part.group: part for part in groups.groups}
    kept = tuple(
        replace(known.get(group, JobGroup(group, ())), shown=tuple(jobs))
        for group, jobs in shown.items()
        if jobs or group in known
    )
    return groups if _order(kept) == _order(groups.groups) else replace(groups, groups=kept)


def _order(groups: tuple[JobGroup, ...]) -> list[str]:
    return [job.id for part in groups for job in part.shown]
