# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs in their groups, as the panel and the status bar show them.

There may be hundreds of jobs: they are grouped once after each change, not at each drawing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...jobs.job import Job
from ...jobs.phases import Phase
from ...jobs.presentation import kept_places
from ...jobs.presentation.job_groups import Batch, JobGroups, group_jobs
from ...jobs.service import JobService
from .. import heartbeat, session
from . import pointer

MOST_OF_BATCH = 20
"""How many jobs of an open batch have a card or a line of their own; the others are in the list."""


@dataclass
class _State:
    grouped: JobGroups = field(default_factory=JobGroups)
    version: tuple[int, int] | None = None
    """Which version of the list of jobs is grouped here."""
    without_card: dict[str, Job] = field(default_factory=dict)
    """The jobs that are only in the list, by id."""
    is_held: bool = False
    """Whether jobs are shown in earlier places."""
    kept_reviews: frozenset[str] = frozenset()
    """The ids of jobs that have just been decided about."""
    has_settled: bool = False
    """Whether they no longer are, which was not drawn yet."""
    open_batches: set[str] = field(default_factory=set)
    """The keys of the batches whose jobs are shown."""


def _state() -> _State:
    return session.state(_State)


def grouped() -> JobGroups:
    """Return all jobs in their groups, as `prepare` left them."""
    return _state().grouped


def prepare(service: JobService) -> bool:
    """Group the jobs again if the list has changed, and return whether it has.

    As long as the user may be about to click on a card, each keeps its place.
    """
    state, version, is_held = _state(), (id(service), service.version), pointer.may_click()
    state.has_settled |= state.is_held and not is_held
    if state.version == version and (is_held or not state.is_held):
        return False
    state.version = version
    groups = group_jobs(service.jobs(), service.is_active)
    before, state.grouped = state.grouped, groups
    reviewed = {job.id for job in _shown(before) if job.phase is Phase.REVIEW}
    kept = reviewed | state.kept_reviews if is_held else frozenset()
    if is_held:
        state.grouped = kept_places.keep(groups, before)
    state.kept_reviews = frozenset(
        job.id for job in _shown(groups) if job.id in kept and job.phase is not Phase.REVIEW
    )
    state.is_held = state.grouped is not groups or bool(state.kept_reviews)
    folded = [job for part in state.grouped.groups for job in part.folded]
    opened = [batch for batch in _batches() if batch.key in state.open_batches]
    folded += [job for batch in opened for job in batch.jobs[MOST_OF_BATCH:]]
    state.without_card = {job.id: job for job in folded}
    return True


def _shown(groups: JobGroups) -> list[Job]:
    return [job for part in groups.groups for job in part.shown]


def kept_reviews() -> frozenset[str]:
    """Return the ids of jobs whose cards stay as large as when they asked for a decision.

    If one shrank, the button of the next card would move under the pointer.
    """
    return _state().kept_reviews


def _batches() -> list[Batch]:
    return [batch for part in _state().grouped.groups for batch in part.batches]


def batch(key: str) -> Batch | None:
    """Return a batch, or None if there is none (any more)."""
    return next((each for each in _batches() if each.key == key), None)


def is_open(key: str) -> bool:
    """Return whether the jobs of a batch are shown."""
    return key in _state().open_batches


def toggle(key: str) -> None:
    """Show the jobs of a batch, or show only the batch again."""
    state = _state()
    state.open_batches ^= {key}
    state.version = None  # what is in the list depends on it


def settle(_service: JobService) -> bool:
    """Return whether jobs have just moved to where they belong, so that panels are drawn again."""
    state = _state()
    has_settled, state.has_settled = state.has_settled, False
    return has_settled


def is_unsettled(_service: JobService) -> bool:
    """Return whether jobs are kept where they no longer belong, for a moment."""
    return _state().is_held


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
