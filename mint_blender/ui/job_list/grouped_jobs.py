# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of the list of jobs, and which of them are in sight; also what the status bar counts.

There may be hundreds of jobs: they are put into rows once after each change, not at each drawing.
A row keeps its place for as long as its jobs are on the list, and new ones come last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...jobs.presentation import job_groups
from ...jobs.presentation.job_groups import JobGroups, Row, group_jobs
from ...jobs.service import JobService
from .. import heartbeat, session


@dataclass
class _State:
    grouped: JobGroups = field(default_factory=JobGroups)
    rows: tuple[Row, ...] = ()
    """The rows of `grouped` in their places, with those of open batches."""
    kept: tuple[Row, ...] = ()
    """The same without those of open batches."""
    end: int | None = None
    """How many rows there are down to the last one in sight; None before the first look."""
    open_batches: set[str] = field(default_factory=set)
    """The keys of the batches whose jobs have rows of their own."""


def _state() -> _State:
    return session.state(_State)


def grouped() -> JobGroups:
    """Return all jobs in their groups, as `prepare` left them."""
    return _state().grouped


def rows() -> tuple[Row, ...]:
    """Return the rows of the list, as `prepare` left them."""
    return _state().rows


def prepare(service: JobService) -> bool:
    """Put the jobs into rows again if they have changed, and return whether they have."""
    state = _state()
    if not session.is_outdated(_State, service.version):
        return False
    state.grouped = group_jobs(service.jobs(), service.is_active)
    state.kept = job_groups.keep(state.grouped.rows, state.kept)
    state.rows = tuple(_with_members(state.kept, state.open_batches))
    count = len(state.rows)
    state.end = count if state.end is None else min(state.end, count)
    return True


def _with_members(kept: Iterable[Row], opened: set[str]) -> Iterable[Row]:
    for row in kept:
        yield row
        if row.is_batch and row.key in opened:
            yield from (Row(job.id, (job,), is_member=True) for job in row.jobs)


def first(count: int) -> int:
    """Return the place of the first row in sight when so many are."""
    return max(0, (_state().end or 0) - count)


def scroll(by: int, count: int) -> None:
    """Bring the rows so many places further into sight; `count` are in sight."""
    state = _state()
    state.end = min(max(first(count) + by, 0) + count, len(state.rows))


def show_last(service: JobService) -> None:
    """Bring the last row into sight: the user has just started its job."""
    prepare(service)
    _state().end = len(_state().rows)


def batch(key: str) -> Row | None:
    """Return a batch, or None if there is none (any more)."""
    return next((row for row in _state().kept if row.key == key and row.is_batch), None)


def is_open(key: str) -> bool:
    """Return whether the jobs of a batch have rows."""
    return key in _state().open_batches


def toggle(key: str) -> None:
    """Show the jobs of a batch, or show only the batch again."""
    _state().open_batches ^= {key}
    session.make_again(_State)


def check() -> bool:
    """Redraw the panels if the jobs have changed since they were drawn, here or elsewhere."""
    heartbeat.look_sometimes()
    service = session.existing_service()
    if service is not None and prepare(service):
        heartbeat.redraw()
    return False
