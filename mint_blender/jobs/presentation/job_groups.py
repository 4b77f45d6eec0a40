# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the list of jobs, and what the jobs need from the user. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from ..budget.spending import price_of
from ..job import Job, asset_of
from ..job_values import Hold
from ..phases import HAS_RESULT, Phase


class Group(StrEnum):
    """What a job needs from the user now, in the order of urgency."""

    NEEDS_USER = "needs_user"  # continues when the user decides, pays or resumes it
    RUNNING = "running"
    QUEUED = "queued"  # nothing was sent yet
    READY_OR_FAILED = "ready_or_failed"  # has ended, but the user may still act on it
    FINISHED = "finished"
    OTHER_ACCOUNT = "other_account"


MOST_FOLLOWED = 20
"""How many active jobs are followed: all that Mint runs at once, ten models and ten Worlds."""


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
class Row:
    """What one row of the list shows: a job, or jobs that were started together, a batch.

    Attributes:
        key: What the row is known by, whatever becomes of its jobs.
        jobs: In the order of their start.
        is_member: Whether it is one of the jobs of a batch, which have rows below that.
    """

    key: str
    jobs: tuple[Job, ...]
    is_member: bool = False

    @property
    def is_batch(self) -> bool:
        """Whether it stands for several jobs."""
        return len(self.jobs) > 1

    @cached_property
    def counts(self) -> Mapping[Group, int]:
        """The number of jobs in each group."""
        return dict.fromkeys(Group, 0) | Counter(map(group_of, self.jobs))

    @cached_property
    def phases(self) -> Mapping[Phase, int]:
        """The number of jobs in each phase, without those with an unanswered decision."""
        return Counter(job.phase for job in self.jobs if job.decision is None)

    @property
    def ended(self) -> int:
        """The number of jobs that run no more: finished, failed or canceled."""
        return self.counts[Group.READY_OR_FAILED] + self.counts[Group.FINISHED]

    @property
    def finished(self) -> int:
        """The number of results that are here, placed or not."""
        return self.ended - self.phases[Phase.FAILED] - self.phases[Phase.CANCELED]


@dataclass(frozen=True)
class JobGroups:
    """The rows of the list, and how many jobs are active, with and without the queue."""

    rows: tuple[Row, ...] = ()
    active: int = 0
    in_flight: int = 0
    followed: tuple[Job, ...] = ()
    """The first of the active jobs, those in flight before those in the queue."""
    versions: Mapping[str, tuple[Job, ...]] = field(default_factory=dict)
    """By the id of a job: jobs about other versions of its model, which it is shown for."""
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

    The rows are in the order of their start. In the queue the next job to be sent comes first.
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
        rows=tuple(_rows(visible, versions)),
        active=len(in_flight) + len(active[Group.QUEUED]),
        in_flight=len(in_flight),
        followed=(*in_flight, *active[Group.QUEUED])[:MOST_FOLLOWED],
        versions=versions,
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
        elif newer is not None and job.phase in HAS_RESULT and job.decision is None:
            yield job, newer
        elif _is_optimization(job) and not is_canceled:
            newer = job


def _is_optimization(job: Job) -> bool:
    return job.optimize is not None and job.source_asset_id is not None and not job.convert


def _is_version(job: Job) -> bool:
    """Return whether a job is for the model itself in a scene, and its row has nothing to say."""
    is_in_file = job.convert or job.motion or job.delivery.files
    return not is_in_file and job.hold is not Hold.FOREIGN and job.phase is not Phase.FAILED


def _rows(visible: Sequence[Job], versions: Mapping[str, Sequence[Job]]) -> Iterator[Row]:
    """Yield the rows. A newer version of a model is shown in the row of its first job."""
    rows: dict[str, list[tuple[float, str, Job]]] = {}
    for job in visible:
        first = min([job, *versions.get(job.id, ())], key=_start)
        key = batch_key(first) if group_of(job) is not Group.OTHER_ACCOUNT else ""
        rows.setdefault(key or first.id, []).append((*_start(first), job))
    for key, members in sorted(rows.items(), key=lambda item: min(each[:2] for each in item[1])):
        yield Row(key, tuple(job for *_, job in sorted(members, key=lambda each: each[:2])))


def _start(job: Job) -> tuple[float, str]:
    return job.created_at, job.id


def batch_key(job: Job) -> str:
    """Return what the jobs of a batch have in common; empty for a job that is in none."""
    line = job.delivery.line
    return job.delivery.group or (line.rpartition("#")[0] if line else "")


def _unsent_credits(job: Job) -> float:
    is_unsent = (
        job.phase in {Phase.WAITING, Phase.SENDING}
        and job.operation is None
        and (job.source_asset_id is None or job.motion is not None)
        and job.hold is None
    )
    return price_of(job) if is_unsent else 0.0


def keep(rows: Sequence[Row], before: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows with those that were there before in the same order, and new ones last.

    Rows that began before all of those come first: older jobs, which the user wants to see.
    """
    places = {row.key: place for place, row in enumerate(before)}
    known = [_start(row.jobs[0]) for row in rows if row.key in places]

    def place(row: Row) -> int:
        is_older = bool(known) and _start(row.jobs[0]) < min(known)
        return places.get(row.key, -1 if is_older else len(places))

    return tuple(sorted(rows, key=place))
