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
    seen: dict[str, tuple[float | None, bool]] = field(default_factory=dict)
    """By job id: its cost in Credits, and whether it has ended."""


def catch_up(service: JobService) -> None:
    """Ask for the balance if a job that runs here has another cost or has ended."""
    now = {job.id: _standing(job) for job in service.jobs() if service.is_driven_here(job.id)}
    seen = session.state(_State).seen
    changed = [
        job_id for job_id, standing in now.items() if seen.get(job_id, (None, False)) != standing
    ]
    seen.update(now)
    if changed:
        service.queries.ask(Balance())
        heartbeat.listen()


def left_after(balance: float, price: float) -> float:
    """Return the Credits that a price would leave of the balance.

    Jobs that are not sent yet will be paid from it too, which Mint does not know.
    """
    return balance - price - grouped_jobs.grouped().unsent_credits


def _standing(job: Job) -> tuple[float | None, bool]:
    return job.cost, job.phase in {Phase.CANCELED, Phase.FAILED, Phase.PLACED, Phase.READY}
