# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs in their groups, as the panel and the status bar show them.

There may be hundreds of jobs: they are grouped once after each change, not at each drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...jobs.job import Job
from ...jobs.presentation.job_groups import JobGroups, group_jobs
from ...jobs.service import JobService
from .. import heartbeat, session


@dataclass
class _State:
    grouped: JobGroups = field(default_factory=JobGroups)
    version: tuple[int, int] | None = None
    """Which version of the list of jobs is grouped here."""
    without_card: dict[str, Job] = field(default_factory=dict)
    """The jobs that are only in the list, by id."""


def _state() -> _State:
    return session.state(_State)


def grouped() -> JobGroups:
    """Return all jobs in their groups, as `prepare` left them."""
    return _state().grouped


def prepare(service: JobService) -> bool:
    """Group the jobs again if the list has changed, and return whether it has."""
    state, version = _state(), (id(service), service.version)
    if state.version == version:
        return False
    state.version = version
    state.grouped = group_jobs(service.jobs(), service.is_active)
    state.without_card = {job.id: job for part in state.grouped.groups for job in part.folded}
    return True


def without_card() -> dict[str, Job]:
    """Return the jobs beyond the first of each group, by id, as `prepare` left them."""
    return _state().without_card


def check() -> bool:
    """Redraw the panels if the jobs have changed since they were drawn, here or elsewhere."""
    heartbeat.look_sometimes()
    service = session.existing_service()
    if service is not None and prepare(service):
        heartbeat.redraw()
    return False
