# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the displayed balance current: refresh it when a job has reserved or paid Credits.

The available balance excludes what is reserved, so it changes when a job starts, is approved, ends
or is canceled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...jobs.job import Job
from ...jobs.phases import Phase
from ...jobs.queries import Balance
from ...jobs.service import JobService
from .. import heartbeat, session
from ..job_list import grouped_jobs


@dataclass
class _State:
    seen: dict[str, Job] = field(default_factory=dict)
    """The jobs that have run here, as they were at the last call."""


def catch_up(service: JobService) -> None:
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


def left_after(balance: float, price: float) -> float:
    """Return the Credits that a price would leave of the balance.

    Jobs that are not sent yet will be paid from it too, which Mint does not know.
    """
    return balance - price - grouped_jobs.grouped().unsent_credits


def _standing(job: Job | None) -> tuple[float | None, bool]:
    """Return what a job costs in Credits, and whether it has ended; None has cost nothing yet."""
    if job is None:
        return None, False
    return job.cost, job.phase in {Phase.CANCELED, Phase.FAILED, Phase.PLACED, Phase.READY}
