# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the balance current, and notify when there are enough Credits for a job that waits.

The available balance excludes what is reserved, so it changes when a job starts, is approved, ends
or is canceled. Resuming is left to the user. A timer runs only while a job waits for Credits; it
only asks the worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from ...addon_settings import may_go_online
from ...jobs.job import Job
from ...jobs.phases import Phase
from ...jobs.queries import Balance
from ...jobs.service import JobService
from ...message import Message
from .. import heartbeat, notifications, session
from ..job_list import grouped_jobs
from ..translations import translated

ENOUGH = Message("Enough Credits now. Resume the job.")
EVERY = 30.0  # seconds between two queries of the balance


@dataclass
class _State:
    announced: set[str] = field(default_factory=set)
    """Ids of the jobs that the user was told can be resumed."""
    seen: dict[str, Job] = field(default_factory=dict)
    """The jobs that have run here, as they were when costs were last looked at."""

    def close(self) -> None:
        """Stop the timer."""
        _stop_timer()


def catch_up(service: JobService) -> None:
    """Start or stop the timer, and notify once for each job that can be resumed."""
    announced = session.state(_State).announced
    waiting = _waiting(service)
    if waiting and not bpy.app.background and not bpy.app.timers.is_registered(_look):
        bpy.app.timers.register(_look, first_interval=EVERY, persistent=True)
    if not waiting:
        _stop_timer()
    enough = {job.id: job for job in waiting if missing(service, job) == 0}
    for job_id in enough.keys() - announced:
        notifications.notify(
            translated(Message("Mint: {title}: {state}", title=enough[job_id].title, state=ENOUGH))
        )
    announced.clear()
    announced.update(enough)


def missing(service: JobService, job: Job) -> float | None:
    """Return how many Credits a waiting job lacks; 0 if it can be resumed, None if unknown.

    Only a balance that was read after the job stopped counts.
    """
    return service.budget.missing(job, service.phase_since(job))


def _stop_timer() -> None:
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)


def _waiting(service: JobService) -> list[Job]:
    return [
        job
        for job in service.jobs()
        if job.phase is Phase.BILLING and job.decision is None and job.hold is None
    ]


def _look() -> float | None:
    """Ask for the balance if possible. The timer ends when no job waits any more."""
    service = session.existing_service()
    if service is None or not _waiting(service):
        return None
    if (
        may_go_online()
        and bpy.context.window_manager.windows
        and not service.queries.is_pending(Balance())
    ):
        service.queries.ask(Balance())
        heartbeat.listen()
    return EVERY


def refresh_after_costs(service: JobService) -> None:
    """Ask for the balance if a job that runs here has another cost or has ended."""
    seen = session.state(_State).seen
    changed = [
        (seen.get(job.id), job)
        for job in service.jobs()
        if seen.get(job.id) is not job and service.is_driven_here(job.id)
    ]
    seen.update((job.id, job) for _, job in changed)
    if any(_standing(before) != _standing(job) for before, job in changed):
        service.queries.ask(Balance())
        heartbeat.listen()


def reserved() -> float:
    """Return the Credits that jobs need which are not sent yet: Mint does not know of them."""
    return grouped_jobs.grouped().unsent_credits


def free() -> float | None:
    """Return the available Credits without the reserved ones; None: the balance is unknown."""
    service = session.existing_service()
    balance = service.budget.balance if service is not None else None
    return None if balance is None else balance - reserved()


def _standing(job: Job | None) -> tuple[float | None, bool]:
    """Return what a job costs in Credits, and whether it has ended; None has cost nothing yet."""
    if job is None:
        return None, False
    return job.cost, job.phase in {Phase.CANCELED, Phase.FAILED, Phase.PLACED, Phase.READY}
