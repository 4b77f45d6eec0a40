# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit statuses, as promised to scripts, and which trouble leads to which."""

from __future__ import annotations

from enum import IntEnum

from ..jobs.job import Cause, Job, Phase
from ..mint import errors


class Exit(IntEnum):
    """What the shell gets."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    KEY = 3
    CREDITS = 4
    UNREACHABLE = 5
    PREVIEW = 6
    IMPORT = 7
    INTERRUPTED = 130


_BY_CAUSE = {
    Cause.KEY: Exit.KEY,
    Cause.CREDITS: Exit.CREDITS,
    Cause.UNREACHABLE: Exit.UNREACHABLE,
    Cause.PATIENCE: Exit.UNREACHABLE,
    Cause.FILE: Exit.UNREACHABLE,
}


def of_job(job: Job) -> Exit:
    """The status of a job that rests."""
    if job.phase in {Phase.READY, Phase.PLACED}:
        return Exit.DONE
    if job.phase is Phase.REVIEW:
        return Exit.PREVIEW
    if job.phase is Phase.BILLING:
        return Exit.CREDITS
    if job.phase is Phase.PAUSED and job.trouble is not None:
        return _BY_CAUSE.get(job.trouble.cause, Exit.FAILED)
    return Exit.FAILED


def of_error(error: errors.MintError) -> Exit:
    """The status of a call that failed."""
    if isinstance(error, errors.KeyMissing | errors.KeyRefused):
        return Exit.KEY
    if isinstance(error, errors.CreditsNeeded):
        return Exit.CREDITS
    if error.retryable or isinstance(error, errors.Unreachable | errors.BadAnswer):
        return Exit.UNREACHABLE
    return Exit.FAILED
