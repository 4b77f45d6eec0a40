# SPDX-License-Identifier: GPL-3.0-or-later
"""What has left this computer for a job, and whether anybody knows what became of it. Pure."""

from __future__ import annotations

from ..job import Job, Phase

UNANSWERED = "unanswered"


def is_unanswered(job: Job) -> bool:
    """Was its start never answered, and nothing found of it, so that only a person can say whether
    to pay for it again?
    """
    return job.phase is Phase.PAUSED and job.problem is not None and job.problem.code == UNANSWERED


def is_never_sent(job: Job) -> bool:
    """Is it in line, or was it when its process ended, and nothing that may cost Credits has left
    this computer?
    """
    may_cost = job.source_asset_id is None or bool(job.convert) or job.optimize is not None
    in_line = (
        job.phase in {Phase.WAITING, Phase.SENDING}
        and job.decision is None
        and job.operation is None
    )
    return in_line and may_cost and job.first_sent_at is None
