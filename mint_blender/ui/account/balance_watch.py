# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the balance that is shown true: it is read again whenever what a job of ours has reserved
or paid has changed.

What Mint can spend is less what is reserved, so that is at a start, an approval, an end, and after
a cancel.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...jobs.job import Job, Phase
from ...jobs.queries import Balance
from ...jobs.service import JobService
from .. import heartbeat, session


@dataclass
class _State:
    seen: dict[str, tuple[float | None, bool]] = field(default_factory=dict)
    """By job: what it costs, and whether it has come to an end."""


_UNSENT = {Phase.WAITING, Phase.SENDING}


def catch_up(service: JobService) -> None:
    """Ask for the balance if it may have changed; not for what has happened before this Blender was
    there.
    """
    now = {job.id: _standing(job) for job in service.jobs() if service.is_driven_here(job.id)}
    seen = session.state(_State).seen
    changed = [
        job_id for job_id, standing in now.items() if seen.get(job_id, (None, False)) != standing
    ]
    seen.update(now)
    if changed:
        service.queries.ask(Balance())
        heartbeat.listen()


def left_after(service: JobService, balance: float, price: float) -> float:
    """What would be left of the balance: what waits in line will be taken from it too, and Mint
    does not know of that yet.
    """
    return (
        balance
        - price
        - sum(
            (job.estimate or 0.0) + (job.optimize_estimate or 0.0)
            for job in service.jobs()
            if _is_unsent(job)
        )
    )


def _standing(job: Job) -> tuple[float | None, bool]:
    return job.cost, job.phase in {Phase.CANCELED, Phase.FAILED, Phase.PLACED, Phase.READY}


def _is_unsent(job: Job) -> bool:
    return (
        job.phase in _UNSENT and job.operation is None and job.existing is None and job.hold is None
    )
