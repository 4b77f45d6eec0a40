# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the places of jobs on the list while somebody is about to click there. Pure."""

from __future__ import annotations

from dataclasses import replace

from ..job import Job
from .job_groups import Group, JobGroup, JobGroups


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
