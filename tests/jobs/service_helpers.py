# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the job service share."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from mint_blender.jobs.job import Job
from mint_blender.jobs.service import JobService, NotPossible
from mint_blender.jobs.storage.journal import Journal
from mint_blender.mint.account import Account
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind

LAMP = GenerationRequest(Kind.MODEL, "a lamp")


def put(home: Path, *jobs: Job) -> list[str]:
    """Store jobs of an earlier session, and return their ids."""
    with closing(Journal(home)) as journal:
        journal.add(*jobs)
    return [job.id for job in jobs]


def ended(job_service: JobService, job: Job) -> Job:
    """Wait until the job stops, and return it."""
    job_service.watch([job.id])
    return job_service.job(job.id)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def refused(click: Callable[[], object]) -> str:
    """Return the message with which a call is refused."""
    with pytest.raises(NotPossible) as caught:
        click()
    return str(caught.value)


def date_now() -> str:
    """Return the Date of an answer, from which Mint's time is read."""
    return format_datetime(datetime.now(UTC), usegmt=True)


def note_owner(home: Path, account: Account) -> None:
    """Note whose key it is, so that nothing but Mint's time is read before a start."""
    with closing(Journal(home)) as journal:
        journal.set_account(account)
        journal.resolve_account("user-1")
